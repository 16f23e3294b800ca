"""What is kept of a refused row: its reasons and its record, with whatever may be a person's masked."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.landing.checks import Check, identity_name, raw_name, typed_name
from connectors.landing.personal import MASK, has_identity, has_private_number, masked, pseudonym
from connectors.protocols.base import UNREADABLE_FORM
from connectors.source.contract import Contract
from ledger.sql import any_of, identifier, literal

REASONS = "STRUCT(rule VARCHAR, field VARCHAR, value VARCHAR, expected VARCHAR)[]"
RECORD_LIMIT = 2000
VALUE_LIMIT = 120


@dataclass(frozen=True)
class Refused:
    """SQL over judged rows (``_bad``). ``empty`` is the condition of a record without any declared field."""

    contract: Contract
    checks: Sequence[Check]
    empty: str

    def looked_at(self, judged: str) -> str:
        """The judged rows with what ``reasons`` and ``record`` need to know of a refused row's texts.

        To get one search for a person's number ready takes as long as to search a thousand texts: so one search of each
        kind goes over all columns.
        """
        names = [name for name, column in self.contract.landed.items() if not column.pseudonym]
        if not names:
            return f"SELECT *, false AS _suspect FROM ({judged})"
        texts = f"[{', '.join(map(raw_name, names))}]"
        ids = f"list_transform({texts}, lambda value: {has_identity('value')})"
        private = has_private_number("value", self.contract.has_persons)
        numbers = f"list_transform({texts}, lambda value: {private})"
        searched = (
            f"SELECT *, CASE WHEN _bad THEN {ids} END AS _ids, CASE WHEN _bad THEN {numbers} END AS _numbers "
            f"FROM ({judged})"
        )
        told = ", ".join(
            f"_ids[{nth}] AS {identity_name(name)}, CASE WHEN _bad THEN "
            f"CASE WHEN _ids[{nth}] OR _numbers[{nth}] THEN {literal(MASK)} ELSE {raw_name(name)} END END "
            f"AS {_shown_name(name)}"
            for nth, name in enumerate(names, start=1)
        )
        suspect = f"CASE WHEN _bad THEN {self._suspect()} END" if self.contract.has_persons else "false"
        return f"SELECT *, {suspect} AS _suspect FROM (SELECT *, {told} FROM ({searched}))"

    def reasons(self) -> str:
        """Every reason of a refused row."""
        tame = f"regexp_full_match(_unreadable, {literal(UNREADABLE_FORM)})"
        said = f"CASE WHEN {tame} THEN _unreadable ELSE {literal(MASK)} END"
        torn = _reason(literal("unreadable"), literal(""), said, literal("a row that fits the header"))
        whole = _reason(
            literal("empty_record"), literal(""), "NULL", literal("an object with at least one declared field")
        )
        listed = ", ".join(
            f"CASE WHEN {check.condition} THEN "
            + _reason(check.rule, literal(check.field), self._value(check), self._expected(check))
            + " END"
            for check in self.checks
        )
        return (
            f"CASE WHEN _unreadable IS NOT NULL THEN [{torn}] WHEN {self.empty} THEN [{whole}] "
            f"ELSE list_filter([{listed}], lambda reason: reason IS NOT NULL) END::{REASONS}"
        )

    def record(self) -> str:
        """The record of a refused row as JSON: pseudonyms where they are declared, masks where a person may stand."""
        parts = []
        for name, column in self.contract.landed.items():
            raw = raw_name(name)
            if column.pseudonym:
                kept = pseudonym(f"coalesce({typed_name(name)}, {raw})")
            else:
                kept = f"left({_shown_name(name)}, {RECORD_LIMIT})"
                if self.contract.has_persons and column.context is None:
                    kept = f"CASE WHEN _suspect AND {raw} IS NOT NULL THEN {literal(MASK)} ELSE {kept} END"
            parts.append(f"{literal(name)}, {kept}")
        return f"json_object({', '.join(parts)})::VARCHAR"

    def _value(self, check: Check) -> str:
        if check.value is None:
            hidden = check.field and check.rule != literal("required")
            return literal(MASK) if hidden else "NULL"
        if check.value == raw_name(check.field):
            value = f"left({_shown_name(check.field)}, {VALUE_LIMIT})"
        else:
            value = f"left({masked(check.value, self.contract.has_persons)}, {VALUE_LIMIT})"
        return f"CASE WHEN _suspect THEN {literal(MASK)} ELSE {value} END" if self.contract.has_persons else value

    def _expected(self, check: Check) -> str:
        if check.readings is None or check.value is None:
            return literal(check.expected)
        shown = f"NOT _suspect AND {_shown_name(check.field)} = {check.value}"
        return f"coalesce(CASE WHEN {shown} THEN {check.readings} END, {literal(check.expected)})"

    def _suspect(self) -> str:
        """Whether a person's name or number may stand in the wrong column of this row (shifted columns do that).

        Then nothing of the row's text is kept: the page and row number lead whoever may see it to the original.
        """
        signs = []
        for name, column in self.contract.landed.items():
            raw = raw_name(name)
            if column.kind is not None:
                signs.append(f"{typed_name(name)} IS NULL AND {_lettered(raw)}")
            if column.pseudonym and column.pattern is not None:
                signs.append(f"NOT regexp_matches({raw}, {literal(column.pattern)}) AND {_lettered(raw)}")
            if column.sql_type.kind != "string" and column.context is None:
                signs.append(f"{typed_name(name)} IS NULL AND {_lettered(raw)}")
            if column.values is not None:
                allowed = ", ".join(map(literal, column.values))
                signs.append(f"{raw} NOT IN ({allowed}) AND {_named(raw)}")
            elif column.sql_type.kind == "string" and column.pattern is not None and not column.pseudonym:
                signs.append(f"NOT regexp_matches({raw}, {literal(column.pattern)}) AND {_named(raw)}")
        signs += [check.condition for check in self.checks if check.rule == literal("personal_undeclared")]
        return any_of(signs)


def _shown_name(name: str) -> str:
    """The column holding a refused text, masked where it may hold a person's number."""
    return identifier(f"shown.{name}")


def _lettered(raw: str) -> str:
    return f"regexp_matches({raw}, '[[:alpha:]]{{2}}')"


def _named(raw: str) -> str:
    """A word long enough to be a name, where a category or a code was due."""
    return f"regexp_matches({raw}, '[[:alpha:]]{{4}}')"


def _reason(rule: str, field: str, value: str, expected: str) -> str:
    return f"{{'rule': {rule}, 'field': {field}, 'value': {value}, 'expected': {expected}}}"
