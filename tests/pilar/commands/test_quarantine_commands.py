"""`pilar quarantine` and `pilar keys`, as a person types them."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.protocols.base import Page
from connectors.source.source_files import load_source
from ledger.errors import FailedAnswer, PilarError, SourceError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar import cli
from pilar.sources import quarantine as rooms
from tests.connectors.pulling import NAME, NIK, page, pull_pages, records
from tests.connectors.source.test_proof import GOOD
from tests.pilar.conftest import Terminal, Type

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
def sources_dir(sources: Path) -> Path:
    """Where commands look for source files."""
    return sources.parent


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
    typed: Type, batch: str, sources: Path, ledger: Ledger, terminal: Terminal
) -> None:
    terminal(80)
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
    assert len([line for line in shown.splitlines() if " max " in line]) == 3
    assert f"pilar trace {batch} 18" in shown
    assert "pattern" in shown
    for secret in (NIK, NAME, "Contohwan", "Siti"):
        assert secret not in shown
    assert "These are the first" not in shown
    fewer = typed("quarantine", "show", batch, "--limit", "1")
    assert len(fewer.splitlines()) < len(shown.splitlines())
    assert "These are the first 1 of 4 rows. More: --limit 4, or one rule of them: --rule RULE" in fewer
    of_one = typed("quarantine", "show", batch, "--limit", "1", "--rule", "max")
    assert "These are the first 1 of 3 rows. More: --limit 3\n" in of_one


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


def test_a_row_is_dismissed_once_each_of_its_reasons_is(
    typed: Type, batch: str, ledger: Ledger, settings: Settings
) -> None:
    """Row 21 breaks two rules."""

    def dismissed() -> list[int]:
        return [one.row for one in rooms.rows(ledger, settings, batch, None, 9) if one.dismissed]

    assert dismissed() == []
    for words, expected in (
        (("contoh", "--rule", "max"), [18, 19]),
        ((batch, "--row", "20"), [18, 19, 20]),
        (("contoh", "--rule", "pattern"), [18, 19, 20, 21]),
    ):
        typed("quarantine", "dismiss", *words, "--why", "confirmed", "--who", "ani")
        assert dismissed() == expected


def test_dismissing_up_to_a_day(typed: Type, batch: str) -> None:
    said = typed(
        "quarantine", "dismiss", "contoh", "--rule", "max", "--why", "x", "--who", "ani", "--until", "2999-12-31"
    )
    assert "up to 2999-12-31 a new batch is asked about where it brings more" in " ".join(said.split())
    assert "ani dismissed all rows up to 2999-12-31 of max n: x" in typed("quarantine", "show", batch)


RESULTS: list[tuple[tuple[str, ...], str]] = [
    (("sources", "list"), "sources"),
    (("diagnose", "contoh"), "batches"),
    (("quarantine", "list", "--all"), "quarantine"),
    (("quarantine", "show", "BATCH"), "rows"),
    (("quarantine", "dismiss", "BATCH", "--row", "18", "--why", "x"), "dismissed"),
    (("quarantine", "replay", "contoh"), "batches"),
    (("trace", "BATCH", "0", "--show"), "record"),
    (("trace", "BATCH", "20", "--show"), "reasons"),
    (("revisions", "contoh"), "revisions"),
    (("publications", "list"), "publications"),
    (("verify",), "checked"),
    (("keys", "list"), "keys"),
    (("keys", "rotate", "--reencrypt"), "reencrypted"),
    (("keys", "reencrypt"), "reencrypted"),
    (("migrate",), "migrated"),
]


@pytest.mark.parametrize(("words", "part"), RESULTS, ids=[" ".join(words) for words, _ in RESULTS])
def test_p6_every_result_is_one_document_without_persons(
    typed: Type, batch: str, words: tuple[str, ...], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILAR_TIMEZONE", "Asia/Jayapura")
    typed("quarantine", "dismiss", batch, "--row", "19", "--why", "the agency confirmed it", "--who", "ani")
    said = typed(*(batch if word == "BATCH" else word for word in words), "--json")
    found = json.loads(said)
    assert part in found
    assert not [person for person in (NIK, NAME, "Contohwan", "Siti", '"ani"') if person in said]
    moments = re.findall(r'"(\d{4}-\d\d-\d\dT[^"]*)"', said)
    assert all(re.fullmatch(r"[-\d]{10}T[:\d]{8}\+09:00", moment) for moment in moments)
    # The next command speaks to people again.
    assert "contoh" in typed("sources", "list")
    assert not typed("sources", "list").startswith("{")


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
