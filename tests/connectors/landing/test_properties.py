"""What must hold for any input at all, asked of the landing's own SQL and compared with readers written here."""

import datetime as dt
import json
import re
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.landing.casts import cast, clean
from connectors.landing.checks import comparison
from connectors.landing.paths import parse_path
from connectors.landing.personal import has_identity, is_suspicious
from connectors.protocols.blanks import strip
from connectors.protocols.json_path import member, select
from connectors.source.columns import Column
from connectors.source.rules import parse_rule
from ledger.sql import literal
from tests.connectors.landing.conftest import land_pages, page_of, source_of

QUICK = settings(max_examples=15, deadline=None, derandomize=True)
MARKS = {"id": (".", ","), "en": (",", ".")}


def values_of(column: dict[str, Any], texts: list[str]) -> list[Any]:
    """What the landing's cast makes of texts; None where it makes nothing of them."""
    declared = Column.model_validate(column)
    raw = clean("x", declared)
    listed = f"[{', '.join(map(literal, texts))}]"
    rows = f"SELECT unnest({listed}) AS x, generate_subscripts({listed}, 1) AS nth"
    how = cast("y", declared, "moment")
    stepped = f"SELECT *, {how.moment or 'NULL'} AS moment FROM (SELECT nth, {raw} AS y FROM ({rows}))"
    query = f"SELECT {how.value} FROM ({stepped}) ORDER BY nth"
    return [row[0] for row in duckdb.execute(query).fetchall()]


# Numbers -------------------------------------------------------------------------------------------------------------

DECIMALS = st.decimals(1 - 10**9, 10**9 - 1, places=3, allow_nan=False, allow_infinity=False)
NOISE = st.text("0123456789.,-+ eE%_x٣３²−\u00a0\u200b", max_size=9)


def written(number: Decimal, locale: str, *, grouped: bool) -> str:
    thousands, mark = MARKS[locale]
    sign, whole, fraction = ("-" if number < 0 else ""), *f"{abs(number):.3f}".split(".")
    return f"{sign}{f'{int(whole):,}'.replace(',', thousands) if grouped else whole}{mark}{fraction}"


@QUICK
@given(numbers=st.lists(DECIMALS, min_size=1, max_size=20), locale=st.sampled_from(["id", "en"]), grouped=st.booleans())
def test_any_number_written_in_its_locale_is_read_as_itself(numbers: list[Decimal], locale: str, grouped: bool) -> None:
    texts = [written(number, locale, grouped=grouped) for number in numbers]
    assert values_of({"type": "decimal(12,3)", "locale": locale}, texts) == numbers


@QUICK
@given(numbers=st.lists(DECIMALS, min_size=1, max_size=20))
def test_no_number_of_one_locale_is_another_one_in_the_other(numbers: list[Decimal]) -> None:
    """Only a whole number without a mark, or one grouped in threes, can be read in both; the second by declaration."""
    texts = [written(number, "en", grouped=True) for number in numbers]
    found = values_of({"type": "decimal(12,3)", "locale": "id"}, texts)
    for number, text, value in zip(numbers, texts, found, strict=True):
        ambiguous = re.fullmatch(r"-?[1-9][0-9]{0,2}[.][0-9]{3}", text)
        assert value is None or ambiguous or value == number, (text, value)


@QUICK
@given(texts=st.lists(NOISE, min_size=1, max_size=30), locale=st.sampled_from([None, "id", "en"]))
def test_what_is_no_number_of_the_locale_is_nothing(texts: list[str], locale: str | None) -> None:
    thousands, mark = MARKS[locale] if locale else ("", ".")
    whole = rf"([1-9][0-9]{{0,2}}([{thousands}][0-9]{{3}})+|[0-9]+)" if locale else "[0-9]+"
    column = {"type": "decimal(12,3)"} | ({"locale": locale} if locale else {})
    for text, value in zip(texts, values_of(column, texts), strict=True):
        bare = strip(text)
        found = re.fullmatch(rf"([+-]?)({whole})([{mark}][0-9]{{1,3}}0*)?", bare)
        if found is None:
            assert value is None, text
        else:
            plain = (bare.replace(thousands, "") if thousands else bare).replace(mark, ".")
            assert value == Decimal(plain)


# Dates ---------------------------------------------------------------------------------------------------------------

