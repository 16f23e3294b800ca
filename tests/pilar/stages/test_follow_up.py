"""The follow-up register: drawn from publication and findings, moved by people, frozen with its stage."""

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest

from definitions.stage import Stage, named
from ledger import decision_store
from ledger.errors import ConfigError
from ledger.records import FoundNow
from pilar.evaluation.publish import find
from pilar.stages.follow_up import Recommendation, draw, move, open_drawn, own, register, verify
from pilar.stages.freeze import freeze
from publication import pointer
from tests.connectors.dying import Killed, dying
from tests.pilar.stages.conftest import INSTRUMENT, House

pytestmark = pytest.mark.integration

FIRST = Stage(INSTRUMENT, 2023, "I")
TOLD = {
    "rule": "claim_contradicted",
    "severity": "contradiction",
    "owner": "bps",
    "source_id": "diskominfo_jawaban",
    "region_code": "64.02",
    "period": "2023",
    "subject": "eco_poverty_p0",
    "field": "answer",
    "published": "0-5%",
    "recomputed": "7.99",
    "against": "bps_indikator 2021",
}


def found(house: House, *findings: str, **told: str | None) -> None:
    """A publication finds exactly these."""
    evaluation = house.ledger.last_evaluation()
    assert evaluation is not None
    rows = [FoundNow(name, "answers", {**TOLD, **told}) for name in findings]
    house.ledger.record_findings(evaluation, rows, ["answers"])


def drawn(house: House, stage: Stage = FIRST) -> dict[tuple[str, str], Recommendation]:
    publication = pointer.resolve(house.settings.published_dir)
    return {(one.region_code, one.about): one for one in draw(publication, house.ledger.findings(), stage)}


def opened(house: House) -> None:
    open_drawn(house.ledger, list(drawn(house).values()), actor="walidata", due=date(2026, 12, 31))


def listed(house: House) -> dict[tuple[str, str], Recommendation]:
    return {(one.region_code, one.about): one for one in register(house.ledger.decisions("follow_up"))}


def test_every_question_is_asked_for_once_by_what_is_wrong_with_it(house: House) -> None:
    found(house, "f1")
    asked = drawn(house)
    kinds = Counter(one.kind for one in asked.values())
    assert kinds["refused"] == 2
    assert kinds["finding"] == 1
    assert min(kinds["no_figure"], kinds["unanswered"], kinds["gap"]) > 0
    ipm = asked["35.07", "outcome/13"]
    assert (ipm.kind, ipm.priority) == ("gap", "low")
    assert "skor 3,00 dari 4,00" in ipm.text_id
    assert "score 3.00 of 4.00" in ipm.text_en
    finding = asked["64.02", "finding f1"]
    assert (finding.owner, finding.priority) == ("bps", "high")
    assert "jawaban OPD bertentangan dengan angka resmi" in finding.text_id
    missing = asked["35.07", "outcome/16"]
    assert (missing.kind, missing.owner) == ("no_figure", "dinas_kesehatan")


@pytest.mark.parametrize(
    ("told", "there"),
    [
        ({}, True),
        ({"severity": "doubt"}, True),
        ({"subject": "kode_rekening 5.1"}, True),
        ({"subject": "liv_antenatal_k1"}, False),
        ({"region_code": "35.73"}, False),
        ({"region_code": None}, False),
        ({"rule": "a_rule_of_an_earlier_version"}, True),
    ],
)
def test_findings_of_the_instrument_and_the_regions_are_drawn(house: House, told: dict[str, Any], there: bool) -> None:
    found(house, "f1", **told)
    own = [one for one in drawn(house).values() if one.kind == "finding"]
    assert len(own) == there
    if told.get("severity") == "doubt":
        assert own[0].priority == "low"


def test_opening_again_changes_nothing(house: House) -> None:
    opened(house)
    before = house.ledger.decisions()
    again = open_drawn(house.ledger, list(drawn(house).values()), actor="somebody", due=None)
    assert again == ([], [])
    assert house.ledger.decisions() == before
    assert all(one.due == "2026-12-31" and one.state == "open" for one in listed(house).values())


