"""What tells that two pulls brought the same, and what must not: asked of any rows, in any order and any split.

``content_sha256`` is about the bytes that came, page by page; the landed file's hash about rows and where they stood;
the comparison by key alone says what a reader of the figures would notice. Each is held to what it is about.
"""

import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.landing.comparing import Baseline, Comparison
from connectors.landing.counts import LandedCoverage
from connectors.landing.landing import Landing
from connectors.protocols.base import Page
from tests.connectors.landing.conftest import KEYS, page_of, source_of

QUICK = settings(max_examples=6, deadline=None, derandomize=True)
COLUMNS: dict[str, Any] = {
    "id": {"required": True},
    "nama_kecamatan": {},
    "nilai": {"type": "decimal(12,2)"},
    "hari": {"type": "date"},
}
SOURCE = source_of(COLUMNS, ["id"])
Row = dict[str, Any]

CELLS = st.fixed_dictionaries(
    {
        "nama_kecamatan": st.none() | st.text("abcÉ€ '\"", max_size=4),
        "nilai": st.none() | st.decimals(-999, 999, places=2, allow_nan=False).map(str),
        "hari": st.none() | st.dates(dt.date(1000, 1, 1)).map(str),
    }
)
ROWS = st.lists(CELLS, min_size=1, max_size=8).map(
    lambda found: [{"id": f"r{at}", **row} for at, row in enumerate(found)]
)


def split(rows: Sequence[Row], cuts: Sequence[int], **rendering: Any) -> list[Page]:
    """The rows as pages, cut at these places."""
    ends = sorted({min(cut, len(rows)) for cut in cuts} | {0, len(rows)})
    parts = [list(rows[begin:end]) for begin, end in pairwise(ends)]
    return [page_of(json.dumps(part, **rendering).encode(), seq) for seq, part in enumerate(parts)]


def land(
    pages: Sequence[Page], folder: Path, beside: Path | None = None
) -> tuple[LandedCoverage, str, Comparison | None]:
    """The counts, the hash of the landed file, and what the rows do to those of another file."""
    with Landing(SOURCE, KEYS, folder.parent) as landing:
        for page in pages:
            landing.add(page, "all", hashlib.sha256(page.body).hexdigest())
        [counts] = landing.finish()
        files = landing.write("all", folder / "rows")
        baseline = Baseline((("before", beside),), None, whole=True) if beside is not None else None
        return counts, files.rows_sha256, landing.compare("all", baseline) if baseline is not None else None


@QUICK
@given(rows=ROWS, cuts=st.lists(st.integers(1, 7), max_size=3), data=st.data())
def test_p2_rows_in_another_order_or_split_change_no_figure(
    rows: list[Row], cuts: list[int], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        first, second = Path(name, "a"), Path(name, "b")
        land(split(rows, []), first)
        again = split(data.draw(st.permutations(rows)), cuts, indent=1)
        counts, _, comparison = land(again, second, first / "rows" / "rows.parquet")
    assert (counts.landed, counts.quarantined) == (len(rows), 0)
    assert comparison == Comparison(len(rows), added=0, changed=0, removed=0, known=len(rows))


@QUICK
@given(rows=ROWS, data=st.data())
def test_any_changed_cell_is_seen_by_every_one(rows: list[Row], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(list(COLUMNS)))
    others = {"id": "other", "nama_kecamatan": "zzz", "nilai": "1000.01", "hari": "2024-02-29"}
    new = [row | {column: others[column]} if nth == at else row for nth, row in enumerate(rows)]
    if new == rows:
        new[at] = rows[at] | {column: None}
    with tempfile.TemporaryDirectory() as name:
        first, second = Path(name, "a"), Path(name, "b")
        before, before_file, _ = land(split(rows, []), first)
        after, after_file, comparison = land(split(new, []), second, first / "rows" / "rows.parquet")
    assert before.content_sha256 != after.content_sha256
    assert before_file != after_file
    assert comparison is not None
    moved = 1 if column == "id" else 0
    assert (comparison.added, comparison.removed, comparison.changed) == (moved, moved, 1 - moved)


@QUICK
@given(rows=ROWS)
def test_the_same_rows_in_other_bytes_land_as_the_same_file(rows: list[Row]) -> None:
    """A system that writes the time of its answer, or other blanks, gives other bytes and no other figure."""
    turned = [dict(reversed(row.items())) for row in rows]
    with tempfile.TemporaryDirectory() as name:
        plain, plain_file, _ = land(split(rows, []), Path(name, "a"))
        spaced, spaced_file, _ = land(split(turned, [], indent=2, ensure_ascii=False), Path(name, "b"))
    assert plain_file == spaced_file
    assert plain.content_sha256 != spaced.content_sha256


@QUICK
@given(rows=ROWS.filter(lambda rows: len(rows) > 1), cut=st.integers(1, 7))
def test_the_hash_of_what_came_is_that_of_the_pages_in_their_order(rows: list[Row], cut: int) -> None:
    pages = split(rows, [min(cut, len(rows) - 1)])
    swapped = [Page(seq, *_rest(page)) for seq, page in enumerate(reversed(pages))]
    with tempfile.TemporaryDirectory() as name:
        found = [land(one, Path(name, str(nth)))[0].content_sha256 for nth, one in enumerate((pages, pages, swapped))]
        whole = land(split(rows, []), Path(name, "whole"))[0].content_sha256
    assert found[0] == found[1]
    assert len({found[0], found[2], whole}) == 3


def _rest(page: Page) -> tuple[Any, ...]:
    return page.body, page.records, page.records_path, page.context, page.request, page.status, page.ms
