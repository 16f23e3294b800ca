"""P7: whatever is altered after it was written is noticed, and the first altered thing is named."""

import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from connectors.kept.rebuild import kept_rows
from connectors.kept.replay import KeptPages
from connectors.pull.course import run
from connectors.pull.page_store import PageStore
from ledger.errors import ConfigError, LedgerError
from ledger.keys import Keys
from ledger.receipts import read_copy
from ledger.seals import first_difference, seal
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.audit.verification import Holdings, Scope, compare, verify
from pilar.cli import app
from tests.connectors.deltas import COLUMNS as INCREMENTAL
from tests.connectors.deltas import Record, take
from tests.connectors.deltas import make as incremental
from tests.connectors.pulling import make, pull_pages, two_years
from tests.pilar.audit.house import House, flip


def test_p7_what_was_not_altered_passes(house: House) -> None:
    told = {line.what: (line.count, line.gone, line.damage) for line in house.checked()}
    assert told["receipts"] == (6, 0, None)
    assert told["landed and quarantined files"] == (6, 0, None)
    assert told["pages, decrypted"] == (7, 0, None)
    assert not any(line.damage for line in house.checked())


BODY = "update receipt set body = replace(body, '\"rows_landed\":20', '\"rows_landed\":21') where seq = 1"
REHASHED = (
    "update receipt set body = b, sha256 = encode(sha256(convert_to(previous_sha256 || chr(10) || b, 'UTF8')), 'hex') "
    "from (select replace(body, '\"rows_landed\":20', '\"rows_landed\":21') as b from receipt where seq = 1) x "
    "where seq = 1"
)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (BODY, r"the first altered byte is byte \d+ \(rows_landed: 21 stands where 20 is due\) \[receipt 1 "),
        (
            REHASHED,
            r"rewritten together with its hash: .*the first altered byte is byte \d+ \(rows_landed: 21 .*\[receipt 1 ",
        ),
        ("update receipt set sha256 = repeat('e', 64) where seq = 2", r"altered.* \[receipt 2 "),
        ("update receipt set previous_sha256 = repeat('e', 64) where seq = 2", r"does not continue.* \[receipt 2 "),
        ("delete from receipt where seq = 3", "receipt 3 is missing: the next one found is receipt 4 "),
        ("delete from receipt where seq = 1", "receipt 1 is missing"),
        (
            "update batch set rows_quarantined = 7 where coverage = '2023' and status = 'accepted'",
            r"rows of its batch were altered: .*byte \d+ \(rows_quarantined: 7 stands where 0 is due\) \[receipt 1 ",
        ),
        ("update quarantine set rows = rows + 1", r"\(quarantined\[0\].rows: .*\[receipt "),
        ("delete from quarantine", r"\(quarantined: .*\[receipt "),
        (
            "update receipt set written_at = written_at - interval '1 day' where seq = 2",
            r"time beside it.*\[receipt 2 ",
        ),
        ("update batch set synthetic = true where coverage = '2025'", r"\(synthetic: .*\[receipt 6 "),
        ("update page set sha256 = repeat('0', 64) where seq = 2", r"\(pages\[1\].sha256: .*\[receipt 2 "),
        ("update page set request = 'GET /else' where seq = 0", r'\(pages\[0\].request: "GET /else" stands where'),
        ("delete from page where seq = 2", r"leave the receipt at byte \d+ \(pages: .*\[receipt 2 "),
    ],
    ids=[
        "body",
        "body-and-hash",
        "hash",
        "previous",
        "middle-removed",
        "first-removed",
        "batch-counts",
        "counts-by-rule",
        "counts-by-rule-removed",
        "written-at",
        "batch-synthetic",
        "page-hash",
        "page-request",
        "page-removed",
    ],
)
def test_p7_the_first_altered_receipt_and_byte_are_named(house: House, statement: str, told: str) -> None:
    house.sql(statement)
    assert re.search(told, house.damage(pages=False)), house.damage(pages=False)


def test_p7_the_named_byte_is_the_one_that_was_altered(house: House) -> None:
    body = house.ledger.receipts()[0].body
    house.sql(BODY)
    at = body.encode().index(b'"rows_landed":20') + len(b'"rows_landed":2')
    assert f"the first altered byte is byte {at} " in house.damage()


def test_a_receipt_is_right_whatever_time_zone_the_server_tells(house: House) -> None:
    with psycopg.connect(house.settings.ledger_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"alter database {name} set timezone to 'Asia/Jakarta'")
    assert house.damage() == ""