def test_an_agency_does_it_another_one_verifies_it_and_the_register_remembers(house: House) -> None:
    found(house, "f1")
    opened(house)
    name = listed(house)["64.02", "finding f1"].id
    move(house.ledger, name[:6], "start", actor="bps")
    move(house.ledger, name, "done", actor="bps", reason="jawaban diperbaiki")
    with pytest.raises(ConfigError, match="somebody else than bps"):
        verify(house.ledger, find(house.settings, None), name, actor="bps", reason="benar")
    with pytest.raises(ConfigError, match="still asks for it"):
        verify(house.ledger, find(house.settings, None), name, actor="inspektorat")
    house.publish()
    found(house)  # the data healed
    assert verify(house.ledger, find(house.settings, None), name, actor="inspektorat").state == "verified"
    course = [(link.told["state"], link.told["actor"]) for link in house.ledger.decisions("follow_up", name)]
    assert course == [("open", "walidata"), ("in_progress", "bps"), ("done", "bps"), ("verified", "inspektorat")]


def test_what_was_verified_opens_again_when_it_is_found_again_and_what_was_dropped_does_not(house: House) -> None:
    found(house, "f1", "f2")
    opened(house)
    by_about = {about: one.id for (_, about), one in listed(house).items()}
    move(house.ledger, by_about["finding f1"], "done", actor="bps", reason="selesai")
    verify(house.ledger, find(house.settings, None), by_about["finding f1"], actor="inspektorat", reason="dilihat")
    move(house.ledger, by_about["finding f2"], "drop", actor="walidata", reason="di luar kewenangan")
    new, again = open_drawn(house.ledger, list(drawn(house).values()), actor="walidata", due=None)
    assert (list(new), [one.about for one in again]) == ([], ["finding f1"])
    states = {about: one.state for (_, about), one in listed(house).items()}
    assert (states["finding f1"], states["finding f2"]) == ("open", "dropped")


def test_owner_and_day_may_change_and_the_state_stays(house: House) -> None:
    opened(house)
    one = listed(house)["35.07", "outcome/13"]
    after = move(house.ledger, one.id, "set", actor="walidata", changes={"owner": "bappeda", "due": "2027-01-31"})
    assert (after.state, after.owner, after.due, after.priority) == ("open", "bappeda", "2027-01-31", "low")


def test_p6_a_persons_number_in_somebodys_words_is_masked(house: House) -> None:
    one = own(FIRST, "35.07", "Hubungi 3507011212900001", owner=None, priority="low")
    open_drawn(house.ledger, [one], actor="walidata", due=None)
    move(house.ledger, one.id, "done", actor="bps", reason="sudah, 3507011212900001")
    assert not any("3507011212900001" in link.body for link in house.ledger.decisions())


@pytest.mark.parametrize("name", ["", "0", "nothing"])
def test_p10_a_name_that_is_not_one_is_refused(house: House, name: str) -> None:
    opened(house)
    with pytest.raises(ConfigError, match=r"no recommendation|recommendations have ids"):
        move(house.ledger, name, "start", actor="a")


def test_p2_killed_while_opening_there_is_all_or_nothing(house: House) -> None:
    with dying(decision_store, "link_hash", 20, after=True), pytest.raises(Killed):
        opened(house)
    assert house.ledger.decisions() == []
    opened(house)
    assert len(house.ledger.decisions()) == len(drawn(house))


def test_a_frozen_stage_has_the_register_as_it_was(house: House) -> None:
    opened(house)
    one = listed(house)["35.07", "outcome/13"]
    move(house.ledger, one.id, "start", actor="bps")
    made = freeze(house.ledger, house.settings, INSTRUMENT, "I", who="walidata")
    kept = (made.folder / "follow-up.json").read_bytes()
    told = {row["id"]: row for row in json.loads(kept)}
    assert told[one.id]["state"] == "in_progress"
    assert len(told) == len(listed(house))
    move(house.ledger, one.id, "done", actor="bps", reason="selesai")
    made.folder.rename(house.settings.home / "lost")
    again = freeze(house.ledger, house.settings, INSTRUMENT, "I", who="walidata")
    assert again.became == "made again"
    assert (again.folder / "follow-up.json").read_bytes() == kept
    second = freeze(house.ledger, house.settings, INSTRUMENT, "II", who="walidata")
    assert not (second.folder / "follow-up.json").exists()


def test_another_stage_has_recommendations_of_its_own(house: House) -> None:
    first = {one.id for one in drawn(house).values()}
    other = {one.id for one in drawn(house, named("pemdi-2026", "I")).values()}
    second = {one.id for one in drawn(house, Stage(INSTRUMENT, 2023, "II")).values()}
    assert not first & other
    assert not first & second
