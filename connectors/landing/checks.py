"""What must hold for a row, as SQL conditions that are true where it does not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.landing.casts import Cast
from connectors.landing.personal import has_broken_text, is_card, is_identity
from connectors.protocols.base import REFUSED_CELL
from connectors.source.columns import Column, Keep, Ratio
from connectors.source.contract import Contract
from connectors.source.decimals import common_type, sides
from connectors.source.ratios import broken
from connectors.source.rules import Comparison
from ledger.sql import identifier, literal

LONG_NUMBER = 16
_TEXT_WANTED = "text in UTF-8 without NUL, as the file shows it"


@dataclass(frozen=True)
class Check:
    """One condition under which a row is held back. ``rule``, ``value`` are SQL; ``value`` None means not shown.

    ``readings`` is SQL that may say more of the value than ``expected``; where the value is not shown, nor is it.
    """

    condition: str
    rule: str
    field: str
    value: str | None
    expected: str
    readings: str | None = None


def raw_name(name: str) -> str:
    """The column holding a landed column's cleaned text."""
    return identifier(f"raw.{name}")


def moment_name(name: str) -> str:
    """The column holding what a text says as a date and a time, before it is looked at more closely."""
    return identifier(f"moment.{name}")


def number_name(name: str) -> str:
    """The column telling whether JSON gave a number."""
    return identifier(f"number.{name}")


def said_name(name: str) -> str:
    """The column holding what the record says where the request decides."""
    return identifier(f"said.{name}")


def typed_name(name: str) -> str:
    """The column holding a landed column's value."""
    return identifier(name)


def identity_name(name: str) -> str:
    """The column telling, of a refused row, whether a text holds a number with the form of a NIK."""
    return identifier(f"identity.{name}")


def column_checks(name: str, column: Column, cast: Cast, in_key: bool) -> Iterator[Check]:
    """Everything that one column's own declaration asks for."""
    raw, value = raw_name(name), typed_name(name)
    shown = None if column.pseudonym else raw
    if column.required or in_key:
        yield Check(f"{raw} IS NULL", literal("required"), name, None, "a value")
    if column.sql_type.kind != "string" or column.kind is not None:
        unread = f"{raw} IS NOT NULL AND {value} IS NULL"
        yield Check(unread, cast.rule, name, shown, cast.expected, cast.readings)
    if column.sql_type.kind == "string" and _excused(column):  # nobody else looks through these texts
        yield refused_cell(name, shown)
    if column.pattern is not None:
        # Of a pseudonym the whole text, also where its pattern has alternatives: ^A[0-9]+|B[0-9]+$.
        matches = "regexp_full_match" if column.pseudonym else "regexp_matches"
        matched = f"{matches}({raw}, {literal(column.pattern)})"
        yield Check(f"NOT {matched}", literal("pattern"), name, shown, f"the form {column.pattern}")
    if column.values is not None:
        allowed = ", ".join(map(literal, column.values))
        yield Check(f"{raw} NOT IN ({allowed})", literal("values"), name, shown, f"one of: {', '.join(column.values)}")
    unit = f" {column.unit}" if column.unit else ""
    if column.min is not None:
        yield Check(
            f"{value} < {_bound(column, column.min)}", literal("min"), name, shown, f"at least {column.min}{unit}"
        )
    if column.max is not None:
        yield Check(
            f"{value} > {_bound(column, column.max)}", literal("max"), name, shown, f"at most {column.max}{unit}"
        )


def scanned(contract: Contract) -> list[str]:
    """Columns in which nobody expects an identity number: not declared personal, or kept without saying their form."""
    return [name for name, column in contract.landed.items() if _unexpected(column) and _holds_16_digits(column)]


def scan_checks(name: str, column: Column) -> Iterator[Check]:
    """A person's number where none was declared, and text that was broken on its way.

    Texts have been looked through when this is asked: of a refused row it is known which column holds the number.
    """
    raw = raw_name(name)
    identity = is_identity(f"{typed_name(name)}::VARCHAR") if column.sql_type.numeric else identity_name(name)
    yield Check(identity, literal("personal_undeclared"), name, None, "no number with the form of a NIK")
    yield _broken(name, raw)


def card_checks(name: str, column: Column) -> Iterator[Check]:
    """The number of a card in a column of numbers, where nobody expects one."""
    if column.sql_type.numeric and _unexpected(column):
        yield Check(is_card(raw_name(name)), literal("personal_undeclared"), name, None, "no number of a card")


def broken_pseudonym(name: str) -> Check:
    """A personal value with broken characters would become the pseudonym of nobody."""
    return _broken(name, None)


def refused_cell(name: str, shown: str | None) -> Check:
    """A workbook's cell that the column does not provide for: a date in a text, a number that shows as another."""
    return Check(_is_refused_cell(name), literal("cell"), name, shown, _TEXT_WANTED)


def _broken(name: str, shown: str | None) -> Check:
    """Text that was broken on its way, or that stands for a cell which the column does not provide for."""
    rule = f"CASE WHEN {_is_refused_cell(name)} THEN 'cell' ELSE 'encoding' END"
    return Check(has_broken_text(raw_name(name)), rule, name, shown, _TEXT_WANTED)


def _is_refused_cell(name: str) -> str:
    return f"starts_with({raw_name(name)}, {literal(REFUSED_CELL)})"


def context_check(name: str) -> Check:
    """A record about something else than was asked for."""
    said, asked = said_name(name), raw_name(name)
    return Check(f"{said} IS DISTINCT FROM {asked}", literal("context"), name, said, "what was asked for")


def rule_check(rule: Comparison, contract: Contract) -> Check:
    """A comparison within the row. A missing value breaks no rule."""
    value = _stated(rule.columns)
    private = any(contract.landed[name].pseudonym for name in rule.columns)
    broken_rule = f"NOT ({comparison(rule, contract.landed)})"
    return Check(broken_rule, literal("rule"), rule.left[0], None if private else value, rule.source)


def ratio_check(ratio: Ratio, contract: Contract) -> Check:
    """A published rate that does not follow from its own parts."""
    return Check(broken(ratio, contract.landed), literal("ratio"), ratio.value, _stated(ratio.columns), ratio.formula)


def comparison(rule: Comparison, columns: Mapping[str, Column]) -> str:
    """The rule as SQL over typed columns."""
    if rule.adds:
        left, right = sides(rule, columns)
        kind = common_type((left, right))
        return f"CAST({left.sql} AS {kind}) {rule.op} CAST({right.sql} AS {kind})"
    if rule.right:
        compared = typed_name(rule.right[0])
    elif rule.number is not None:
        compared = f"{rule.number:f}"
    else:
        compared = literal(rule.text or "")
    return f"{typed_name(rule.left[0])} {rule.op} {compared}"


def _stated(names: Sequence[str]) -> str:
    return " || ', ' || ".join(f"{literal(f'{name} = ')} || {raw_name(name)}" for name in names)


def _bound(column: Column, bound: str) -> str:
    return f"DATE {literal(bound)}" if column.sql_type.kind == "date" else bound


def _unexpected(column: Column) -> bool:
    return column.context is None and not column.pseudonym and not _excused(column)


def _excused(column: Column) -> bool:
    return isinstance(column.personal, Keep) and column.pattern is not None


def _holds_16_digits(column: Column) -> bool:
    kind = column.sql_type
    if kind.kind == "decimal":
        return kind.precision - kind.scale >= LONG_NUMBER
    return kind.kind in ("string", "bigint")
