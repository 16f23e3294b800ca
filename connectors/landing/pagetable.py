"""A chunk of pages inside DuckDB, and what is found out about each before its records are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from connectors.landing.exact import rewrite, risk_pattern
from connectors.landing.fields import context_column, read_fields
from connectors.landing.paths import NDJSON, RecordsPath, parse_path
from connectors.protocols.base import Page
from connectors.source.contract import Contract
from ledger.errors import SourceError
from ledger.sql import any_of, literal

PAGES = "pages"
SLOT_STEP = 2**40
"""A record's place in a chunk is its page's slot times this, plus its number in the page."""

BOM = b"\xef\xbb\xbf"

# One text per line becomes one array; a line that is not JSON becomes null, which is quarantined like any non-object.
_LINES_TO_ARRAY = (
    "'[' || array_to_string(list_transform("
    "list_filter(string_split(body, chr(10)), lambda line: trim(line, ' ' || chr(13) || chr(9)) <> ''), "
    "lambda line: CASE WHEN json_valid(line) THEN line ELSE 'null' END), ',') || ']'"
)


@dataclass(frozen=True)
class PageFacts:
    """Records in a page, names of their fields, and which records (from 1) give a field twice.

    ``regular``: every record has the same fields, every declared one among them. ``widths`` are the lengths of records
    that are arrays. ``risky``: numbers in it may have to be rewritten first.
    """

    seq: int
    rows: int
    names: frozenset[str] = frozenset()
    widths: frozenset[int] = frozenset()
    regular: bool = False
    doubled: tuple[int, ...] = ()
    risky: bool = False


class PageTable:
    """Loads pages that share one records path, and looks at them.

    The table is a temporary one: each cursor of a database has its own.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract, contexts: Sequence[str]) -> None:
        self.connection = connection
        self._contract = contract
        self._contexts = tuple(contexts)
        self._needed = read_fields(contract)
        self._risk = risk_pattern(contract)
        columns = "".join(f", {context_column(name)} VARCHAR" for name in self._contexts)
        self._unrewritten: dict[int, str] = {}
        self._columns = f"slot INTEGER, seq INTEGER, body VARCHAR, coverage VARCHAR{columns}"
        self.clear()

    def load(self, pages: Sequence[Page], coverages: Sequence[str | None]) -> tuple[RecordsPath, list[PageFacts]]:
        """Fill the table with pages of one records path, mended where they need it. Raises SourceError (damaged)."""
        self._fill(pages, coverages)
        path = self._as_arrays(pages[0].records_path)
        facts = self._look(path)
        facts = {page.seq: self._mended(page, facts[page.seq], path) for page in pages}
        return path, [replace(facts[page.seq], doubled=self._doubled(facts[page.seq], path)) for page in pages]

    @staticmethod
    def parameters(bases: Mapping[int, int], facts: Sequence[PageFacts]) -> dict[str, object]:
        """What the landing statement looks up by a page's slot: its first row's number, and how it is to be parsed."""
        return {
            "base": [bases[fact.seq] for fact in facts],
            "regular": [fact.regular for fact in facts],
            "doubled": [slot * SLOT_STEP + nth for slot, fact in enumerate(facts, start=1) for nth in fact.doubled],
        }

    def distrust(self, facts: Sequence[PageFacts], path: RecordsPath) -> list[PageFacts]:
        """The facts without ``regular``: every record is then asked whether it gives a field twice."""
        doubting = [replace(fact, regular=False) for fact in facts]
        return [replace(fact, doubled=self._doubled(fact, path)) for fact in doubting]

    def clear(self) -> None:
        """Forget the pages. A table that is only emptied keeps the memory of its texts."""
        self._unrewritten.clear()
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {PAGES} ({self._columns})")

    def unrewritten(self, seq: int) -> str | None:
        """The text of a page before its numbers were written as texts; None of a page that stands as it came."""
        return self._unrewritten.get(seq)

    def _fill(self, pages: Sequence[Page], coverages: Sequence[str | None]) -> None:
        self.clear()
        rows: list[list[object]] = []
        for slot, (page, coverage) in enumerate(zip(pages, coverages, strict=True), start=1):
            # Bytes that are no UTF-8 become U+FFFD: the rows that hold one are quarantined, the others land.
            body = page.records.removeprefix(BOM).decode("utf-8", "replace")
            rows.append([slot, page.seq, body, coverage, *(page.context[name] for name in self._contexts)])
        marks = ", ".join("?" * (4 + len(self._contexts)))
        self.connection.executemany(f"INSERT INTO {PAGES} VALUES ({marks})", rows)

    def _as_arrays(self, records_path: str) -> RecordsPath:
        if records_path == NDJSON:
            self.connection.execute(f"UPDATE {PAGES} SET body = {_LINES_TO_ARRAY}")
            return parse_path("$")
        return parse_path(records_path)

    # -- looking --------------------------------------------------------------------------------------------------

    def _look(self, path: RecordsPath, where: str = "true") -> dict[int, PageFacts]:
        """Per page: its records, the names of their fields, and how many fields (and different ones) records have."""
        rows = self.connection.execute(self._looking(path, where), {"risk": self._risk}).fetchall()
        facts = {}
        for seq, found, listed, names, widths, risky in rows:
            count = -1 if listed is None or found is None else int(found)
            if self._contract.positional:
                fact = PageFacts(seq, count, widths=frozenset(widths or ()), risky=risky)
            else:
                known = frozenset(names or ())
                same = listed == count > 0 and self._needed <= known and set(widths) == {len(known)}
                fact = PageFacts(seq, count, names=known, regular=same, risky=risky)
            facts[seq] = fact
        return facts

    def _looking(self, path: RecordsPath, where: str) -> str:
        each = literal(path.each)
        if self._contract.positional:
            keys = f"list_transform(TRY(json_extract(body, {each})), lambda record: json_array_length(record))"
            shapes, names, widths = "list_distinct(keys)", "NULL", "shapes"
        else:
            # Records mostly have the same fields in the same order: what is left to look at is one list of names.
            keys = f"TRY(json_keys(body, {each}))"
            shapes, names = "list_distinct(keys)", "list_distinct(flatten(shapes))"
            widths = (
                "list_distinct(flatten(list_transform(shapes, lambda shape: [len(shape), len(list_distinct(shape))])))"
            )
        # Counted by the array itself where records lie deeper: an element without one is a row too.
        count = f"TRY(json_array_length(body, {literal(path.array)}))" if path.inside else "len(keys)"
        looked = f"SELECT seq, body, {keys} AS keys, regexp_matches(body, $risk) AS risky FROM {PAGES} WHERE {where}"
        return (
            f"SELECT seq, count, listed, {names}, {widths}, risky FROM "
            f"(SELECT seq, {count} AS count, len(keys) AS listed, {shapes} AS shapes, risky FROM ({looked}))"
        )

    def _doubled(self, fact: PageFacts, path: RecordsPath) -> tuple[int, ...]:
        if fact.regular or fact.rows == 0 or self._contract.positional:
            return ()
        inside, on_the_way = "$", []
        for name in path.inside:
            listed = f"json_keys(records[nth], {literal(inside)})"
            on_the_way.append(f"len(list_filter({listed}, lambda name: name = {literal(name)})) > 1")
            inside += f'."{name}"'
        twice = any_of([*on_the_way, "len(keys[nth]) <> len(list_distinct(keys[nth]))"])
        row = self.connection.execute(
            f"SELECT list_filter(range(1, len(keys) + 1), lambda nth: {twice}) "
            "FROM (SELECT records, "
            f"list_transform(records, lambda record: json_keys(record, {literal(inside)})) AS keys "
            f"FROM (SELECT json_extract(body, {literal(path.array + '[*]')}) AS records FROM {PAGES} WHERE seq = ?))",
            [fact.seq],
        ).fetchone()
        return tuple(row[0] or ()) if row is not None else ()

    # -- mending --------------------------------------------------------------------------------------------------

    def _mended(self, page: Page, fact: PageFacts, path: RecordsPath) -> PageFacts:
        unreadable = fact.rows < 0
        if unreadable or fact.risky:
            came = self._body(page.seq)
            body = rewrite(came, path, self._contract)
            if body is None:
                raise _damaged(page, "is not JSON")
            self._unrewritten[page.seq] = came
            self._replace(page.seq, body)
            fact = replace(self._look(path, f"seq = {page.seq}")[page.seq], risky=False)
        return fact if fact.rows > 0 else self._few(page, path)

    def _few(self, page: Page, path: RecordsPath) -> PageFacts:
        """A page without an array of records: an empty one, a single object, or something else than promised."""
        row = self.connection.execute(
            f"SELECT json_type(body, {literal(path.array)}), json_extract(body, {literal(path.array)})::VARCHAR "
            f"FROM {PAGES} WHERE seq = ?",
            [page.seq],
        ).fetchone()
        kind, found = row if row is not None else (None, None)
        if kind == "ARRAY":
            return PageFacts(page.seq, 0)
        if kind != "OBJECT" or path.members is None or self._contract.positional:
            raise _damaged(page, f"has no records at {page.records_path} (found: {(kind or 'nothing').lower()})")
        body = f"[{found}]"
        for name in reversed(path.members):
            body = "{" + _quoted(name) + ":" + body + "}"
        self._replace(page.seq, body)
        return self._look(path, f"seq = {page.seq}")[page.seq]

    def _body(self, seq: int) -> str:
        row = self.connection.execute(f"SELECT body FROM {PAGES} WHERE seq = ?", [seq]).fetchone()
        return str(row[0]) if row is not None else ""

    def _replace(self, seq: int, body: str) -> None:
        self.connection.execute(f"UPDATE {PAGES} SET body = ? WHERE seq = ?", [body, seq])


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _damaged(page: Page, what: str) -> SourceError:
    return SourceError(
        "damaged",
        f"page {page.seq} {what}",
        where=page.request,
        do="Compare the page with the protocol's `records` argument",
    )
