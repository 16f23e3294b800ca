"""The one statement that lands a chunk of pages: parse, cast, judge, pseudonymise, in a single pass.

Layers: ``rec`` (the parsed record) -> raw texts -> typed values -> judged rows -> what of a refused row may be shown ->
staged rows. A row is judged by one boolean; its reasons and its record are built only where that boolean is true, so a
good row pays for neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from connectors.landing import checks
from connectors.landing.answers import answer_checks
from connectors.landing.casts import Cast, cast, clean
from connectors.landing.checks import Check, moment_name, number_name, raw_name, said_name, typed_name
from connectors.landing.fields import Field, doubled_members, fields, structure
from connectors.landing.pagetable import PAGES, SLOT_STEP
from connectors.landing.paths import RecordsPath
from connectors.landing.personal import is_suspicious, pseudonym
from connectors.landing.refused import REASONS, Refused
from connectors.protocols.base import UNREADABLE
from connectors.source.contract import Contract
from connectors.source.ratios import broken
from connectors.source.source import GRAIN_PATTERNS, Grain
from ledger.sql import any_of, identifier, literal

STAGED = "staged"


@dataclass(frozen=True)
class Statement:
    """The landing statement of one contract; the coverage comes from the page, or from ``coverage_column``."""

    contract: Contract
    grain: Grain = "all"
    coverage_column: str | None = None

    @cached_property
    def _fields(self) -> dict[str, Field]:
        return dict(fields(self.contract))

    @cached_property
    def _casts(self) -> dict[str, Cast]:
        return {
            name: cast(
                raw_name(name),
                column,
                moment_name(name),
                number_name(name) if self._fields[name].is_number is not None else None,
            )
            for name, column in self.contract.landed.items()
        }

    @property
    def needs_key(self) -> bool:
        """Whether the statement binds the pseudonym key's pads."""
        return any(column.pseudonym for column in self.contract.landed.values())

    def create_table(self, name: str) -> str:
        """A table with the columns of staged rows. A row with reasons is quarantined and has no typed values."""
        columns = [f"{typed_name(name)} {column.sql_type.sql}" for name, column in self.contract.landed.items()]
        fixed = [
            "_page INTEGER",
            "_row BIGINT",
            "_coverage VARCHAR",
            "_record VARCHAR",
            f"_reasons {REASONS}",
            "_flags VARCHAR[]",
        ]
        return f"CREATE TABLE {name} ({', '.join(columns + fixed)})"

    def rows(self, path: RecordsPath, *, unreadable: bool = False) -> str:
        """Every record of the pages table as a staged row; ``unreadable`` as in ``structure``."""
        landed = self.contract.landed
        refused = Refused(self.contract, self._checks, self._empty())
        values = []
        for name, column in landed.items():
            value = pseudonym(typed_name(name)) if column.pseudonym else typed_name(name)
            values.append(f"CASE WHEN _bad THEN NULL ELSE {value} END AS {typed_name(name)}")
        values += [
            "_page::INTEGER AS _page",
            "_row::BIGINT AS _row",
            f"{self._coverage()} AS _coverage",
            f"CASE WHEN _bad THEN {refused.record()} END AS _record",
            f"CASE WHEN _bad THEN {refused.reasons()} END AS _reasons",
            f"CASE WHEN NOT _bad THEN {self._flags()} END AS _flags",
        ]
        judged = f"SELECT *, {self._bad()} AS _bad FROM ({self._typed(path, unreadable)})"
        return f"SELECT {', '.join(values)} FROM ({refused.looked_at(judged)})"

    def _typed(self, path: RecordsPath, unreadable: bool) -> str:
        typed = [f"{self._casts[name].value} AS {typed_name(name)}" for name in self.contract.landed]
        moments = "".join(f", {one.moment} AS {moment_name(name)}" for name, one in self._casts.items() if one.moment)
        return f"SELECT *, {', '.join(typed)} FROM (SELECT *{moments} FROM ({self._raw(path, unreadable)}))"

    def _raw(self, path: RecordsPath, unreadable: bool) -> str:
        columns = ["seq AS _page", "base + ord - 1 AS _row", "coverage AS _coverage"]
        doubled = any_of(["list_contains($doubled::BIGINT[], place + ord)", *doubled_members(self.contract)])
        columns.append(f"{doubled} AS _doubled_field")
        columns.append(f"{f'rec.{identifier(UNREADABLE)}' if unreadable else 'NULL::VARCHAR'} AS _unreadable")
        for name, column in self.contract.landed.items():
            field = self._fields[name]
            text = clean(field.raw, column, in_key=name in self.contract.key)
            columns.append(f"{text} AS {raw_name(name)}")
            if field.is_number is not None:
                columns.append(f"coalesce({field.is_number}, false) AS {number_name(name)}")
            if field.said is not None:
                columns.append(f"{field.said} AS {said_name(name)}")
        return f"SELECT {', '.join(columns)} FROM ({self._records(path, unreadable)})"

    def _records(self, path: RecordsPath, unreadable: bool) -> str:
        shape = literal(structure(self.contract, path, unreadable=unreadable))
        source = "body" if path.members is not None else f"json_extract(body, {literal(path.array)})"
        # A page in which every record has the same fields is read strictly: a field given twice is then an error.
        regular = "list_extract($regular::BOOLEAN[], slot)"
        read = f"({source}, {shape})"
        parsed = f"CASE WHEN {regular} THEN from_json_strict{read} ELSE from_json{read} END"
        array = parsed + "".join(f".{identifier(name)}" for name in path.members or ())
        record = "item" + "".join(f".{identifier(name)}" for name in path.inside)
        contexts = sorted({f.raw for n, f in self._fields.items() if self.contract.landed[n].context is not None})
        carried = ", ".join(["seq", "coverage", "base", "place", *contexts])
        looked_up = ", ".join(
            [
                "seq",
                "coverage",
                "list_extract($base::BIGINT[], slot) AS base",
                f"slot * {SLOT_STEP} AS place",
                *contexts,
            ]
        )
        pages = f"SELECT {looked_up}, {array} AS list FROM {PAGES}"
        items = f"SELECT {carried}, unnest(list) AS item, generate_subscripts(list, 1) AS ord FROM ({pages})"
        return f"SELECT {carried}, ord, {record} AS rec FROM ({items})"

    def _coverage(self) -> str:
        if self.coverage_column is None:
            return "_coverage"
        value = typed_name(self.coverage_column)
        label = f"{value}::VARCHAR"
        if self.contract.landed[self.coverage_column].sql_type.kind in ("date", "timestamp"):
            column = self.contract.landed[self.coverage_column]
            if column.sql_type.kind == "timestamp":
                value = f"timezone({literal(column.timezone or 'UTC')}, {value})"
            label = f"strftime({value}, {literal('%Y-%m' if self.grain == 'month' else '%Y')})"
        return f"CASE WHEN regexp_full_match({label}, {literal(GRAIN_PATTERNS[self.grain])}) THEN {label} END"

    # -- judging --------------------------------------------------------------------------------------------------

    @cached_property
    def _checks(self) -> tuple[Check, ...]:
        answered = self.contract.answers
        return (*self._column_checks(), *(answer_checks(answered) if answered is not None else ()))

    def _column_checks(self) -> Iterator[Check]:
        contract = self.contract
        scanned = set(checks.scanned(contract))
        for name, column in contract.landed.items():
            yield from checks.column_checks(name, column, self._casts[name], name in contract.key)
            if name in scanned:
                yield from checks.scan_checks(name, column)
            yield from checks.card_checks(name, column)
            if column.pseudonym:
                yield checks.broken_pseudonym(name)
            if self._fields[name].said is not None:
                yield checks.context_check(name)
        for rule in contract.rules:
            if rule.on_fail == "quarantine":
                yield checks.rule_check(rule.parsed, contract)
        for ratio in contract.ratios:
            if ratio.on_fail == "quarantine":
                yield checks.ratio_check(ratio, contract)
        if self.coverage_column is not None:
            raw, expected = raw_name(self.coverage_column), f"a coverage of grain {self.grain}"
            unclear = (
                f"{raw} IS NOT NULL AND {typed_name(self.coverage_column)} IS NOT NULL AND {self._coverage()} IS NULL"
            )
            yield Check(unclear, literal("coverage"), self.coverage_column, raw, expected)
        yield Check("_doubled_field", literal("doubled_field"), "", None, "every field once in a record")

    def _flags(self) -> str:
        """The names of what a good row breaks all the same: rules and ratios that only flag."""
        landed = self.contract.landed
        named = [
            (rule.rule, f"NOT ({checks.comparison(rule.parsed, landed)})") for rule in self.contract.flagging_rules
        ]
        named += [(ratio.name, broken(ratio, landed)) for ratio in self.contract.flagging_ratios]
        listed = ", ".join(f"CASE WHEN {condition} THEN {literal(name)} END" for name, condition in named)
        return f"list_filter([{listed}], lambda name: name IS NOT NULL)::VARCHAR[]" if named else "[]::VARCHAR[]"

    def _empty(self) -> str:
        read = [raw_name(name) for name, column in self.contract.landed.items() if column.context is None]
        return f"coalesce({', '.join(read)}) IS NULL" if read else "false"

    def _bad(self) -> str:
        # The scanner's regular expression runs once over all texts of the row, not once per column.
        landed = self.contract.landed
        texts = [name for name in checks.scanned(self.contract) if not landed[name].sql_type.numeric]
        slow = {check.condition for name in texts for check in checks.scan_checks(name, landed[name])}
        quick = [check.condition for check in self._checks if check.condition not in slow]
        if texts:
            quick.append(is_suspicious(f"concat_ws(chr(10), {', '.join(map(raw_name, texts))})"))
        return any_of([*quick, self._empty(), "_unreadable IS NOT NULL"])