@pytest.mark.parametrize(
    ("pattern", "alter", "told"),
    [
        ("landing/*/*/rows.parquet", lambda path: flip(path, 700), "one of bytes 0 to 1023"),
        ("landing/*/*/rows.parquet", lambda path: flip(path, 1500), "one of bytes 1024 to "),
        (
            "landing/*/*/rows.parquet",
            lambda path: path.write_bytes(path.read_bytes() + b"x"),
            "1 byte(s) were added behind",
        ),
        (
            "landing/*/*/rows.parquet",
            lambda path: path.write_bytes(path.read_bytes()[:1100]),
            "it ends at byte 1100 of",
        ),
        ("landing/*/*/quarantine.parquet", lambda path: flip(path, 5), "one of bytes 0 to"),
        ("landing/*/*/rows.parquet", Path.unlink, "is missing"),
        ("pages/*/*/0.page", lambda path: flip(path, 60), "changed or cut off"),
        ("pages/*/*/0.page", Path.unlink, "is missing"),
    ],
    ids=["first-block", "second-block", "appended", "cut", "quarantine", "rows-gone", "page", "page-gone"],
)
def test_p7_an_altered_file_and_the_place_in_it_are_named(
    house: House, pattern: str, alter: Callable[[Path], object], told: str
) -> None:
    path = house.file(pattern)
    alter(path)
    damage = house.damage()
    assert damage.startswith(str(path))
    assert told in damage
    assert "[receipt 1 (batch " in damage
    with pytest.raises(ConfigError, match="no receipt"):
        list(verify(house.ledger.witnesses, house.holdings, Scope(file=house.settings.home / "else")))
    about = verify(house.ledger.witnesses, house.holdings, Scope(file=path))
    assert [line.what for line in about if line.damage] == [about[1].what]


def test_p7_a_page_in_place_of_another_is_noticed_though_its_seal_is_right(house: House) -> None:
    path = house.file("pages/*/*/0.page")
    PageStore(path.parent, Keys.load(house.settings.key_dir).page_key).write(0, b'{"rows": []}')
    assert "it holds other bytes than page 0 had when it came" in house.damage()
    assert house.damage(pages=False) == ""


def test_files_that_nothing_in_force_rests_on_may_have_been_removed(house: House) -> None:
    latest = max(batch.batch_id for batch in house.ledger.batches("sample") if batch.status == "unchanged")
    for path in (house.settings.pages_dir / "sample" / latest).glob("*.page"):
        path.unlink()
    assert house.damage() == ""
    assert {line.what: line.gone for line in house.checked()}["pages, decrypted"] in (1, 2)


def test_p7_what_is_in_force_is_told_by_the_pull_that_fetched_it(ledger: Ledger, settings: Settings) -> None:
    """Ledgers of earlier versions have replays that are written last, and stand below a delta that came before."""
    rows: list[Record] = [("a", 1, "2024-03-01"), ("b", 2, "2024-03-05"), ("c", 5000, "2024-03-10")]
    lenient = {"rows": {"min": 1}, "quarantine": {"max": "50%"}, "shrink": {"max": "100%"}}
    mended = incremental(columns=INCREMENTAL | {"nilai": {"type": "integer", "max": 9999}}, assertions=lenient)
    first, delta = (take(incremental(), some, ledger, settings).batches[0] for some in (rows, [("d", 4, "2024-03-11")]))
    found = ledger.batch(first.batch_id)
    assert found is not None
    origin = KeptPages(mended, found, kept_rows(found, ledger), {}, settings)
    [again] = run(mended, origin, ledger, settings).batches
    holdings = Holdings(settings.home, settings.key_dir, ledger)

    def damage() -> str:
        return " ".join(
            str(line.damage) for line in verify(ledger.witnesses, holdings, Scope()) if line.damage is not None
        )

    shutil.rmtree(settings.landing_dir / mended.id / first.batch_id)
    assert damage() == ""
    for batch in (delta, again):
        folder = settings.landing_dir / mended.id / batch.batch_id
        folder.rename(folder.with_name("away"))
        assert batch.batch_id in damage()
        folder.with_name("away").rename(folder)


