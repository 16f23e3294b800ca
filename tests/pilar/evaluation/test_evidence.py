"""What the gates know of batches: where each came from, what it brings, how many rows, and whether it is simulated."""

from dataclasses import replace
from pathlib import Path

import duckdb

from connectors.source.source_files import load_sources
from ledger.settings import sources_dir
from pilar.evaluation.evidence import evidence_sha256, lines_of, write_evidence
from tests.pilar.evaluation.test_warehouse import BATCH
from tests.publication.sample_warehouse import build

SOURCES = load_sources(sources_dir())


def test_a_batch_has_a_line_for_each_record_that_its_source_provides() -> None:
    source = next(source for source in SOURCES.values() if len({entry.record for entry in source.provides}) > 1)
    records = [entry.record for entry in source.provides]
    batch = replace(BATCH, source_id=source.id, rows_landed=40, synthetic=True)

    lines = lines_of([batch], SOURCES)

    assert [line[2] for line in lines] == list(dict.fromkeys(records))
    assert {line[:2] + line[4:] for line in lines} == {(BATCH.batch_id, source.id, True)}
    assert [line[3] for line in lines] == [40 * records.count(record) for record in dict.fromkeys(records)]


def test_rows_that_are_not_known_stay_so_and_a_source_without_a_file_provides_nothing() -> None:
    source = next(source for source in SOURCES.values() if source.provides)
    unknown = lines_of([replace(BATCH, source_id=source.id, rows_landed=None)], SOURCES)

    assert {line[3] for line in unknown} == {None}
    assert lines_of([replace(BATCH, source_id="taken_out")], SOURCES) == []


def test_only_the_pillars_that_name_a_batch_see_that_it_changed(tmp_path: Path) -> None:
    warehouse = build(tmp_path / "evaluation.duckdb")
    with duckdb.connect(str(warehouse)) as connection:
        lines = connection.execute("from evidence.batches").fetchall()
        before = evidence_sha256(connection, ["living", "society"])
        write_evidence(connection, [(*line[:3], None if line[2] == "birth" else line[3], line[4]) for line in lines])
        after = evidence_sha256(connection, ["living", "society"])

        assert connection.execute("select count(*) from evidence.batches").fetchall() == [(len(lines),)]
    assert before["society"] == after["society"]
    assert before["living"] != after["living"]
