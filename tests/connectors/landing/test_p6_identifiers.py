"""Identifiers of persons: every spelling of a number is one person, and what is no number is none."""

import hashlib
import hmac
from typing import Any

import duckdb
import pytest

from connectors.landing.personal import normalised
from connectors.source.columns import Column
from connectors.source.persons import IDENTIFIERS, kind_of
from ledger.sql import literal
from tests.connectors.landing.conftest import KEYS

NIK = "9964020101230001"
SPELLED = {
    "nik": (
        NIK,
        [f"'{NIK}", f'="{NIK}"', f" {NIK}\u00a0", "9964 0201 0123 0001", "99.64.02.010123.0001", "996402-010123-0001",
         f"\u2019{NIK}",
         "9964\u20090201\u20090123\u20090001", "99640201\u200b01230001", "９９６４０２０１０１２３０００１"],
    ),
    "kk": ("6402014112010007", ["6402 0141 1201 0007", "'6402014112010007"]),
    "bpjs": ("0001234567890", ["'0001234567890", "0001-2345-67890", '="0001234567890"']),
    "npwp": ("0012345678901000", ["01.234.567.8-901.000", "012345678901000"]),
    "phone": ("6281234567890", ["081234567890", "+62 812-3456-7890", "0812 3456 7890", "+6281234567890"]),
}  # fmt: skip
DAMAGED = {
    "nik": ["9,96402E+15", "9.96402E+15", "9.96402010123000E+15", "996402010123000", "99640201012300010", "-", "0",
            "9964023301230001", "9964020113230001", "99640201012300O1", "9964020101230001 / 9964020101230002",
            "9964020101230001,0", "tidak ada"],
    "kk": ["6,402E+15", "6402"],
    "bpjs": ["1234567890", "1,23457E+12"],
    "npwp": ["1234567891000", "1,23E+14"],
    "phone": ["81234567890", "6,28123E+12", "6281234567890.0", "-", "0812"],
}  # fmt: skip


def person(text: str) -> str:
    return hmac.new(KEYS.pseudonym_key, text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("kind", SPELLED)
def test_p6_every_spelling_is_one_person(land: Any, kind: str) -> None:
    number, spellings = SPELLED[kind]
    columns = {"id": {}, "who": {"personal": "pseudonym", "kind": kind}}
    result = land(columns, [{"id": at, "who": text} for at, text in enumerate([number, *spellings])])
    assert result.reasons == []
    assert {row["who"] for row in result.rows} == {person(number)}


@pytest.mark.parametrize("kind", DAMAGED)
def test_p6_what_is_damaged_or_no_number_is_nobody(land: Any, kind: str) -> None:
    columns = {"id": {}, "who": {"personal": "pseudonym", "kind": kind}}
    result = land(columns, [{"id": at, "who": text} for at, text in enumerate(DAMAGED[kind])])
    assert result.rows == []
    assert result.reasons == [("kind", "who")] * len(DAMAGED[kind])
    shown = str([row["reasons"] for row in result.quarantine])
    assert not any(text in shown for text in DAMAGED[kind] if len(text) > 4)


def test_p1_one_person_in_two_spellings_is_one_key(land: Any) -> None:
    columns = {"nik": {"personal": "pseudonym", "kind": "nik"}, "n": {}}
    result = land(columns, [{"nik": NIK, "n": "a"}, {"nik": f"'{NIK}", "n": "b"}], key=["nik"])
    assert result.reasons == [("duplicate_key", "nik")] * 2


def test_p6_a_refused_row_keeps_the_pseudonym_of_the_number(land: Any) -> None:
    columns = {"id": {}, "nik": {"personal": "pseudonym", "kind": "nik"}, "n": {"type": "integer"}}
    result = land(columns, [{"id": 1, "nik": "9964 0201 0123 0001", "n": "satu"}])
    assert result.reasons == [("type", "n")]
    assert person(NIK) in result.quarantine[0]["record"]


def test_p6_a_name_where_a_number_was_due_hides_the_whole_row(land: Any) -> None:
    columns = {"id": {}, "nik": {"personal": "pseudonym", "kind": "nik"}, "teks": {}}
    result = land(columns, [{"id": 1, "nik": "Siti Contohwan", "teks": "Budi"}])
    assert "Budi" not in result.quarantine[0]["record"]


def test_p8_no_identifier_is_none(land: Any) -> None:
    columns = {"id": {}, "nik": {"personal": "pseudonym", "kind": "nik"}}
    result = land(columns, [{"id": 1, "nik": None}, {"id": 2, "nik": "\u00a0"}])
    assert [row["nik"] for row in result.rows] == [None, None]


def test_p6_a_pattern_with_alternatives_is_of_the_whole_text_in_each(land: Any) -> None:
    columns = {"id": {}, "who": {"personal": "pseudonym", "pattern": "^[0-9]{13}|[0-9]{16}$"}}
    texts = ["9964020101230", "99640201012300", "x9964020101230001", "9964020101230001"]
    result = land(columns, [{"id": at, "who": text} for at, text in enumerate(texts)])
    assert {row["who"] for row in result.rows} == {person(texts[0]), person(texts[3])}
    assert result.reasons == [("pattern", "who")] * 2


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ({"personal": "pseudonym"}, "needs a `kind`"),
        ({"personal": "pseudonym", "pattern": r"\d{16}"}, "begins with"),
        ({"personal": "pseudonym", "kind": "nip"}, "unknown kind 'nip'"),
        ({"personal": "drop", "kind": "nik"}, "goes with `personal: pseudonym`"),
        ({"kind": "nik"}, "goes with `personal: pseudonym`"),
        ({"personal": "pseudonym", "kind": "nik", "pattern": "^x$"}, "leave `pattern` out"),
    ],
)
def test_a_pseudonym_says_what_it_is_made_of(column: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Column.model_validate(column)


def test_p6_the_landing_and_the_drafts_read_a_number_alike() -> None:
    for name, kind in IDENTIFIERS.items():
        texts = [text for number, more in SPELLED.values() for text in (number, *more)]
        texts += [text for more in DAMAGED.values() for text in more]
        for text in texts:
            row = duckdb.execute(f"SELECT {normalised('x', kind)} FROM (SELECT {literal(text)} AS x)").fetchone()
            assert row == (kind.normalised(text),), (name, text)


@pytest.mark.parametrize(
    ("field", "values", "kind"),
    [
        ("nik_ibu", [NIK, "9964 0201 0123 0002"], "nik"),
        ("No KK", [NIK], "kk"),
        ("berkas", [NIK], "nik"),
        ("No. HP", ["0812-3456-7890"], "phone"),
        ("no_kartu", ["0001234567890"], "bpjs"),
        ("nama", ["Siti Contohwan"], None),
        ("nik", [], None),
    ],
)
def test_the_kind_of_an_identifier_is_known_by_its_values_and_its_name(
    field: str, values: list[str], kind: str | None
) -> None:
    assert kind_of([field], values) == kind
