"""Blanks that nobody sees, at the ends of values and between the words of keys."""

import unicodedata
from decimal import Decimal
from typing import Any

import pytest

from connectors.protocols.blanks import BLANKS, strip

UNSEEN = ["\u00a0", "\t", "\r", "\n", "\u200b", "\ufeff", "\u00ad", "\u2003", "\u3000", "\u2060", "\u200e", "\u3164",
          "\u2028", "\U000e0020", " \u00a0\t"]  # fmt: skip


@pytest.mark.parametrize("blank", UNSEEN)
@pytest.mark.parametrize(
    ("column", "given", "landed"),
    [
        ({"trim": True}, "Malang", "Malang"),
        ({"trim": True}, "Ma\u00a0lang", "Ma\u00a0lang"),
        ({"trim": True}, "éa", "éa"),
        ({"type": "integer"}, "9", 9),
        ({"type": "decimal(5,2)", "suffix": "%", "locale": "id"}, "8,6", Decimal("8.60")),
        ({"type": "date", "format": "%d/%m/%Y"}, "31/08/2024", "2024-08-31"),
    ],
)
def test_blanks_are_taken_off_both_ends(
    land: Any, column: dict[str, Any], given: str, landed: object, blank: str
) -> None:
    suffix = column.get("suffix", "")
    texts = [f"{blank}{given}{suffix}", f"{given}{suffix}{blank}", f"{blank}{given}{blank}{suffix}{blank}"]
    result = land({"id": {}, "value": column}, [{"id": at, "value": text} for at, text in enumerate(texts)])
    assert result.reasons == []
    assert [row["value"] if column.get("type") != "date" else str(row["value"]) for row in result.rows] == [landed] * 3


@pytest.mark.parametrize("blank", UNSEEN)
@pytest.mark.parametrize("column", [{}, {"trim": True}])
def test_p8_blanks_alone_are_no_value(land: Any, column: dict[str, Any], blank: str) -> None:
    columns = {"id": {}, "value": column, "needed": column | {"required": True}}
    result = land(columns, [{"id": 1, "value": blank, "needed": "x"}, {"id": 2, "value": "x", "needed": blank * 2}])
    assert [row["value"] for row in result.rows] == [None]
    assert result.reasons == [("required", "needed")]


def test_text_that_is_not_to_be_trimmed_keeps_its_blanks(land: Any) -> None:
    texts = ["\u00a0a", "a\u00a0", " a ", "\ta"]
    result = land({"id": {}, "value": {}}, [{"id": at, "value": text} for at, text in enumerate(texts)])
    assert [row["value"] for row in result.rows] == texts


@pytest.mark.parametrize("blank", UNSEEN)
def test_keys_that_differ_by_blanks_at_their_ends_are_one_key(land: Any, blank: str) -> None:
    rows = [{"id": "35.07", "n": 1}, {"id": f"35.07{blank}", "n": 2}, {"id": f"{blank}35.08", "n": 3}]
    result = land({"id": {}, "n": {"type": "integer"}}, rows)
    assert [row["id"] for row in result.rows] == ["35.08"]
    assert result.reasons == [("duplicate_key", "id")] * 2


@pytest.mark.parametrize(
    ("one", "other"), [("Kota Batu", "Kota\u00a0Batu"), ("Malang", "Ma\u00adlang"), ("35.07", "35\u200b.07")]
)
def test_keys_that_look_the_same_are_one_key(land: Any, one: str, other: str) -> None:
    result = land({"id": {}, "n": {"type": "integer"}}, [{"id": one, "n": 1}, {"id": other, "n": 2}])
    assert result.rows == []
    assert result.reasons == [("duplicate_key", "id")] * 2


def test_of_rows_that_look_the_same_the_first_one_lands(land: Any) -> None:
    rows = [{"id": "Kota Batu", "n": 1}, {"id": "Kota\u00a0Batu", "n": 1}]
    result = land({"id": {}, "n": {"type": "integer"}}, rows)
    assert [row["id"] for row in result.rows] == ["Kota Batu"]
    assert result.reasons == [("duplicate_key", "id")]


@pytest.mark.parametrize("key", ["Kota\u00a0Batu", "Kota\tBatu", "Kota\u2003Batu\u200b", "Ko\u00adta Batu"])
def test_a_key_lands_as_it_is_seen(land: Any, key: str) -> None:
    """So that a later batch joins it, whichever blanks that one has."""
    result = land({"id": {}, "value": {}}, [{"id": key, "value": "Kota\u00a0Batu"}])
    assert [(row["id"], row["value"]) for row in result.rows] == [("Kota Batu", "Kota\u00a0Batu")]


def test_keys_that_look_different_are_two(land: Any) -> None:
    result = land({"id": {}}, [{"id": "KotaBatu"}, {"id": "Kota Batu"}, {"id": "Kota  Batu"}, {"id": "\u0661"}])
    assert len(result.rows) == 4


def test_a_person_with_a_blank_is_the_same_person(land: Any) -> None:
    columns = {"id": {}, "who": {"personal": "pseudonym", "pattern": "^P[0-9]+$"}}
    result = land(columns, [{"id": 1, "who": "P7"}, {"id": 2, "who": "P7\u00a0"}, {"id": 3, "who": "\tP7"}])
    assert result.reasons == []
    assert len({row["who"] for row in result.rows}) == 1


def test_what_is_broken_stays_to_be_found(land: Any) -> None:
    result = land({"id": {}, "value": {"trim": True}}, [{"id": 1, "value": "\u00a0x\0\u00a0"}])
    assert result.reasons == [("encoding", "value")]


def test_every_white_space_and_format_of_the_first_plane_is_a_blank_but_signs_around_digits() -> None:
    for char in map(chr, range(0x10000)):
        seen = "ARABIC" in unicodedata.name(char, "") or "SYRIAC" in unicodedata.name(char, "")
        if char.isspace() or (unicodedata.category(char) == "Cf" and not seen):
            assert char in BLANKS, hex(ord(char))
    assert strip("\ufeff \u0645\u200f") == "\u0645"
    assert not {"a", "0", "\u0600", "\u0661", "\ufffd", "\0"} & set(BLANKS)
