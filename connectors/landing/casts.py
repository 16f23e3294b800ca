"""Per type: from text to value, exactly or not at all. What cannot be read exactly becomes NULL, with a reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from connectors.landing.numbers import Numbers
from connectors.landing.personal import normalised
from connectors.protocols.blanks import may_begin_blank, may_have_blanks, may_hold_blanks, stripped, visible
from connectors.source.columns import Column, has_short_year
from connectors.source.months import ENGLISH_OF, has_month_word
from ledger.sql import literal

_OFFSET = r"(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)"
_STAMP = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0*)?)?"
_FIRST_YEAR = 1000
"""strptime's %Y reads '24' as the year 24; no record here is about the first millennium."""


@dataclass(frozen=True)
class Cast:
    """``value`` is the typed SQL expression; ``expected`` says in words what would have been read.

    ``rule`` names, as SQL text, which rule an unreadable value broke. ``readings`` is SQL that says it better than
    ``expected`` where a value has two readings, and NULL elsewhere. ``moment`` is a step on the way that ``value``
    names several times: in a column of its own it is taken once.
    """

    value: str
    expected: str
    rule: str = "'type'"
    readings: str | None = None
    moment: str | None = None


def clean(raw: str, column: Column, *, in_key: bool = False) -> str:
    """The text of a field without what the contract declares as empty of meaning. Blank is no value.

    What stands in a key, and what becomes a pseudonym, is trimmed undeclared: with or without blanks it is the same.
    The text of a key lands as it is seen, so that it is one key in every batch.
    """
    bare = _without_affixes(raw, column)
    if in_key and column.sql_type.kind == "string" and not column.pseudonym:
        return f"CASE WHEN {may_hold_blanks(bare)} THEN nullif({stripped(visible(bare))}, '') ELSE {bare} END"
    if column.trim or in_key or column.pseudonym or column.sql_type.kind != "string" or column.prefix or column.suffix:
        return f"CASE WHEN {may_have_blanks(bare)} THEN nullif({stripped(bare)}, '') ELSE {bare} END"
    return f"CASE WHEN {may_begin_blank(bare)} THEN CASE WHEN {stripped(bare)} <> '' THEN {bare} END ELSE {bare} END"


def _without_affixes(raw: str, column: Column) -> str:
    if column.prefix:
        text = _trimmed(raw)
        rest = f"substr({text}, {len(column.prefix) + 1})"
        raw = f"CASE WHEN starts_with({text}, {literal(column.prefix)}) THEN {rest} ELSE {raw} END"
    if not any(column.suffixes):
        return raw
    text = _trimmed(raw)
    cuts = (
        f"WHEN ends_with({text}, {literal(suffix)}) THEN left({text}, length({text}) - {len(suffix)})"
        for suffix in column.suffixes
    )
    return f"CASE {' '.join(cuts)} ELSE {raw} END"


def _trimmed(raw: str) -> str:
    return f"CASE WHEN {may_have_blanks(raw)} THEN {stripped(raw)} ELSE {raw} END"


def cast(x: str, column: Column, moment: str, is_number: str | None = None) -> Cast:
    """The cast of cleaned text ``x``. ``is_number`` is SQL telling whether JSON gave a number, not a text.

    ``moment`` is what the value will call its step on the way, if it has one.
    """
    kind = column.sql_type.kind
    if column.identifier is not None:
        return Cast(normalised(x, column.identifier), column.identifier.words, "'kind'")
    if kind == "string":
        return Cast(x, "text")
    if kind == "boolean":
        return Cast(f"CASE lower({x}) WHEN 'true' THEN true WHEN 'false' THEN false END", "true or false")
    if kind == "date":
        return _date(x, column, moment)
    if kind == "timestamp":
        return _timestamp(x, column, moment)
    return _number(x, column, is_number)


def _number(x: str, column: Column, is_number: str | None) -> Cast:
    numbers = Numbers(column)
    text, rule, readings = numbers.value(x), numbers.rule(x), numbers.readings(x)
    if is_number is not None:
        text = f"CASE WHEN {is_number} THEN {numbers.value_of_json(x)} ELSE {text} END"
        rule = f"CASE WHEN {is_number} THEN {numbers.rule_of_json(x)} ELSE {rule} END"
        readings = readings and f"CASE WHEN NOT {is_number} THEN {readings} END"
    return Cast(text, numbers.words, rule, readings)


def _date(x: str, column: Column, moment: str) -> Cast:
    formats = column.formats or ("%Y-%m-%d",)
    whole_day = f"{moment} = date_trunc('day', {moment}) AND year({moment}) >= {_FIRST_YEAR}"
    return Cast(
        f"CASE WHEN {_in_form(x, formats)} AND {whole_day} THEN {moment}::DATE END",
        f"a date like {' or '.join(_example(form, column.locale) for form in formats)}",
        moment=_parsed_in_century(x, column) if column.short_years else _parsed(x, formats, column.locale),
    )


