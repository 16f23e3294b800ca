"""P6 for evidence: the number of a batch's rows, less what is shown of other regions, tells no hidden count."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from connectors.source.source_files import load_sources
from ledger.settings import sources_dir
from pilar.evaluation.few_rows import untold
from tests.pilar.evaluation.test_warehouse import BATCH

SOURCES = load_sources(sources_dir())
STUNTED = next(name for name, source in SOURCES.items() if [e.record for e in source.provides] == ["stunting_case"])
ROADS = next(name for name, source in SOURCES.items() if [e.record for e in source.provides] == ["road_section"])
FIELDS = "region_code, indicator_id, numerator, denominator, state, basis, batch_ids"


def marts(folder: Path, *rows: str) -> Path:
    """A file with these figures of stunted children who were handled: region, numerator, denominator, state."""
    path = folder / "evaluation.duckdb"
    values = ", ".join(f"({row}, 'computed', ['{BATCH.batch_id}'])" for row in rows)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema promoted")
        connection.execute(f"create table promoted.marts as select * from (values {values}) as given({FIELDS})")
    return path


@pytest.mark.parametrize(
    ("landed", "hidden"),
    [
        (50 + 3, True),  # three children are the third region's
        (50 + 4, True),
        (50 + 5, False),  # five at most, or four of five rows: nothing is narrowed
        (4000, False),
    ],
)
def test_p6_rows_of_a_batch_tell_no_hidden_count(tmp_path: Path, landed: int, hidden: bool) -> None:
    warehouse = marts(
        tmp_path,
        "'35.07', 'liv_stunting_handled', 10, 30, 'measured'",
        "'62.02', 'liv_stunting_handled', 10, 20, 'measured'",
        "'64.02', 'liv_stunting_handled', null, null, 'suppressed'",
    )
    batch = replace(BATCH, source_id=STUNTED, rows_landed=landed)

    assert (batch.batch_id in untold(warehouse, [batch], SOURCES)) is hidden


@pytest.mark.parametrize(("landed", "hidden"), [(50 + 8, True), (50 + 9, True), (50 + 10, False)])
def test_p6_rows_of_a_batch_tell_no_two_hidden_counts(tmp_path: Path, landed: int, hidden: bool) -> None:
    """Two counts below five that are eight together are four each."""
    warehouse = marts(
        tmp_path,
        "'35.07', 'liv_stunting_handled', 10, 50, 'measured'",
        "'62.02', 'liv_stunting_handled', null, null, 'suppressed'",
        "'64.02', 'liv_stunting_handled', null, null, 'suppressed'",
    )
    batch = replace(BATCH, source_id=STUNTED, rows_landed=landed)

    assert (batch.batch_id in untold(warehouse, [batch], SOURCES)) is hidden


@pytest.mark.parametrize(
    ("source", "landed", "hidden"), [(STUNTED, 4, True), (STUNTED, 5, False), (STUNTED, 0, False), (ROADS, 4, False)]
)
def test_p6_a_batch_of_few_people_does_not_say_how_many(tmp_path: Path, source: str, landed: int, hidden: bool) -> None:
    warehouse = marts(tmp_path, "'35.07', 'liv_stunting_handled', 10, 30, 'measured'")
    batches = [replace(BATCH, source_id=source, rows_landed=landed)]

    assert bool(untold(warehouse, batches, SOURCES)) is hidden
