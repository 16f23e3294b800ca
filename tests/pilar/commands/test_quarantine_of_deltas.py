"""`pilar quarantine` of sources that bring only what is new, as a person types it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.source.source import Source
from connectors.source.source_files import load_source
from ledger.errors import PilarError
from ledger.settings import Settings
from ledger.store import Ledger
from ledger.wording import day
from pilar.sources.quarantine import refused
from tests.connectors.deltas import COLUMNS, make, pulled
from tests.connectors.landing.conftest import page_of
from tests.connectors.pulling import NIK, page, pull_pages
from tests.connectors.source.test_proof import GOOD
from tests.pilar.conftest import Type

DELTAS: dict[str, Any] = {
    "load": {"incremental": {"cursor": "diubah", "overlap": "7d", "start": "2020-01-01"}},
    "args": {"path": "/x", "params": {"sejak": "{cursor}"}},
    "for_each": [],
    "coverage": {"grain": "all"},
    "assertions": GOOD["assertions"] | {"quarantine": {"max": "50%"}},
}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The folder of one source file."""
    folder = tmp_path / "sources" / "dinas_contoh"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def sources_dir(sources: Path) -> Path:
    """Where commands look for source files."""
    return sources.parent


def write_deltas(folder: Path, highest: int) -> Source:
    columns = {
        "id": {"required": True},
        "nik": {"personal": "pseudonym", "kind": "nik"},
        "diubah": {"type": "date", "required": True},
        "n": {"type": "integer", "max": highest},
    }
    content = GOOD | DELTAS | {"contract": {"key": ["id"], "columns": columns}}
    (folder / "contoh.yaml").write_text(yaml.safe_dump(content))
    return load_source(folder / "contoh.yaml")


@pytest.fixture
def deltas(sources: Path, ledger: Ledger, settings: Settings) -> list[str]:
    """A first pull and two deltas; each delta has a row over the bound, and the second one that of the first again."""
    source, found = write_deltas(sources, 9), []
    bad = [
        {"id": f"bad{nth}", "nik": f"99640201012300{nth:02d}", "diubah": f"2024-03-1{nth}", "n": 5000} for nth in (1, 2)
    ]
    good = [{"id": f"r{nth}", "nik": NIK, "diubah": "2024-03-10", "n": nth} for nth in range(8)]
    for rows in (good[:4], [*good[4:6], bad[0]], [*good[4:], *bad]):
        found.append(pull_pages(source, [page(0, rows)], ledger, settings).batches[0].batch_id)
    return found


def test_p10_a_source_of_deltas_is_pulled_and_not_replayed(
    typed: Type, deltas: list[str], sources: Path, ledger: Ledger
) -> None:
    write_deltas(sources, 9999)
    for target in ("contoh", deltas[1]):
        with pytest.raises(PilarError, match=r"incremental source are not replayed .*pilar pull contoh") as caught:
            typed("quarantine", "replay", target)
        assert "\n" not in str(caught.value)
    assert [batch.batch_id for batch in ledger.in_force("contoh")] == deltas
    assert "mend and pull" in typed("quarantine", "list")


def test_a_row_that_comes_again_with_the_overlap_is_asked_about_once(
    typed: Type, deltas: list[str], ledger: Ledger
) -> None:
    shown = " ".join(typed("quarantine", "list").split())
    today = day(ledger.now())
    assert f"2 max n: open since {today}, came 2 times, last {today}; ask the agency" in shown
    assert deltas[1] not in shown
    everything = " ".join(typed("quarantine", "list", "--all").split())
    assert f"1 max n: repeated since {today}; nothing: {deltas[2]} holds them" in everything
    # Each batch goes on counting what it refused.
    assert [batch.rows_quarantined for batch in ledger.in_force("contoh")] == [0, 1, 2]
    first, last = (typed("quarantine", "show", batch_id) for batch_id in deltas[1:])
    assert "again later" in first
    assert f"Rows that came again later: pilar quarantine show {deltas[2]}" in first
    assert last.count(f"2x since {today}") == 1