def _parsed_in_century(x: str, column: Column) -> str:
    """The moment that a text says, where some format has a year of two digits: it lies in the declared hundred years.

    The 29 February of a year that has none in its own century is no day.
    """
    first, after = column.short_years or (date.min, date.max)
    short = [form for form in column.formats if has_short_year(form)]
    others = [form for form in column.formats if not has_short_year(form)]
    read = _parsed(x, short, column.locale)
    kept = " ".join(
        f"WHEN {read} {outside} THEN CASE WHEN day({moved}) = day({read}) THEN {moved} END"
        for outside, moved in (
            (f">= TIMESTAMP '{after} 00:00:00'", f"{read} - INTERVAL 100 YEAR"),
            (f"< TIMESTAMP '{first} 00:00:00'", f"{read} + INTERVAL 100 YEAR"),
        )
    )
    in_short = f"regexp_full_match({x}, {literal('|'.join(map(_form_pattern, short)))})"
    other = _parsed(x, others, column.locale) if others else "NULL"
    return f"CASE WHEN {in_short} THEN CASE {kept} ELSE {read} END ELSE {other} END"


def _parsed(x: str, formats: Sequence[str], locale: str | None) -> str:
    """The moment that a text says in one of the forms. DuckDB reads months in English: Indonesian words become those.

    They stay words, so that another form that has the month as a number cannot read them. What is no month's word is
    refused.
    """
    if locale == "id" and any(map(has_month_word, formats)):
        known = f"MAP {{{', '.join(f'{literal(word)}: {literal(english)}' for word, english in ENGLISH_OF.items())}}}"
        word = f"regexp_extract({x}, '[[:alpha:]]+')"
        x = f"replace({x}, {word}, coalesce({known}[lower({word})], '?'))"
        formats = [form.replace("%B", "%b") for form in formats]
    return f"try_strptime({x}, [{', '.join(map(literal, formats))}])"


def _timestamp(x: str, column: Column, moment: str) -> Cast:
    if column.formats:
        zone = column.timezone or "UTC"
        has_offset = all("%z" in form for form in column.formats)
        value = f"{moment}::TIMESTAMPTZ" if has_offset else f"timezone({literal(zone)}, {moment}::TIMESTAMP)"
        return Cast(
            f"CASE WHEN {_in_form(x, column.formats)} AND year({moment}) >= {_FIRST_YEAR} THEN {value} END",
            f"a time like {' or '.join(_example(form, column.locale) for form in column.formats)}",
            moment=_parsed(x, column.formats, column.locale),
        )
    with_offset = f"regexp_full_match({x}, {literal(_STAMP + _OFFSET)})"
    value = f"CASE WHEN {with_offset} THEN TRY_CAST({x} AS TIMESTAMPTZ)"
    if column.timezone is not None:
        local = f"timezone({literal(column.timezone)}, TRY_CAST({x} AS TIMESTAMP))"
        value += f" WHEN regexp_full_match({x}, {literal(_STAMP)}) THEN {local}"
    return Cast(f"{value} END", "a time with its offset, like 2024-08-31T07:00:00+00:00")


# strptime codes as regular expressions; numbers that stand side by side must be written in full.
_CODE = re.compile(r"%-?([a-zA-Z%])|(\s+)|(.)", re.DOTALL)
_NUMBERS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "j": 3}
_FULL = {"Y", "y"}
_SIDE_BY_SIDE = re.compile(r"(%-?[YymdHIMSj]){2,}")
_OTHERS = {"%": "%", "z": r"[+-][0-9:]{2,6}", "f": "[0-9]{1,9}", "g": "[0-9]{1,9}", "n": "[0-9]{1,9}"}


def _in_form(x: str, formats: Sequence[str]) -> str:
    """Whether a text is what strptime may be asked about.

    DuckDB's strptime reads the words epoch and infinity in any format, as 1900-01-01; a number where a shorter one
    would do as well ('2024123' is two days of %Y%m%d); and '1' as the year 2001. The first character tells the words
    from a date that begins with a digit, which is quicker than a regular expression.
    """
    plain = (
        form[:2] in {"%Y", "%d", "%m"} and not has_short_year(form) and not has_month_word(form) for form in formats
    )
    if all(plain) and not any(map(_SIDE_BY_SIDE.search, formats)):
        return f"{x} BETWEEN '0' AND ':'"
    return f"regexp_full_match({x}, {literal('|'.join(map(_form_pattern, formats)))})"


def _form_pattern(form: str) -> str:
    side_by_side = {at for found in _SIDE_BY_SIDE.finditer(form) for at in range(found.start(), found.end())}
    parts = []
    for found in _CODE.finditer(form):
        code, blank, sign = found.groups()
        if blank:
            parts.append(r"\s+")
        elif sign:
            parts.append(re.escape(sign))
        elif code in _NUMBERS:
            width = _NUMBERS[code]
            exact = code in _FULL or found.start() in side_by_side
            parts.append(f"[0-9]{{{width}}}" if exact else f"[0-9]{{1,{width}}}")
        else:
            parts.append(_OTHERS.get(code, "[[:alpha:]]+"))
    return f"({''.join(parts)})"


_EXAMPLES = {"%Y": "2024", "%m": "08", "%d": "31", "%H": "07", "%M": "05", "%S": "09", "%y": "24", "%z": "+07:00"}


def _example(form: str, locale: str | None) -> str:
    august = "Agustus" if locale == "id" else "August"
    form = form.replace("%B", august).replace("%b", august[:3])
    for code, sample in _EXAMPLES.items():
        form = form.replace(code, sample)
    return form
