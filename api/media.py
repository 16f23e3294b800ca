"""In which form an answer is given: what the reader accepts, and rows as bytes of it."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from api.problems import ProblemError
from publication.formats.csv_files import write_relation

JSON = "application/json"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
# By the name that the parameter `format` takes, for clients that cannot choose a header.
MEDIA: Mapping[str, str] = {"json": JSON, "csv": CSV, "parquet": PARQUET, "arrow": ARROW}
# What is sent as Content-Type.
CONTENT_TYPE: Mapping[str, str] = {JSON: JSON, CSV: "text/csv; charset=utf-8; header=present"}
_BATCH = 2_000
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def negotiate(accept: str, offered: tuple[str, ...] = tuple(MEDIA.values())) -> str:
    """The form that a reader likes best of those there are. Raises ProblemError (406) where it accepts none."""
    best, liked = "", 0.0
    wishes = [_wish(part) for part in accept.split(",") if part.strip()] or [("*/*", 1.0)]
    for media in offered:
        quality = _quality(media, wishes)
        if quality > liked:
            best, liked = media, quality
    if not best:
        raise ProblemError(
            406, "not-acceptable", "the answer is not made in a form that you accept", f"Accept {', '.join(offered)}"
        )
    return best


def _wish(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return name, 0.0
    return name, 1.0


def _quality(media: str, wishes: list[tuple[str, float]]) -> float:
    """The most specific wish counts."""
    kind = media.partition("/")[0]
    for name in (media, f"{kind}/*", "*/*"):
        found = [quality for wish, quality in wishes if wish == name]
        if found:
            return max(found)
    return 0.0


def encode(media: str, table: pa.Table, total: int) -> bytes:
    """Rows in a form. ``total`` is how many there are on all pages; JSON tells it beside them."""
    if media == JSON:
        return _json(table, total)
    if media == CSV:
        return _csv(table)
    sink = io.BytesIO()
    if media == PARQUET:
        pq.write_table(table, sink, compression="zstd")
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


def _rows(table: pa.Table) -> Iterator[list[dict[str, Any]]]:
    # Some at a time: as Python's objects all of them would take ten times the memory.
    for batch in table.to_batches(max_chunksize=_BATCH):
        yield batch.to_pylist()


def _json(table: pa.Table, total: int) -> bytes:
    """Decimals are numbers with exactly their digits."""
    parts = [_ENCODER.encode(rows)[1:-1] for rows in _rows(table) if rows]
    return b'{"total":%d,"rows":[%s]}\n' % (total, b",".join(parts))


def _csv(table: pa.Table) -> bytes:
    """As in the publication's own files, by what writes them."""
    with duckdb.connect() as connection, NamedTemporaryFile(suffix=".csv") as file:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("answer", table)
        write_relation(connection, "answer", Path(file.name))
        return Path(file.name).read_bytes()
