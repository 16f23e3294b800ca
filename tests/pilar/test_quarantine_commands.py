"""`pilar quarantine` and `pilar keys`, as a person types them."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.protocols.base import Page
from connectors.pull import pull_pages
from connectors.spec import Source, load_source
from ledger.errors import FailedAnswer, PilarError, SourceError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import cli
from pilar import quarantine as rooms
from tests.connectors.pulling import NAME, NIK, page, records
from tests.connectors.test_check import GOOD

Type = Callable[..., str]
COLUMNS: dict[str, Any] = {
    "id": {"required": True},
    "nik": {"personal": "pseudonym", "pattern": r"^\d{16}$"},
    "nama": {"personal": "drop"},
    "tahun": {"type": "integer", "context": "tahun"},
    "n": {"type": "integer", "max": 17},
}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """One source file, which the test mends."""
    folder = tmp_path / "sources" / "dinas_contoh"
    folder.mkdir(parents=True)
    write(folder, 17)
    return folder


def write(folder: Path, highest: int) -> None:
    columns = COLUMNS | {"n": {"type": "integer", "max": highest}}
    limits = GOOD["assertions"] | {"quarantine": {"max": "30%"}}
    content = GOOD | {"contract": {"key": ["id"], "columns": columns}, "assertions": limits}
    (folder / "contoh.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture
def batch(sources: Path, ledger: Ledger, settings: Settings) -> str:
    """A batch in force: of 22 rows three are over the bound or no number, and two hold a person in the wrong place."""
    rows = [*records(20), *records(1, id="x", n=NAME), *records(1, id="y", nik=f"{NAME} {NIK}", n=99)]
    source = load_source(sources / "contoh.yaml")
    return pull_pages(source, [page(0, rows)], ledger, settings, synthetic=True).batches[0].batch_id


@pytest.fixture
def typed(
    sources: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Type:
    """``typed("quarantine", "list")``: what is printed."""
    monkeypatch.setenv("PILAR_HOME", str(settings.home))
    monkeypatch.setenv("PILAR_LEDGER_URL", settings.ledger_url)
    monkeypatch.setenv("PILAR_KEYS", str(settings.key_dir))
    monkeypatch.setenv("PILAR_SOURCES", str(sources.parent))

    def run(*words: str) -> str:
        capsys.readouterr()
        cli.app(list(words), standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_diagnose_shows_a_failing_answer(
    typed: Type, sources: Path, ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PilarError, match="brought no answer"):
        typed("diagnose", "contoh", "--answer")
    error = SourceError("damaged", "half a page", where="GET /0")
    error.answer = FailedAnswer("GET /0?token=REDACTED", 502, b"<html>\xff Galat", 12)

    def fails() -> Iterator[Page]:
        yield page(0, records(3))
        raise error

    with pytest.raises(SourceError):
        pull_pages(load_source(sources / "contoh.yaml"), fails(), ledger, settings)
    assert "page 1, HTTP 502, 13 bytes in 12 ms" in typed("diagnose", "contoh")
    printed = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdout", printed)
    cli.app(["diagnose", "contoh", "--answer"], standalone_mode=False)
    assert printed.buffer.getvalue() == b"<html>\xff Galat"  # type: ignore[attr-defined]


def test_eighty_columns_hold_every_id_and_how_old_the_data_are(
    typed: Type, batch: str, sources: Path, ledger: Ledger
) -> None:
    long = "contoh_kunjungan_rumah"
    (sources / f"{long}.yaml").write_text((sources / "contoh.yaml").read_text().replace("id: contoh", f"id: {long}"))
    shown = typed("sources", "list")
    assert max(map(len, shown.splitlines())) <= 80
    for word in ("contoh ", long, "dinas_contoh", batch, "2024", "18", "in time", "accepted", "none yet", "never"):
        assert word in shown
    told = " ".join(typed("diagnose", "contoh").split())
    assert "freshness: in time, newest data accepted 20" in told
    assert "last confirmed 0 min ago; due monthly; late after 3d without accepted data, overdue after 10d" in told
    assert " WIB coverage 2024 22 received" in told
    assert f"See the rows: pilar quarantine show {batch}" in told
    assert "page 0, HTTP 200, " in told


def test_pages_that_are_not_shown_are_counted(typed: Type, sources: Path, ledger: Ledger, settings: Settings) -> None:
    pages = [page(seq, records(1, id=f"p{seq}")) for seq in range(12)]
    pull_pages(load_source(sources / "contoh.yaml"), pages, ledger, settings, synthetic=True)
    shown = typed("diagnose", "contoh")
    assert "page 2, HTTP 200, " in shown
    assert "page 3, " not in shown
    assert "and 9 more pages of this pull" in shown


def test_list_says_what_waits_and_what_to_do(typed: Type, batch: str) -> None:
    shown = typed("quarantine", "list")
    for word in ("contoh", "2024", batch, "max", "type", "pattern", "open", "ask the agency"):
        assert word in shown
    assert f"pilar quarantine show {batch}" in shown
    assert "type" not in typed("quarantine", "list", "--rule", "max")
    others = "No row of rule 'nope' waits; 5 of other rules do: max, pattern, type."
    assert others in " ".join(typed("quarantine", "list", "--rule", "nope").split())
    assert others in " ".join(typed("quarantine", "show", batch, "--rule", "nope").split())


def test_p6_show_tells_every_reason_of_a_row_and_no_person(typed: Type, batch: str) -> None:
    shown = typed("quarantine", "show", batch)
    lines = [line for line in shown.splitlines() if "│" in line or "max" in line]
    assert len([line for line in lines if " max " in line]) == 3
    assert f"pilar trace {batch} 18" in shown
    assert "pattern" in shown
    for secret in (NIK, NAME, "Contohwan", "Siti"):
        assert secret not in shown
    assert len(typed("quarantine", "show", batch, "--limit", "1").splitlines()) < len(shown.splitlines())


def test_a_mended_contract_is_replayed(typed: Type, batch: str, sources: Path, ledger: Ledger) -> None:
    assert "unchanged contoh 2024" in typed("quarantine", "replay", "contoh")
    write(sources, 18)
    shown = typed("quarantine", "replay", "contoh")
    assert "22 received = 19 landed + 3 quarantined (before: 18 landed, 4 quarantined, accepted)" in shown
    assert shown.rstrip().endswith("An evaluation is due: pilar evaluate")
    [force] = ledger.in_force("contoh")
    assert force.replay_of == batch
    assert batch not in typed("quarantine", "list")
    assert f"nothing: {force.batch_id} holds them" in typed("quarantine", "list", "--all")


def test_a_replay_that_is_held_says_why(typed: Type, batch: str, sources: Path, ledger: Ledger) -> None:
    write(sources, 5)
    shown = typed("quarantine", "replay", batch)
    assert "held      contoh 2024" in shown
    assert "too many rows in quarantine" in shown
    assert "Nothing new is in force." in shown
    assert [one.batch_id for one in ledger.in_force("contoh")] == [batch]


def test_dismissing_by_rule_by_row_and_by_batch(typed: Type, batch: str, ledger: Ledger) -> None:
    why = ("--why", "the agency confirmed double counts", "--who", "ani")
    assert "row 18" in typed("quarantine", "dismiss", batch, "--row", "18", *why)
    assert "2 of 3" in typed("quarantine", "list", "--rule", "max")
    assert "1 refusal(s)" in typed("quarantine", "dismiss", "contoh", "--rule", "type", *why)
    assert "ani dismissed row 18 of max n: the agency confirmed double counts" in typed("quarantine", "show", batch)
    typed("quarantine", "dismiss", batch, *why)
    assert "No row waits" in typed("quarantine", "list")
    [force] = ledger.in_force("contoh")
    assert force.rows_quarantined == 4


def test_dismissing_up_to_a_day(typed: Type, batch: str) -> None:
    said = typed(
        "quarantine", "dismiss", "contoh", "--rule", "max", "--why", "x", "--who", "ani", "--until", "2999-12-31"
    )
    assert "up to 2999-12-31 a new batch is asked about where it brings more" in " ".join(said.split())
    assert "ani dismissed all rows up to 2999-12-31 of max n: x" in typed("quarantine", "show", batch)


BAD: list[tuple[str, tuple[str, ...], str]] = [
    ("unknown source", ("replay", "contho"), "Did you mean 'contoh'"),
    ("unknown batch", ("replay", "20240101T000000000-abcdef"), "there is no batch"),
    ("unknown batch to show", ("show", "x"), "there is no batch"),
    ("unknown batch to list", ("list", "--batch", "20990101"), "there is no batch"),
    ("unknown source to list", ("list", "--source", "contho"), "Did you mean"),
    ("source without rule", ("dismiss", "contoh", "--why", "x"), "one rule"),
    ("row of a source", ("dismiss", "contoh", "--rule", "max", "--row", "1", "--why", "x"), "name the batch"),
    ("no reason", ("dismiss", "contoh", "--rule", "max", "--why", " "), "needs its reason"),
    ("a day that is over", ("dismiss", "contoh", "--rule", "max", "--why", "x", "--until", "2020-01-01"), "is over"),
    ("a row up to a day", ("dismiss", "1", "--row", "1", "--why", "x", "--until", "2999-01-01"), "Dismiss its rule"),
    ("nothing fits", ("dismiss", "contoh", "--rule", "nothing", "--why", "x"), "no open row"),
]


@pytest.mark.parametrize(("words", "told"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_p10_bad_input_is_one_clear_line(typed: Type, batch: str, words: tuple[str, ...], told: str) -> None:
    with pytest.raises(PilarError, match=f"(?i){told}") as caught:
        typed("quarantine", *words)
    assert "\n" not in str(caught.value)


def test_a_row_that_is_not_in_quarantine_cannot_be_dismissed(typed: Type, batch: str) -> None:
    with pytest.raises(PilarError, match="no open row"):
        typed("quarantine", "dismiss", batch, "--row", "0", "--why", "x")


def test_keys_are_listed_changed_and_let_go_of(typed: Type, batch: str, settings: Settings) -> None:
    assert "current" in typed("keys", "list")
    shown = typed("keys", "rotate", "--reencrypt")
    assert "1 page(s) written with the current key" in shown
    assert "pseudonym key is never changed" in shown
    assert "again tomorrow" in shown
    listed = typed("keys", "list")
    assert "retired" in listed
    assert "0 page(s)" in typed("keys", "reencrypt")
    keys = [path.read_text().strip() for path in settings.key_dir.iterdir()]
    assert not [key for key in keys if key in shown + listed]


def test_rows_of_a_batch_that_brought_nothing_new_are_told(ledger: Ledger, settings: Settings, batch: str) -> None:
    ledger_batch = ledger.start_batch("contoh", "o", "c")
    with pytest.raises(PilarError, match="no row of the batch"):
        rooms.rows(ledger, settings, ledger_batch, None, 5)


# -- an incremental source --------------------------------------------------------------------------------------------

DELTAS: dict[str, Any] = {
    "load": {"incremental": {"cursor": "diubah", "overlap": "7d", "start": "2020-01-01"}},
    "args": {"path": "/x", "params": {"sejak": "{cursor}"}},
    "for_each": [],
    "coverage": {"grain": "all"},
    "assertions": GOOD["assertions"] | {"quarantine": {"max": "50%"}},
}


def write_deltas(folder: Path, highest: int) -> Source:
    columns = {
        "id": {"required": True},
        "nik": {"personal": "pseudonym"},
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


def test_deltas_are_replayed_one_by_one(
    typed: Type, deltas: list[str], sources: Path, ledger: Ledger, settings: Settings
) -> None:
    write_deltas(sources, 9999)
    shown = typed("quarantine", "replay", "contoh")
    assert f"of {deltas[1]}: 3 received = 3 landed + 0 quarantined (before: 2 landed, 1 quarantined, accepted)" in shown
    assert f"of {deltas[2]}: 6 received = 6 landed + 0 quarantined" in shown
    assert shown.rstrip().endswith("An evaluation is due: pilar evaluate")
    assert "No row waits" in typed("quarantine", "list")


def test_one_delta_that_cannot_be_replayed_stops_no_other(
    typed: Type, deltas: list[str], sources: Path, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    write_deltas(sources, 9999)
    ledger.mark_pages_gone(deltas[1], "retention of 400d")
    with pytest.raises(PilarError, match=r"removed on .*pull contoh --full"):
        typed("quarantine", "replay", "contoh")
    shown = capsys.readouterr().out
    assert f"of {deltas[2]}: 6 received = 6 landed" in shown
    assert "An evaluation is due" in shown
    assert [batch.replay_of for batch in ledger.in_force("contoh")] == [None, None, deltas[2]]


def test_a_row_that_comes_again_with_the_overlap_is_asked_about_once(
    typed: Type, deltas: list[str], ledger: Ledger
) -> None:
    shown = " ".join(typed("quarantine", "list").split())
    today = f"{ledger.now():%Y-%m-%d}"
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
    typed: Type, deltas: list[str], sources: Path, ledger: Ledger
) -> None:
    """What was dismissed in one batch does not hide what the other has; what was landed from one waits in none."""
    typed("quarantine", "dismiss", deltas[2], "--row", "4", "--why", "x", "--who", "ani")
    assert "1 of 2 max n" in " ".join(typed("quarantine", "list").split())
    write_deltas(sources, 9999)
    typed("quarantine", "replay", deltas[2])
    assert "No row waits" in typed("quarantine", "list")
    everything = " ".join(typed("quarantine", "list", "--all").split())
    assert f"batch {deltas[1]} 1 max n: landed since" in everything


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
    assert f"1 max n: landed since {ledger.now():%Y-%m-%d}; nothing: {third} holds them" in everything
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