DAYS = st.dates(dt.date(1000, 1, 1), dt.date(9999, 12, 31))
FORMS = ["%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d-%m-%Y", "%d %B %Y"]


def printed(day: dt.date, form: str) -> str:
    return day.strftime(form.replace("%Y", f"{day.year:04}"))


@QUICK
@given(days=st.lists(DAYS, min_size=1, max_size=20), form=st.sampled_from(FORMS))
def test_any_day_in_its_form_is_read_as_itself(days: list[dt.date], form: str) -> None:
    assert values_of({"type": "date", "format": form}, [printed(day, form) for day in days]) == days


@QUICK
@given(
    texts=st.lists(
        st.text("0123456789/-. :TZ", max_size=11) | st.sampled_from(["epoch", "infinity", "now", "today", "45292"]),
        min_size=1,
        max_size=30,
    ),
    form=st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%Y%m%d"]),
)
def test_what_is_no_day_of_the_form_is_nothing(texts: list[str], form: str) -> None:
    shape = {"%Y-%m-%d": r"\d{4}-\d{1,2}-\d{1,2}", "%d/%m/%Y": r"\d{1,2}/\d{1,2}/\d{4}", "%Y%m%d": r"\d{8}"}[form]
    for text, value in zip(texts, values_of({"type": "date", "format": form}, texts), strict=True):
        if value is not None:
            assert re.fullmatch(shape, text.strip(), re.ASCII), text
            assert dt.datetime.strptime(text.strip(), form).date() == value  # noqa: DTZ007 - a day has no zone


# Paths, rules, identity numbers --------------------------------------------------------------------------------------

FIELD = st.text(st.characters(codec="utf-8", exclude_characters='"\\\x00'), min_size=1, max_size=8)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(before=st.lists(FIELD, max_size=2), inside=st.lists(FIELD, max_size=2), count=st.integers(1, 4))
@example(before=["[*]"], inside=["[*]"], count=1)
def test_records_are_found_wherever_a_path_leads(before: list[str], inside: list[str], count: int) -> None:
    """By the landing's reading of a path as by the protocols', which are two pieces of code."""
    records: list[Any] = [{"id": f"r{at}"} for at in range(count)]
    for name in reversed(inside):
        records = [{name: record} for record in records]
    document: Any = records
    for name in reversed(before):
        document = {name: document}
    quoted = "".join(f'."{name}"' if not member(name).startswith('."') else member(name) for name in before)
    path = "$" + quoted + ("[*]" + "".join(f'."{name}"' for name in inside) if inside else "")
    assert parse_path(path).inside == tuple(inside)
    wanted = [record["id"] for record in select(document, path)]
    with tempfile.TemporaryDirectory() as folder:
        result = land_pages(source_of({"id": {}}, ["id"]), [page_of(document, path=path)], Path(folder))
    assert [row["id"] for row in result.rows] == wanted == [f"r{at}" for at in range(count)]


TWO = {name: Column(type="decimal(9,2)") for name in "abc"}
OPERATORS = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b, "=": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip


@QUICK
@given(
    operator=st.sampled_from(sorted(OPERATORS)),
    left=st.none() | st.decimals(-100, 100, places=2),
    right=st.none() | st.decimals(-100, 100, places=2),
)
def test_a_rule_is_its_own_arithmetic_and_nothing_where_a_value_is_missing(
    operator: str, left: Decimal | None, right: Decimal | None
) -> None:
    names = f"CAST({left or 'NULL'} AS DECIMAL(9,2)) AS a, CAST({right or 'NULL'} AS DECIMAL(9,2)) AS b"
    names = names if left != 0 else names.replace("CAST(NULL", "CAST(0", 1)
    names = names if right != 0 else names.replace("CAST(NULL AS DECIMAL(9,2)) AS b", "CAST(0 AS DECIMAL(9,2)) AS b")
    rule = parse_rule(f"a {operator} b")
    row = duckdb.execute(f"SELECT {comparison(rule, TWO)} FROM (SELECT {names})").fetchone()
    assert row is not None
    assert row[0] == (None if left is None or right is None else OPERATORS[operator](left, right))


AMOUNTS = st.none() | st.decimals(-(10**6), 10**6, places=2)


