"""What a publication says, as plain values: read from its own tables, shared by the documents and the pages.

What all regions share is read at once. The rows of single regions are read when they are asked for, some neighbours
together: a publication of the whole country is never in memory as a whole.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import duckdb

from ledger.project import mart_of, pillar_ids
from ledger.sql import identifier, literal, named_rows
from publication.digests import OF_PROMOTION, Digests, grouped_digests
from publication.meta import PublicationMeta, SourceBatch
from publication.tables import DUCKDB_FILE, EXPLANATIONS

Row = Mapping[str, Any]
# How many regions are read together.
NEIGHBOURS = 16


class Reading:
    """The tables of a publication (as ``publication``) and of its evaluation (as ``warehouse``), only to be read.

    Each process that reads has a connection of its own: one does not live on in a forked process.
    """

    def __init__(self, folder: Path, warehouse: Path) -> None:
        self._files = {"publication": folder / DUCKDB_FILE, "warehouse": warehouse}
        self._open: tuple[int, duckdb.DuckDBPyConnection] | None = None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """This process's connection, opened where it has none."""
        if self._open is None or self._open[0] != os.getpid():
            connection = duckdb.connect(":memory:")
            connection.execute("SET threads = 1; SET TimeZone = 'UTC'")
            for name, file in self._files.items():
                connection.execute(_attach(name, file))
            self._open = (os.getpid(), connection)
        return self._open[1]

    def attach(self, name: str, file: Path) -> None:
        """Have another file beside them, only to be read, in each process that reads."""
        if self._files.get(name) == file:
            return
        if self._open is not None and self._open[0] == os.getpid():
            self._open[1].execute(f"DETACH DATABASE IF EXISTS {name}; {_attach(name, file)}")
        self._files[name] = file

    def close(self) -> None:
        """Close this process's connection. The next use opens another one."""
        if self._open is not None and self._open[0] == os.getpid():
            self._open[1].close()
        self._open = None

    def rows(self, query: str) -> list[Row]:
        """What a query answers, each row by the names of its columns."""
        return [*named_rows(self.connection.execute(query))]


def _attach(name: str, file: Path) -> str:
    return f"ATTACH {literal(str(file))} AS {name} (READ_ONLY)"


