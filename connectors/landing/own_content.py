"""What the rows of a pull say by themselves: without what the requests put in, in whatever order, on whatever pages.

A system that ignores a filter answers every question alike. The bytes may differ all the same: it tells the time of its
answer, or what it was asked for. So rows are compared by their own columns.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import duckdb

from connectors.landing.checks import typed_name
from connectors.landing.statement import STAGED
from connectors.source.contract import Contract

MIN_DOUBLE_ROWS = 2
"""One row may honestly be the same under two keys; two rows that are the same are a copy."""

Context = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OwnContent:
    """The good rows of one coverage on one page: how many, and the sum of their hashes."""

    seq: int
    rows: int
    digest: int


@dataclass(frozen=True)
class OwnContents:
    """The own content of a pull, by coverage.

    ``columns`` are those that were compared. ``echoed`` are left out, though records have them: in every row they hold
    what was asked for, or follow from it. Such rows may say it by themselves, or repeat what they heard.
    """

    columns: tuple[str, ...] = ()
    echoed: tuple[str, ...] = ()
    pages: Mapping[str | None, Sequence[OwnContent]] | None = None

    def sha256(self, coverage: str | None) -> str | None:
        """A hash of all rows of a coverage; None where too few came to call them a copy of others."""
        found = (self.pages or {}).get(coverage, ())
        rows = sum(page.rows for page in found)
        if rows < MIN_DOUBLE_ROWS:
            return None
        text = f"{self.columns} {rows} {sum(page.digest for page in found)}"
        return hashlib.sha256(text.encode()).hexdigest()

    def doubled(self, coverage: str | None, contexts: Mapping[int, Context]) -> set[int]:
        """Pages with the rows of an earlier page, or question, that was asked for under another context."""
        found = (self.pages or {}).get(coverage, ())
        questions: dict[Context, list[OwnContent]] = {}
        for page in found:
            questions.setdefault(contexts[page.seq], []).append(page)
        first: dict[tuple[int, int], Context] = {}
        doubled: set[int] = set()
        for context, pages in questions.items():
            for some in [*([page] for page in pages), pages]:
                rows = sum(page.rows for page in some)
                said = rows, sum(page.digest for page in some)
                if rows >= MIN_DOUBLE_ROWS and first.setdefault(said, context) != context:
                    doubled |= {page.seq for page in some}
        return doubled


def own_contents(
    connection: duckdb.DuckDBPyConnection, contract: Contract, contexts: Mapping[int, Context]
) -> OwnContents:
    """The own content of the staged rows that are good so far. ``contexts`` are those of the pages, by number."""
    own = [name for name, column in contract.landed.items() if column.context is None]
    vouched = [name for name, column in contract.landed.items() if column.context is not None and column.from_]
    echoed = _echoed(connection, own, contexts) if any(contexts.values()) else []
    columns = sorted(set(own) - set(echoed))
    if not columns:
        return OwnContents(echoed=tuple(sorted([*echoed, *vouched])))
    text = ", ".join(f"coalesce({typed_name(name)}::VARCHAR, chr(0))" for name in columns)
    query = (
        f"SELECT _coverage, _page, count(*), sum(md5_number_lower(concat_ws(chr(31), {text}))) FROM {STAGED} "
        "WHERE _reasons IS NULL GROUP BY ALL ORDER BY ALL"
    )
    found = connection.execute(query).fetchall()
    pages = {
        coverage: [OwnContent(int(seq), int(rows), int(digest)) for _, seq, rows, digest in some]
        for coverage, some in groupby(found, key=lambda row: row[0])
    }
    return OwnContents(tuple(columns), tuple(sorted([*echoed, *vouched])), pages)


def _echoed(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], contexts: Mapping[int, Context]
) -> Sequence[str]:
    """The columns that hold one and the same value on each page, and one that its request had or that no other has.

    A request for 2024-01 may come back as 1, as a date, or with the time of its answer in every row.
    """
    only = ", ".join(
        f"CASE WHEN min({name}) = max({name}) AND count({name}) = count(*) THEN min({name})::VARCHAR END"
        for name in map(typed_name, columns)
    )
    if not only:
        return []
    rows = connection.execute(f"SELECT _page, {only} FROM {STAGED} WHERE _reasons IS NULL GROUP BY _page").fetchall()
    asked = [{value for _, value in contexts[seq]} for seq, *_ in rows]
    return [
        name
        for place, name in enumerate(columns, start=1)
        if rows
        and (
            all(row[place] in values for row, values in zip(rows, asked, strict=True))
            or _told_by_question([(contexts[row[0]], row[place]) for row in rows])
        )
    ]


def _told_by_question(said: Sequence[tuple[Context, str | None]]) -> bool:
    """Whether every question of several got a value of its own, on all its pages."""
    pairs = set(said)
    questions, values = {context for context, _ in pairs}, {value for _, value in pairs}
    return None not in values and 1 < len(questions) == len(values) == len(pairs)