@QUICK
@given(operator=st.sampled_from(sorted(OPERATORS)), a=AMOUNTS, b=AMOUNTS, c=AMOUNTS, near=st.booleans())
def test_a_rule_that_adds_is_exact_and_nothing_where_a_value_is_missing(
    operator: str, a: Decimal | None, b: Decimal | None, c: Decimal | None, near: bool
) -> None:
    if near and a is not None and b is not None:
        c = a + b
    given_values = {"a": a, "b": b, "c": c}
    names = ", ".join(
        f"CAST({'NULL' if value is None else f'{value:f}'} AS DECIMAL(9,2)) AS {name}"
        for name, value in given_values.items()
    )
    for rule, right in ((f"a + b {operator} c", c), (f"a+b {operator} c + c", None if c is None else c + c)):
        row = duckdb.execute(f"SELECT {comparison(parse_rule(rule), TWO)} FROM (SELECT {names})").fetchone()
        expected = None if a is None or b is None or right is None else OPERATORS[operator](a + b, right)
        assert row == (expected,)


_PARTS = st.sampled_from(["", " ", "a", ".", "-", "1", "12345", "NIK ", "é", "\u0663", "/", "\n"])


_PROVINCES = {11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 31, 32, 33, 34, 35, 36, 51, 52, 53, 61, 62, 63, 64, 65}
_PROVINCES |= {71, 72, 73, 74, 75, 76, 81, 82, 91, 92, 93, 94, 95, 96, 97, 99}
_DIGITS = st.text("0123456789", min_size=14, max_size=18)
_NUMBERS = st.builds("{:02d}{:04d}{:02d}{:02d}{:06d}".format, *(st.integers(0, most) for most in (99, 9999, 79, 14, 0)))


def _has_the_form_of_a_nik(digits: str) -> bool:
    """Province, a day of a month (40 more for women), a month: as the civil registry builds them."""
    province, day, month = int(digits[:2]), int(digits[6:8]) % 40, int(digits[8:10])
    return len(digits) == 16 and province in _PROVINCES and 1 <= day <= 31 and 1 <= month <= 12 and digits[6] < "8"


@QUICK
@given(texts=st.lists(st.tuples(_PARTS, _DIGITS | _NUMBERS, _PARTS), min_size=1, max_size=20))
def test_p6_an_identity_number_is_seen_wherever_it_stands_alone(texts: list[tuple[str, str, str]]) -> None:
    for parts in texts:
        text = "".join(parts)
        expected = any(_has_the_form_of_a_nik(digits) for digits in re.findall("[0-9]+", text))
        asked = f"{has_identity('x')}, {is_suspicious('x')}"
        row = duckdb.execute(f"SELECT {asked} FROM (SELECT {literal(text)} AS x)").fetchone()
        assert row is not None
        assert row[0] == expected, text
        assert row[1] >= row[0]


@pytest.mark.parametrize("gap", ["", " ", "-", "\u00a0", ".", "\u2009", "\u2011"])
def test_p6_an_identity_number_in_groups_is_seen(gap: str) -> None:
    """Word processors put signs between groups that look like blanks and hyphens and are others."""
    text = "NIK " + gap.join(["9964", "0201", "0123", "0001"]) + " x"
    row = duckdb.execute(f"SELECT {has_identity('x')} FROM (SELECT {literal(text)} AS x)").fetchone()
    assert row == (True,)


# A page, against Python's own reader ---------------------------------------------------------------------------------

LEAF = st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.text(max_size=8)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(values=st.lists(LEAF, min_size=1, max_size=12), ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_p1_a_page_of_texts_lands_as_python_reads_it(values: list[Any], ascii_only: bool, indent: int | None) -> None:
    records = [{"id": str(at), "v": value} for at, value in enumerate(values)]
    body = json.dumps(records, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory() as folder:
        result = land_pages(source_of({"id": {}, "v": {}}, ["id"]), [page_of(body)], Path(folder))
    assert result.counts.received == len(values)
    landed = {int(row["id"]): row["v"] for row in result.rows}
    for at, record in enumerate(json.loads(body)):
        value = record["v"]
        text = value if isinstance(value, str) else None if value is None else json.dumps(value)
        if at in landed:
            assert landed[at] == (text if text is not None and strip(text) else None)
        else:
            assert re.search(r"[\x00\ufffd]|[0-9]{16}", text or "")