def test_p1_a_row_that_came_again_waits_where_it_came_last(
    typed: Type, deltas: list[str], sources: Path, ledger: Ledger, settings: Settings
) -> None:
    """What was dismissed in one batch does not hide what the other has; what was landed since waits in none."""
    typed("quarantine", "dismiss", deltas[2], "--row", "4", "--why", "x", "--who", "ani")
    assert "1 of 2 max n" in " ".join(typed("quarantine", "list").split())
    source = write_deltas(sources, 9999)
    bad = [{"id": f"bad{nth}", "nik": NIK, "diubah": f"2024-03-1{nth}", "n": 5000} for nth in (1, 2)]
    good = [{"id": f"r{nth}", "nik": NIK, "diubah": "2024-03-10", "n": nth} for nth in range(8)]
    [whole] = pull_pages(source, [page(0, [*good, *bad])], ledger, settings).batches
    assert "No row waits" in typed("quarantine", "list")
    everything = " ".join(typed("quarantine", "list", "--all").split())
    assert f"nothing: {whole.batch_id} came later" in everything


def test_a_row_that_the_agency_corrected_in_a_later_delta_waits_no_more(
    typed: Type, deltas: list[str], sources: Path, ledger: Ledger, settings: Settings
) -> None:
    source = write_deltas(sources, 9)
    mended = {"id": "bad1", "nik": NIK, "diubah": "2024-03-13", "n": 5}
    good = [{"id": f"r{nth}", "nik": NIK, "diubah": "2024-03-13", "n": nth} for nth in range(3)]
    third = pull_pages(source, [page(0, [*good, mended])], ledger, settings).batches[0].batch_id
    shown = " ".join(typed("quarantine", "list").split())
    assert "1 of 2 max n: open since" in shown  # bad2 still waits
    everything = " ".join(typed("quarantine", "list", "--all").split())
    assert f"1 max n: landed since {day(ledger.now())}; nothing: {third} holds them" in everything
    first, last = (typed("quarantine", "show", batch_id) for batch_id in deltas[1:])
    assert first.count("landed later") == last.count("landed later") == 1
    assert f"quarantine show {third}" not in first + last  # nothing of it was refused
    # Refused once more after that, it waits again.
    bad = [mended | {"diubah": "2024-03-14", "n": 5000}, mended | {"id": "bad2", "diubah": "2024-03-14"}]
    pull_pages(source, [page(0, [*good, *good[:1], *bad])], ledger, settings)
    assert " ".join(typed("quarantine", "list").split()).count("max n: open since") == 1


def test_p6_a_row_whose_key_is_masked_is_never_taken_for_another(
    typed: Type, sources: Path, ledger: Ledger, settings: Settings
) -> None:
    source = write_deltas(sources, 9)
    good = [{"id": f"r{nth}", "nik": NIK, "diubah": "2024-03-10", "n": nth} for nth in range(8)]
    pull_pages(source, [page(0, good)], ledger, settings)
    for name in ("Siti", "Budi"):
        bad = {"id": f"{name} Contohwan", "diubah": "2024-03-11", "n": "tidak ada"}
        pull_pages(source, [page(0, [*good[4:], {"id": name, "diubah": "2024-03-11", "n": 3}, bad])], ledger, settings)
    shown = " ".join(typed("quarantine", "list").split())
    assert shown.count("1 type n: open since") == 2
    assert "times" not in shown


def took(source: Source, ledger: Ledger, settings: Settings, bad: str, day: int) -> str:
    """A pull of six good rows and of a bad one of each name; the id of its batch."""
    good = [{"id": f"r{nth}", "nik": NIK, "diubah": "2024-03-10", "n": nth + 1} for nth in range(6)]
    rows = [*good, *({"id": name, "nik": NIK, "diubah": f"2024-03-{day}", "n": 5000} for name in bad)]
    return pull_pages(source, [page(0, rows)], ledger, settings).batches[0].batch_id


