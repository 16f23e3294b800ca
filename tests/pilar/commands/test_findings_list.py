"""`pilar findings list`: by the agency that answers for them, in words, with what is stated and what is against it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.records import FoundNow
from ledger.store import Ledger
from pilar.commands.findings import WORDS
from pilar.evaluation.findings import SEVERITIES
from tests.pilar.conftest import Type

pytestmark = pytest.mark.integration


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    return tmp_path / "sources"


def finding(name: str, owner: str | None, rule: str, **told: str) -> FoundNow:
    blank = dict.fromkeys(FoundNow.TOLD, None)
    return FoundNow(name, "look", {**blank, "owner": owner, "rule": rule, "severity": SEVERITIES[rule], **told})


CLAIM = finding(
    "aaaa", "bappeda", "claim_contradicted", region_code="64.02", period="2023", subject="eco_poverty_p0",
    field="answer", published="0%-5%", recomputed="7.99", against="BPS 2021",
)  # fmt: skip
JUMP = finding("bbbb", "dlh", "jump", region_code="64.02", period="2021", published="83.30")
NOBODYS = finding("cccc", None, "unchanged", region_code="64.07")


def publish(ledger: Ledger, *found: FoundNow, looked: Sequence[str] = ("look",)) -> None:
    evaluation = ledger.evaluation(ledger.start_evaluation([]))
    assert evaluation is not None
    ledger.record_findings(evaluation, found, looked)


def lines(said: str) -> list[str]:
    return [" ".join(line.split()) for line in said.splitlines()]


def test_findings_stand_below_the_agency_that_answers_for_them(typed: Type, ledger: Ledger) -> None:
    publish(ledger, CLAIM, JUMP, NOBODYS)
    said = lines(typed("findings", "list"))
    heads = [line for line in said if line.endswith(" doubts")]
    assert heads == [
        "Bappeda: 1 contradictions, 0 doubts",
        "DLH: 0 contradictions, 1 doubts",
        "no agency is known: 0 contradictions, 1 doubts",
    ]
    [claim] = [line for line in said if line.startswith("aaaa")]
    assert claim.endswith(f"{WORDS['claim_contradicted']} 64.02 2023 eco_poverty_p0 answer 0%-5% 7.99 BPS 2021")
    assert said[-1] == "The agency mends its data; a finding closes itself when a publication no longer finds it."


def test_one_agencys_and_all_fields_for_programs(typed: Type, ledger: Ledger) -> None:
    publish(ledger, CLAIM, JUMP)
    assert "DLH" not in typed("findings", "list", "--owner", "bappeda")
    [row] = json.loads(typed("findings", "list", "--owner", "dlh", "--json"))["findings"]
    assert (row["finding_id"], row["rule"], row["state"], row["published"]) == ("bbbb", "jump", "open", "83.30")


def test_what_healed_is_told_apart_and_what_came_back_says_so(typed: Type, ledger: Ledger) -> None:
    assert "Nothing was found" in typed("findings", "list")
    assert "No finding has closed yet." in typed("findings", "list", "--closed")
    publish(ledger, CLAIM, JUMP)
    publish(ledger, JUMP)
    assert "aaaa" not in typed("findings", "list")
    closed = typed("findings", "list", "--closed")
    assert "aaaa" in closed
    assert "bbbb" not in closed
    publish(ledger, CLAIM, JUMP)
    [claim] = [line for line in lines(typed("findings", "list")) if line.startswith("aaaa")]
    assert ", again" in claim
    assert "No finding has closed yet." in typed("findings", "list", "--closed")


def test_every_rule_that_is_told_has_words() -> None:
    assert set(WORDS) == {rule for rule, severity in SEVERITIES.items() if severity != "note"}
