"""P6: after whole, failing and repeated runs, no file and no table of the ledger holds a person in clear."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest

from ledger.errors import SourceError
from ledger.sql import identifier, literal
from pilar import steps
from simulator.data.children import sheet
from simulator.data.households import households
from simulator.data.schools import pupils, schools
from simulator.regions import REGIONS
from tests.integration.conftest import Installation

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

# Every made-up identity number begins with a region that does not exist, every made-up family name is none.
PERSON = re.compile(rb"99(?:6402|6202|3507)\d{10}|Contohwan|Rekayasa|Samarinto|Tiruwati|Simulasa|Bayangan|Karangan")


def planted() -> bytes:
    """What the agencies hold: thousands of persons."""
    return repr(
        [
            list(households())[:2000],
            [sheet(region, "2024-08") for region in REGIONS],
            [pupils(school.npsn) for school in schools()],
        ]
    ).encode()


def persons_in(content: bytes, known: frozenset[bytes]) -> list[bytes]:
    """Planted persons in these bytes. Digits that merely stand side by side in a binary file are nobody's number."""
    return [found for found in PERSON.findall(content) if found in known][:3]


def written(home: Path) -> Iterator[tuple[str, bytes]]:
    """Every file as it lies, and what is packed in it."""
    for path in sorted(home.rglob("*")):
        if not path.is_file():
            continue
        yield str(path), path.read_bytes()
        if path.suffix == ".parquet":
            yield f"{path} (rows)", repr(duckdb.sql(f"from read_parquet({literal(str(path))})").fetchall()).encode()
        if path.suffix == ".duckdb":
            yield f"{path} (tables)", tables(path)


def tables(path: Path) -> bytes:
    """Every table and view of a DuckDB file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("select table_schema, table_name from information_schema.tables").fetchall()
        found = [
            connection.execute(f"from {identifier(schema)}.{identifier(name)}").fetchall()
            for schema, name in names
            if schema not in ("landing", "promoted", "staging")
        ]
    return repr(found).encode()


def ledger_rows(url: str) -> Iterator[tuple[str, bytes]]:
    """Every row of the ledger."""
    with psycopg.connect(url) as connection:
        names = connection.execute("select table_name from information_schema.tables where table_schema = 'public'")
        for (name,) in names.fetchall():
            yield f"ledger {name}", repr(connection.execute(f'select t::text from "{name}" t').fetchall()).encode()


def test_p6_no_person_lies_in_clear_after_any_run(
    installation: Installation, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    known = frozenset(PERSON.findall(planted()))
    assert len(known) > 5_000, "the search would find them"
    for system, fault, source_id in (
        ("eppgbm_sftp", "broken_workbook", "dinkes_eppgbm"),
        ("dapodik", "cut_json", "disdik_peserta_didik"),
        ("satusehat", "half_page", "dinkes_persalinan"),
    ):
        installation.simulator.faults.set(system, fault)
        with pytest.raises(SourceError) as caught:
            steps.ingest(source_id)
        assert not PERSON.search(str(caught.value).encode())
        installation.simulator.faults.clear()
        steps.ingest(source_id)
    installation.simulator.faults.set("perkim_db", "unknown_column")
    steps.ingest("perkim_sanitasi")
    installation.simulator.faults.clear()
    found = {
        place: persons_in(content, known)
        for content_of in (written(installation.settings.home), ledger_rows(installation.settings.ledger_url))
        for place, content in content_of
        if persons_in(content, known)
    }
    assert found == {}
    output = capfd.readouterr()
    assert not PERSON.search(f"{caplog.text}{output.out}{output.err}".encode())