def test_p7_an_exported_chain_is_checked_without_a_ledger(house: House, tmp_path: Path) -> None:
    copy = house.export(tmp_path / "chain.jsonl")
    holdings = Holdings(house.settings.home, house.settings.key_dir)
    told = {line.what: line for line in verify(partial(read_copy, copy), holdings, Scope(pages=True))}
    assert (told["receipts"].count, told["pages, decrypted"].count) == (6, 7)
    assert not any(line.damage for line in told.values())
    flip(house.file("landing/*/*/rows.parquet"), 4)
    damaged = verify(partial(read_copy, copy), holdings, Scope())
    assert "rows.parquet was altered" in str(damaged[1].damage)
    lines = copy.read_text().splitlines()
    changed = json.loads(lines[1])
    changed["body"] = changed["body"].replace("accepted", "acceptEd")
    copy.write_text("\n".join([lines[0], json.dumps(changed), *lines[2:]]))
    assert "[receipt 2 " in str(verify(partial(read_copy, copy), holdings, Scope())[0].damage)


def test_p10_a_file_that_is_no_chain_is_named_with_its_line(house: House, tmp_path: Path) -> None:
    copy = house.export(tmp_path / "chain.jsonl")
    copy.write_text(copy.read_text() + "{}\n")
    with pytest.raises(LedgerError, match=r"no receipt \[.*chain.jsonl: line 7\]"):
        verify(partial(read_copy, copy), house.holdings, Scope())


def test_p7_a_chain_cut_or_rewritten_at_its_end_is_noticed_by_an_earlier_copy(house: House, tmp_path: Path) -> None:
    copy = house.export(tmp_path / "chain.jsonl")
    assert compare(house.ledger.witnesses(), read_copy(copy)).damage is None
    house.sql("delete from receipt where seq > 4")
    assert "it is in force and has no receipt" in house.damage()
    assert "it ends at receipt 4, and the exported chain knows receipt 5" in str(
        compare(house.ledger.witnesses(), read_copy(copy)).damage
    )
    pull_pages(make(), two_years(), house.ledger, house.settings)
    assert "another receipt 5" in str(compare(house.ledger.witnesses(), read_copy(copy)).damage)


def test_p7_a_batch_that_somebody_put_in_force_is_noticed(house: House) -> None:
    forged = """jsonb_populate_record(b, '{"batch_id": "99990101T000000000-forged"}')"""
    house.sql(f"insert into batch select ({forged}).* from batch b where status = 'accepted' limit 1")
    assert "has no receipt" in house.damage()


def test_p7_a_finding_taken_away_is_noticed(house: House) -> None:
    house.sql("""update batch set findings = '[{"code": "x"}]'""")
    assert "findings" in house.damage()


def test_p7_a_page_that_the_ledger_was_made_to_forget_is_noticed(house: House) -> None:
    house.sql("update page set path = null")
    assert "no batch that is needed loses its pages" in house.damage()


# -- publications -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 300_000])
def test_p7_a_seal_names_the_block_of_the_first_altered_byte(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(size))
    written = seal(path)
    assert first_difference(written, path) is None
    assert len(written.blocks) <= 256
    path.write_bytes(bytes(size) + b"xy")
    assert "2 byte(s) were added" in str(first_difference(written, path))
    for holdings in {0, size // 2, size - 1} if size else ():
        path.write_bytes(bytes(holdings) + b"x" + bytes(size - holdings - 1))
        start, end = map(int, re.findall(r"\d+", str(first_difference(written, path))))
        assert start <= holdings <= end < start + written.block_bytes
        path.write_bytes(bytes(holdings))
        assert f"it ends at byte {holdings} of {size}" in str(first_difference(written, path))


def test_p10_the_command_says_what_was_checked_and_ends_with_1_on_damage(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PILAR_HOME", str(house.settings.home))
    monkeypatch.setenv("PILAR_LEDGER_URL", house.settings.ledger_url)
    monkeypatch.setenv("PILAR_KEYS", str(house.settings.key_dir))
    run = partial(CliRunner().invoke, app)
    copy = tmp_path / "chain.jsonl"
    assert run(["verify", "export", str(copy)]).exit_code == 0
    good = run(["verify", "--pages", "--against", str(copy)])
    assert good.exit_code == 0, good.output
    assert "6" in good.output
    monkeypatch.delenv("PILAR_LEDGER_URL")
    offline = ["verify", "--chain", str(copy), "--home", str(house.settings.home)]
    assert run(offline).exit_code == 0
    path = house.file("landing/*/*/rows.parquet")
    flip(path, 4)
    bad = run(offline)
    assert bad.exit_code == 1
    assert f"pilar: {path} was altered" in bad.output.replace("\n", "")