def test_p1_rows_dismissed_by_number_and_those_that_came_again_are_not_taken_off_twice(
    typed: Type, sources: Path, ledger: Ledger, settings: Settings
) -> None:
    """Nobody knows which of them the number is about: rather ask once too often."""
    source = write_deltas(sources, 9)
    first = took(source, ledger, settings, "AB", 11)
    typed("quarantine", "dismiss", first, "--rule", "max", "--why", "known", "--who", "ani", "--until", "2099-01-01")
    second = took(source, ledger, settings, "ABCD", 12)
    took(source, ledger, settings, "ABE", 13)  # the overlap brings the known ones again, and not C and D
    assert f"batch {second} 2 of 4 max n: open" in " ".join(typed("quarantine", "list").split())


def test_a_record_that_was_dismissed_where_it_came_last_is_not_asked_about_again(
    typed: Type, sources: Path, ledger: Ledger, settings: Settings
) -> None:
    source = write_deltas(sources, 9)
    took(source, ledger, settings, "", 10)
    first, last = (took(source, ledger, settings, bad, 11) for bad in ("AB", "AC"))
    typed("quarantine", "dismiss", last, "--why", "known, stays so", "--who", "ani")
    shown = " ".join(typed("quarantine", "list").split())
    assert f"batch {first} 1 of 2 max n: open" in shown
    assert last not in shown
    assert f"batch {last} 2 max n: dismissed" in " ".join(typed("quarantine", "list", "--all").split())
    assert f"Rows that came again later: pilar quarantine show {last}" in typed("quarantine", "show", first)


BY_MONTH = make(
    columns=COLUMNS | {"bulan": {"pattern": r"^\d{4}-\d{2}$", "required": True}},
    coverage={"from": "bulan", "grain": "month"},
)


def months(ledger: Ledger, settings: Settings, *rows: tuple[str, int, str, str]) -> dict[str | None, str]:
    """One pull of records (id, nilai, diubah, bulan); the ids of its batches."""
    pages = [page_of([dict(zip(("id", "nilai", "diubah", "bulan"), row, strict=True)) for row in rows])]
    return {batch.coverage: batch.batch_id for batch in pull_pages(BY_MONTH, pages, ledger, settings).batches}


def test_p1_another_coverage_of_the_same_pull_corrects_no_row(ledger: Ledger, settings: Settings) -> None:
    """One answer says of a record two things: which of them is right nobody knows."""
    for month, names in (("2024-01", "abcd"), ("2024-02", "mnop")):
        months(ledger, settings, *[(name, 1, "2024-03-01", month) for name in names])
    bad = ("a", 5000, "2024-03-03", "2024-01")
    good = [(name, 2, "2024-03-03", "2024-01") for name in "bc"] + [(name, 5, "2024-03-03", "2024-02") for name in "am"]
    batches = months(ledger, settings, bad, *good)
    [one] = [one for one in refused(ledger, settings, closed=True) if one.batch.batch_id == batches["2024-01"]]
    assert (one.open, one.state) == (1, "open")


@pytest.mark.parametrize(
    ("refused_at", "landed_at", "state"),
    [
        ("2024-03-11", "2024-03-11", "landed"),
        ("2024-03-11", "2024-03-08", "open"),
        ("11-03-2024", "2024-03-11", "open"),
        ("24-03-11", "2024-03-11", "open"),
    ],
    ids=["as old", "older", "unreadable", "misread"],
)
def test_p1_only_a_version_that_is_not_older_corrects_a_row(
    ledger: Ledger, settings: Settings, refused_at: str, landed_at: str, state: str
) -> None:
    bad = [("d", 6000, refused_at), ("e", 5, "2024-03-12")]
    _, batch, _ = pulled(ledger, settings, bad, [("d", 6, landed_at), ("g", 5, "2024-03-12")])
    found = [one for one in refused(ledger, settings, closed=True) if one.batch.batch_id == batch and one.rule == "max"]
    assert [one.state for one in found] == [state]
