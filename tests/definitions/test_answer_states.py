"""Who may move an answer from where to where, and when a stage is open for it."""

from datetime import date
from pathlib import Path

import pytest

from definitions.answer_states import ROLES, STATES, TABLE, closed, read_windows, refusal
from ledger.errors import ConfigError

STAGES = """
stages:
  - {stage: Mandiri, instrument: pemdi-2026, year: 2026, opens: 2026-04-01, closes: 2026-05-15,
     allows: [draft, submitted]}
  - {stage: Dokumen, instrument: pemdi-2026, year: 2026, opens: 2026-05-16, closes: 2026-06-30,
     allows: [returned, verified]}
"""


@pytest.mark.parametrize(
    ("start", "to", "role", "given", "why"),
    [
        (None, "submitted", "opd", {}, ""),
        ("submitted", "returned", "internal", {"reason": "wrong"}, ""),
        ("submitted", "returned", "internal", {}, "needs a reason"),
        ("submitted", "returned", "internal", {"reason": "ugly"}, "needs a reason"),
        ("submitted", "verified", "internal", {"reason": "wrong"}, "only a returned answer has a reason"),
        ("submitted", "verified", "opd", {}, "only internal may make it verified"),
        ("submitted", "assessed", "external", {}, "it can become submitted or returned or verified"),
        ("assessed", "objected", "opd", {"note": " "}, "needs a note"),
        ("objected", "assessed", "interview", {"note": "sesuai berita acara"}, ""),
        ("objected", "final", "final", {}, "cannot become final"),
        ("final", "assessed", "external", {}, "nothing else"),
        ("verified", "final", "final", {}, "cannot become final"),
        (None, "approved", "opd", {}, "there is no state 'approved'"),
        (None, "submitted", "mayor", {}, "there is no role 'mayor'"),
    ],
)
def test_a_move_is_allowed_or_refused_in_one_line(
    start: str | None, to: str, role: str, given: dict[str, str], why: str
) -> None:
    found = refusal(start, to, role, **given)
    assert (why in found) if why else found == ""
    assert "\n" not in found


def test_only_an_assessed_answer_becomes_final_and_a_final_one_stays() -> None:
    assert {line.start for line in TABLE if line.to == "final"} == {"assessed"}
    assert not [line for line in TABLE if line.start == "final"]
    assert {line.to for line in TABLE} == {*STATES}
    assert {line.role for line in TABLE} == {*ROLES}


@pytest.mark.parametrize(
    ("year", "to", "day", "why"),
    [
        (2026, "submitted", date(2026, 4, 1), ""),
        (2026, "submitted", date(2026, 5, 15), ""),
        (2026, "submitted", date(2026, 5, 16), "no stage is open that makes an answer submitted: Mandiri (2026-04-01"),
        (2026, "verified", date(2026, 5, 15), "no stage is open"),
        (2026, "final", date(2026, 5, 20), "no stage of pemdi-2026 2026 makes an answer final"),
        (2025, "final", date(2026, 5, 20), ""),
    ],
)
def test_a_window_is_open_on_its_first_and_last_day(tmp_path: Path, year: int, to: str, day: date, why: str) -> None:
    (tmp_path / "stages.yaml").write_text(STAGES)
    found = closed(read_windows(tmp_path), "pemdi-2026", year, to, day)
    assert (why in found) if why else found == ""


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("closes: 2026-05-15", "closes: 2026-03-01", "closes before it opens"),
        ("instrument: pemdi-2026", "instrument: pemdi-2027", "no instrument"),
        ("allows: [draft, submitted]", "allows: [sent]", "stages.0.allows"),
    ],
)
def test_a_wrong_window_is_told(tmp_path: Path, before: str, after: str, what: str) -> None:
    (tmp_path / "stages.yaml").write_text(STAGES.replace(before, after, 1))
    with pytest.raises(ConfigError, match=r"stages\.yaml") as error:
        read_windows(tmp_path)
    assert what in str(error.value)


def test_without_a_file_every_day_is_open(tmp_path: Path) -> None:
    assert read_windows(tmp_path) == ()