class Rows(Sequence[Row]):
    """The rows of one table, in its order. They are read when they are asked for."""

    def __init__(self, reading: Reading, relation: str, places: Mapping[str, int]) -> None:
        self._reading, self._relation, self._places = reading, relation, places
        self._read: tuple[tuple[int, int], dict[str, list[Row]]] | None = None

    def __iter__(self) -> Iterator[Row]:
        with closing(self._reading.connection.cursor()) as cursor:
            cursor.execute(f"FROM {self._relation}")
            names = [column[0] for column in cursor.description or ()]
            while some := cursor.fetchmany(1000):
                yield from (dict(zip(names, row, strict=True)) for row in some)

    def __len__(self) -> int:
        return int(self._reading.rows(f"SELECT count(*) AS n FROM {self._relation}")[0]["n"])

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        return [*self][at]

    def of(self, region_code: str) -> list[Row]:
        """The rows of one region; those of its neighbours are read with them."""
        if region_code not in self._places:
            return []
        at = (os.getpid(), self._places[region_code] // NEIGHBOURS)
        if self._read is None or self._read[0] != at:
            codes = [code for code, place in self._places.items() if place // NEIGHBOURS == at[1]]
            found: dict[str, list[Row]] = {code: [] for code in codes}
            listed = ", ".join(literal(code) for code in codes)
            for row in self._reading.rows(f"FROM {self._relation} WHERE region_code IN ({listed})"):
                found[row["region_code"]].append(row)
            self._read = (at, found)
        # A list of its own: who sorts it must not move the rows of who asks next.
        return [*self._read[1][region_code]]

    def where(self, *names: str, **values: str) -> list[Row]:
        """The rows whose columns have these values: the columns ``names`` of them, or all."""
        conditions = " AND ".join(f"{identifier(name)} = {literal(value)}" for name, value in values.items())
        shown = ", ".join(map(identifier, names)) or "*"
        return self._reading.rows(f"SELECT {shown} FROM {self._relation} WHERE {conditions}")

    def distinct(self, *names: str) -> list[Row]:
        """The different values of some columns, in order."""
        listed = ", ".join(identifier(name) for name in names)
        return self._reading.rows(f"SELECT DISTINCT {listed} FROM {self._relation} ORDER BY ALL")

    def digests(self, name: str) -> Mapping[str, str]:
        """What stands for the rows of each value of a column, apart from which evaluation promoted them and when."""
        return grouped_digests(self._reading.connection, self._relation, name)


@dataclass(frozen=True)
class Content:
    """Rows of the published tables, each a mapping of its columns, in the tables' order."""

    meta: PublicationMeta
    reading: Reading
    regions: Sequence[Row]
    pillars: Sequence[Row]
    dimensions: Sequence[Row]
    rule_set_methods: Sequence[Row]
    indicators: Mapping[str, Row]
    questions: Mapping[str, Row]
    bands: Sequence[Row]
    suppression: Sequence[Row]
    instruments: Mapping[str, Row]
    published_figures: Sequence[Row]
    marts: Mapping[str, Sequence[Row]]
    question_scores: Sequence[Row]
    pillar_scores: Sequence[Row]
    dimension_scores: Sequence[Row]
    index_scores: Sequence[Row]
    instrument_scores: Sequence[Row]
    instrument_answers: Sequence[Row]
    gaps: Sequence[Row]
    explanations: Sequence[Row]
    findings: Sequence[Row]
    readiness: Sequence[Row]
    sureness: Sequence[Row]

    def of_region(self, rows: Sequence[Row], region_code: str) -> list[Row]:
        """The rows of one region."""
        if isinstance(rows, Rows):
            return rows.of(region_code)
        return [row for row in rows if row["region_code"] == region_code]

    def where(self, rows: Sequence[Row], *names: str, **values: str) -> list[Row]:
        """The rows whose columns have these values. With ``names`` they have these columns alone."""
        if isinstance(rows, Rows):
            return rows.where(*names, **values)
        found = (row for row in rows if all(row[name] == value for name, value in values.items()))
        return [{name: row[name] for name in names or row} for row in found]

    def digests_of(self, rows: Sequence[Row], name: str) -> Mapping[str, str]:
        """What stands for the rows of each value of a column; nothing where the publication has no such table."""
        return rows.digests(name) if isinstance(rows, Rows) else {}

    def bands_of(self, question_key: str, rubric_version: str) -> list[Row]:
        """A question's bands under a rubric, from low to high."""
        own = self._bands.get((question_key, rubric_version), [])
        return sorted(own, key=lambda band: (band["lower"] is not None, band["lower"] or Decimal(0)))

    def digest(self, region_code: str | None) -> str:
        """What stands for all that is said of one region, and of the batches behind it; None: of what all share.

        Where it is the same in two publications, what is made of a region is the same, apart from which evaluation
        promoted a pillar and when.
        """
        return self._digests.of(region_code)

    def neighbourhood(self, region_code: str) -> int:
        """The number of the regions whose rows are read together with those of one."""
        return self._places[region_code] // NEIGHBOURS

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {str(row["region_code"]): place for place, row in enumerate(self.regions)}

    @cached_property
    def region_names(self) -> Mapping[str, str]:
        """The name of each region by its code."""
        return {str(row["region_code"]): str(row["region_name"]) for row in self.regions}

    @cached_property
    def batch_of(self) -> Mapping[str, SourceBatch]:
        """Each described batch by its id."""
        return {batch.batch_id: batch for batch in self.meta.sources}

    @cached_property
    def latest_of(self) -> Mapping[str, SourceBatch]:
        """The latest batch of each source."""
        return {batch.source: batch for batch in sorted(self.meta.sources, key=lambda batch: batch.batch_id)}

    @cached_property
    def printed(self) -> Mapping[tuple[str, str], Sequence[Row]]:
        """The questions by their instrument and the code that it prints, which may repeat in dimensions."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.questions.values():
            found.setdefault((str(row["instrument_id"]), str(row["printed_code"])), []).append(row)
        return found

    @cached_property
    def unowned(self) -> Sequence[Row]:
        """The findings that no agency is named for."""
        return [row for row in self.findings if row["owner"] is None]

    @cached_property
    def newest_years(self) -> Mapping[str, str]:
        """The newest year for which any region is scored in an indicator."""
        found: dict[str, str] = {}
        for row in distinct(self.question_scores, "indicator_id", "period"):
            if row["period"] is not None:
                found[row["indicator_id"]] = max(found.get(row["indicator_id"], ""), str(row["period"])[:4])
        return found

    @cached_property
    def delivered(self) -> frozenset[str]:
        """The indicators that any region has a figure of."""
        rows = (row for mart in self.marts.values() for row in distinct(mart, "indicator_id", "state"))
        return frozenset(row["indicator_id"] for row in rows if row["state"] != "missing")

    @cached_property
    def sources_of(self) -> Mapping[str, frozenset[str]]:
        """The sources that the figures of each region rest on."""
        found: dict[str, set[str]] = {}
        for mart in self.marts.values():
            for row in distinct(mart, "region_code", "source_ids"):
                found.setdefault(row["region_code"], set()).update(row["source_ids"] or ())
        return {code: frozenset(own) for code, own in found.items()}

    @cached_property
    def _digests(self) -> Digests:
        return Digests(self.reading.connection, self.meta)

    @cached_property
    def _bands(self) -> Mapping[tuple[str, str], list[Row]]:
        found: dict[tuple[str, str], list[Row]] = {}
        for band in self.bands:
            found.setdefault((band["question_key"], band["rubric_version"]), []).append(band)
        return found


def distinct(rows: Sequence[Row], *names: str) -> list[Row]:
    """The values of some columns of a table. Of one that is read from the file each combination comes once."""
    if isinstance(rows, Rows):
        return rows.distinct(*names)
    return [{name: row[name] for name in names} for row in rows]


@contextmanager
def opened_content(folder: Path, warehouse: Path, meta: PublicationMeta) -> Iterator[Content]:
    """What the publication in a folder says, whose DuckDB file is whole, and its evaluation's file."""
    reading = Reading(folder, warehouse)
    try:
        yield read_content(reading, meta)
    finally:
        reading.close()


def _mart(pillar: str) -> str:
    """A mart without what changes by a promotion: no page says it, and a moment of each row is dear to read."""
    return f"(SELECT * EXCLUDE ({', '.join(OF_PROMOTION)}) FROM publication.pillars.{mart_of(pillar)})"


def read_content(reading: Reading, meta: PublicationMeta) -> Content:
    """Read what all regions share; the rest is read when it is asked for."""
    present = {
        f"{schema}.{name}"
        for schema, name in reading.connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'publication'"
        ).fetchall()
    }

    def rows(table: str) -> list[Row]:
        return reading.rows(f"FROM publication.{table}") if table in present else []

    regions = sorted(rows("reference.regions"), key=lambda row: str(row["region_code"]))
    places = {str(row["region_code"]): place for place, row in enumerate(regions)}

    def by_region(table: str) -> Rows:
        return Rows(reading, f"publication.{table}", places)

    def optional(table: str) -> Sequence[Row]:
        return by_region(table) if table in present else ()

    return Content(
        meta=meta,
        reading=reading,
        regions=regions,
        pillars=sorted(rows("reference.pillars"), key=lambda row: int(row["position"])),
        dimensions=sorted(rows("reference.dimensions"), key=lambda row: int(row["position"])),
        rule_set_methods=rows("reference.rule_set_methods"),
        indicators={str(row["id"]): row for row in rows("reference.indicators")},
        questions={str(row["question_key"]): row for row in rows("reference.questions")},
        bands=rows("reference.bands"),
        suppression=rows("reference.suppression"),
        instruments={str(row["id"]): row for row in rows("reference.instruments")},
        published_figures=optional("reference.published_figures"),
        marts={pillar: Rows(reading, _mart(pillar), places) for pillar in pillar_ids()},
        question_scores=by_region("scores.question_scores"),
        pillar_scores=by_region("scores.pillar_scores"),
        dimension_scores=by_region("scores.dimension_scores"),
        index_scores=by_region("scores.index_scores"),
        instrument_scores=by_region("scores.instrument_scores"),
        instrument_answers=by_region("scores.instrument_answers"),
        gaps=by_region("scores.gaps"),
        explanations=Rows(reading, f"warehouse.{EXPLANATIONS}", places),
        findings=optional("quality.findings"),
        readiness=optional("scores.readiness"),
        sureness=optional("scores.sureness"),
    )
