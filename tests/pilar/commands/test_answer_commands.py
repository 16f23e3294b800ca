"""`pilar answer`, as it is typed: one move at a time, and what every role says side by side."""

import json
from pathlib import Path

import pytest

from ledger.errors import ConfigError, NoPublicationError, PublicationError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.warehouse import opened
from publication.tables import DUCKDB_FILE
from tests.pilar.conftest import Type

pytestmark = pytest.mark.integration

PLACE = ("64.02", "I8", "--instrument", "pemdi-2026", "--year", "2026")
WHO = ("--who", "kantor-1")


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    return tmp_path


def course(typed: Type) -> None:
    typed("answer", "submit", *PLACE, *WHO, "--value", "4")
    typed("answer", "return", *PLACE, *WHO, "--reason", "wrong", "--note", "SK tahun lalu")
    typed("answer", "submit", *PLACE, *WHO, "--value", "5")
    typed("answer", "verify", *PLACE, *WHO, "--value", "4")
    typed("answer", "assess", *PLACE, *WHO, "--value", "3", "--assessor", "1")
    typed("answer", "assess", *PLACE, *WHO, "--value", "2", "--assessor", "2")
    typed("answer", "object", *PLACE, *WHO, "--note", "bukti tingkat 3 ada")
    typed("answer", "assess", *PLACE, *WHO, "--role", "interview", "--value", "3", "--note", "berita acara")


def test_a_whole_course_and_every_roles_value_beside_the_others(typed: Type, ledger: Ledger) -> None:
    course(typed)
    printed = typed("answer", "finalise", *PLACE, *WHO, "--value", "3")
    assert "assessed -> final" in printed
    shown = json.loads(typed("answer", "show", *PLACE, "--json"))
    assert shown["state"] == "final"
    assert [(row["who"], row["value"], row["before"]) for row in shown["roles"]] == [
        ("opd", "5", "4"),
        ("internal", "4", ""),
        ("external 1", "3", ""),
        ("external 2", "2", ""),
        ("interview", "3", ""),
        ("final", "3", ""),
    ]
    assert len(shown["history"]) == 9
    assert "submitted -> returned" in typed("answer", "show", *PLACE)
    assert typed("verify").count("what was done with answers") == 1


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("finalise", *PLACE, *WHO), "nobody has begun it"),
        (("submit", "64.02", "I99", *PLACE[2:], *WHO), "there is no question"),
        (("submit", "64.02", "I8", "--instrument", "pemdi-2030", "--year", "2026", *WHO), "there is no instrument"),
        (("submit", *PLACE, "--who", "Budi Santoso"), "no account or office"),
        (("submit", *PLACE, "--who", "3573010101900001"), "no account or office"),
    ],
)
def test_what_may_not_be_is_refused_in_one_line(typed: Type, words: tuple[str, ...], what: str) -> None:
    with pytest.raises(ConfigError, match=what) as error:
        typed("answer", *words)
    assert "\n" not in str(error.value)


def test_outside_its_stage_nothing_is_moved(typed: Type, settings: Settings, ledger: Ledger) -> None:
    (settings.home / "stages.yaml").write_text(
        "stages:\n- {stage: Mandiri, instrument: pemdi-2026, year: 2026, opens: 2020-01-01, closes: 2020-02-01, "
        "allows: [submitted]}\n"
    )
    with pytest.raises(ConfigError, match="no stage is open that makes an answer submitted: Mandiri"):
        typed("answer", "submit", *PLACE, *WHO)
    assert ledger.transitions() == []


def test_readiness_is_told_by_agency_as_of_the_current_publication(typed: Type, settings: Settings) -> None:
    with pytest.raises(NoPublicationError):
        typed("readiness")
    folder = settings.published_dir / "20260101T000000000Z-00000000"
    folder.mkdir(parents=True)
    (settings.published_dir / "current").symlink_to(folder.name)
    place = {"region_system": "kemendagri", "region_code": "64.02", "region_name": "Kutai Kartanegara", "year": 2026}
    counts = {"answered": True, "evidence": 1, "evidence_good": 0, "findings": 0, "synthetic": False, "text": "x"}
    rows = [
        {**place, **counts, "instrument_id": instrument, "question": code, "printed_code": code, "owner": owner,
         "lacks": lacks, "ready": lacks is None}
        for instrument, code, owner, lacks in (
            ("pemdi-2026", "I1", "diskominfo", None),
            ("pemdi-2026", "I2", "diskominfo", "fresh_evidence"),
            ("pemdi-2026", "I5", "diskominfo", "waiting"),
            ("sakip-2021", "1a", "bappeda", "answer"),
        )
    ]  # fmt: skip
    with opened(folder / DUCKDB_FILE) as connection:
        connection.execute("create table nothing (here integer)")
    with pytest.raises(PublicationError, match="an earlier version of Pilar made this publication"):
        typed("readiness")
    with opened(folder / DUCKDB_FILE) as connection:
        write_rows(connection, "scores", "readiness", rows)
    told = typed("readiness", "64.02", "--instrument", "pemdi-2026")
    assert "1 of 2 ready; 1 no evidence that is valid and fresh; 1 wait for another body's index" in told
    assert "sakip" not in told
    assert "0 of 1 ready; 1 not answered" in typed("readiness", "--owner", "bappeda")
    assert "Nothing to be ready for" in typed("readiness", "35.07")
