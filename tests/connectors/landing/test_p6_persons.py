"""P6: no person in clear, neither in what landed nor in what was quarantined."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.landing.personal import hmac_pads, holds_identity, masked
from connectors.landing.sandbox import open_sandbox
from ledger.errors import SourceError
from tests.connectors.landing.conftest import KEYS, land_pages, page_of, source_of

NIK = "9964020101230001"
NAME = "Siti Contohwan"
COLUMNS: dict[str, Any] = {
    "id": {},
    "nik": {"personal": "pseudonym", "pattern": r"^\d{16}$"},
    "nama": {"personal": "drop"},
    "lahir": {"type": "date", "personal": {"keep": "the age decides the class"}},
    "jk": {"values": ["L", "P"]},
    "umur": {"type": "integer"},
    "catatan": {},
    "nilai": {"type": "decimal(20,2)"},
}
RECORD = {"id": "a", "nik": NIK, "nama": NAME, "lahir": "2023-01-01", "jk": "P", "umur": 5, "catatan": "-", "nilai": 1}


def everything(result: Any) -> str:
    """All bytes that were written, unpacked: Parquet compresses, so the values are read back too."""
    raw = b"".join(path.read_bytes() for path in result.files)
    return raw.decode("latin-1") + json.dumps([result.rows, result.quarantine], default=str)


def test_p6_the_pseudonym_is_hmac_sha256(land: Any) -> None:
    expected = hmac.new(KEYS.pseudonym_key, NIK.encode(), hashlib.sha256).hexdigest()
    assert land(COLUMNS, [RECORD]).rows[0]["nik"] == expected


@pytest.mark.parametrize("length", [1, 32, 64])
def test_p6_the_pads_are_those_of_rfc_2104(length: int) -> None:
    key = bytes(range(length))
    query = "SELECT sha256($outer::BLOB || unhex(sha256($inner::BLOB || encode('x'))))"
    with open_sandbox([]) as connection:
        (found,) = connection.execute(query, hmac_pads(key)).fetchone() or ("",)
    assert found == hmac.new(key, b"x", hashlib.sha256).hexdigest()


def test_p6_the_same_person_has_the_same_pseudonym_everywhere(land: Any, tmp_path: Path) -> None:
    other = land_pages(
        source_of({"ibu": {"personal": "pseudonym", "kind": "nik"}}, ["ibu"]), [page_of([{"ibu": NIK}])], tmp_path / "b"
    )
    assert land(COLUMNS, [RECORD]).rows[0]["nik"] == other.rows[0]["ibu"]


def test_p6_nothing_of_a_good_row_is_in_clear(land: Any) -> None:
    written = everything(land(COLUMNS, [RECORD]))
    assert NIK not in written
    assert "Siti" not in written


@pytest.mark.parametrize(
    "change",
    [
        {"umur": "lima"},
        {"jk": "X"},
        {"umur": "lima", "jk": NAME},  # columns shifted by one
        {"lahir": NAME},
        {"nik": NAME},
        {"nik": NIK + "7"},
        {"catatan": f"anak dari {NIK}"},
        {"catatan": NIK, "umur": "lima"},
        {"umur": NIK},
        {"nilai": NIK},
        {"nilai": f"{NIK}.0"},
        {"catatan": "9964 0201 0123 0001"},
        {"catatan": "99.64.02.010123.0001"},
        {"catatan": "9.964020101230001E+15"},
        {"id": NIK},
        {"nik": None, "jk": NAME, "umur": NAME},
        {"catatan": {"nik": NIK}},
        {"catatan": [NAME, NIK]},
        {"id": NIK, "catatan": NAME},  # a number where none is declared: a name may stand in the wrong column too
        {"catatan": NIK, "id": NAME},
        {"nilai": NIK, "catatan": NAME},
        {"id": f"no. kartu 000{NIK[:10]}", "catatan": NAME},
    ],
)
def test_p6_nothing_of_a_bad_row_is_in_clear(land: Any, change: dict[str, Any]) -> None:
    result = land(COLUMNS, [RECORD | change])
    assert result.rows == []
    assert result.counts.quarantined == 1
    written = everything(result)
    for secret in (NIK, "9964 0201", "010123.0001", "964020101230001", "Siti"):
        assert secret not in written


@pytest.mark.parametrize("rule", ["ibu != anak", "anak != ibu", "ibu = kode", "kode = ibu"])
def test_p6_a_rule_about_a_person_quotes_nothing_of_the_row(land: Any, rule: str) -> None:
    person = {"personal": "pseudonym", "pattern": "^[A-Z].*$"}
    columns = {"id": {}, "ibu": person, "anak": person, "kode": {}}
    result = land(columns, [{"id": "a", "ibu": NAME, "anak": NAME, "kode": "x"}], rules=[rule])
    [reason] = result.quarantine[0]["reasons"]
    assert (reason["rule"], reason["value"]) == ("rule", "***")
    assert "Siti" not in everything(result)


def test_p6_a_dropped_field_never_leaves_the_parser(land: Any) -> None:
    statement_sees = land(COLUMNS, [RECORD | {"jk": "X"}]).quarantine[0]["record"]
    assert "nama" not in json.loads(statement_sees)


def test_p6_an_undeclared_field_is_named_and_not_kept(land: Any) -> None:
    result = land(COLUMNS, [RECORD | {"jk": "X", "nik_wali": NIK, "wali": NAME}])
    assert result.counts.unknown == ("nik_wali", "wali")
    assert NIK not in everything(result)


def test_p6_the_reason_still_says_what_is_wrong(land: Any) -> None:
    result = land(
        COLUMNS, [RECORD | {"jk": "X"}, RECORD | {"id": "b", "nik": "123"}, RECORD | {"id": "c", "catatan": NIK}]
    )
    told = [
        (reason["rule"], reason["field"], reason["value"]) for row in result.quarantine for reason in row["reasons"]
    ]
    assert told == [("values", "jk", "X"), ("pattern", "nik", "***"), ("personal_undeclared", "catatan", "***")]


def test_p6_an_amount_with_cents_is_not_a_person(land: Any) -> None:
    result = land(COLUMNS, [RECORD | {"nilai": "1234567890123456.78"}])
    assert result.quarantine == []


@pytest.mark.parametrize(
    "value",
    [
        "6402014101900001",  # a woman born on the first
        "6402010112990001",
        "6402 0141 0190 0001",
        "6402-0141-0190-0001",
        "64.02.01.410190.0001",
        "640201 410190 0001",
        "6402/0141/0190/0001",
        "64/02/01/410190/0001",
        "640201/410190/0001",
        "NIK 6402/01/410190/0001.",
        "6402  0141  0190  0001",
        "64. 02. 01. 410190. 0001",
        "\uff16\uff14\uff10\uff12\uff10\uff11\uff14\uff11\uff10\uff11\uff19\uff10\uff10\uff10\uff10\uff11",
        "\uff16402014101900001",  # one digit of an East Asian keyboard
        "640201410190\uff10\uff10\uff10\uff11",
        "6402 0141 \uff10190 0001",
        "6402/0141/\uff10190/0001",
        "NIK: 6402014101900001.",
        "no. kartu 0001234567890, aktif",
    ],
)
def test_p6_the_scanner_knows_the_forms_of_numbers_of_persons(land: Any, value: str) -> None:
    result = land({"id": {}, "catatan": {}}, [{"id": "a", "catatan": value}, {"id": "b", "catatan": "-"}])
    assert result.reasons == [("personal_undeclared", "catatan")]
    assert [row["id"] for row in result.rows] == ["b"]


@pytest.mark.parametrize(
    "value",
    [
        "5102010100240001",  # an account: month 00
        "4010101010101010",  # there is no province 40
        "6402017213900001",  # no day 72
        "5.1.02.01.01.0024",
        "1234567890123",  # a number of business (NIB)
        "2024-01-01 2024-12-31",
        "64020141019000012",  # 17 digits
        "12/11/2024  1234  5678  9012",
        "12/11/24 010124 0001",  # a date before two numbers
        "12112024/01122024",  # two dates
        "2024/01/310124/0001",  # a document: year, month, day, serial
        "2024/0101/0124/0001",
        "2021/2022/2023/2024",
        "1301/1402/1503/2024",  # no month 15
        "0541-123456  0812-3456-7890  0813-1201-0112",
        "12  11  24  31  12  24",
        "Rp 1.201.011.201.240.001",
        "\uff12\uff10\uff12\uff14 \uff11\uff12 \uff13\uff11",  # a day in full-width digits
    ],
)
def test_the_scanner_takes_no_code_of_an_account_for_a_person(land: Any, value: str) -> None:
    result = land({"kode_rekening": {}}, [{"kode_rekening": value}], key=("kode_rekening",))
    assert result.reasons == []


def test_p6_a_name_where_a_category_was_due_is_not_kept(land: Any) -> None:
    result = land(COLUMNS, [RECORD | {"jk": NAME}, RECORD | {"id": "b", "jk": "1234567890"}])
    assert result.counts.quarantined == 2
    for secret in ("Siti", "1234567890"):
        assert secret not in everything(result)


def test_p6_a_file_named_after_a_person_is_refused(land: Any) -> None:
    page = page_of([{"id": "a"}], context={"siapa": NIK})
    with pytest.raises(SourceError, match="holds a number with the form of a NIK") as caught:
        land({"id": {}, "siapa": {"context": "siapa"}}, [page])
    assert NIK not in str(caught.value)


def test_p6_a_kept_column_that_says_its_form_may_hold_16_digits(land: Any) -> None:
    columns = {"id": {"personal": {"keep": "number of a water meter"}, "pattern": r"^\d{16}$"}}
    assert land(columns, [{"id": NIK}]).rows[0]["id"] == NIK


@pytest.mark.parametrize("body", [f'[{{"nik": "{NIK}"', f'{{"rows": "{NIK} {NAME}"}}', f"{NIK} {NAME}"])
def test_p6_an_error_quotes_no_record(land: Any, body: str) -> None:
    """DuckDB's own message would quote the text it could not read."""
    with pytest.raises(SourceError) as caught:
        land(COLUMNS, [page_of(body.encode(), path="$.rows")])
    error: BaseException | None = caught.value
    while error is not None:
        assert NIK not in str(error)
        assert "Siti" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.fault(18)
def test_p6_the_sandbox_spills_nothing_and_reaches_nothing(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("a\n1\n")
    with open_sandbox([inside]) as connection:
        for query in (
            f"SELECT * FROM read_csv('{outside}/secret.csv')",
            f"COPY (SELECT 1) TO '{outside}/x.parquet'",
            f"ATTACH '{outside}/x.duckdb'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            "SET memory_limit = '100GB'",
            f"SET temp_directory = '{outside}'",
        ):
            with pytest.raises(Exception, match=r"disabled|locked|Permission|Cannot"):
                connection.execute(query)
        assert connection.execute("SELECT current_setting('temp_directory')").fetchone() == ("",)
    assert [path.name for path in outside.iterdir()] == ["secret.csv"]


def test_p6_words_about_an_unreadable_row_hold_no_person(land: Any) -> None:
    """Whoever sends the field that stands for an unreadable row gets a quarantined row, and no say in its reason."""
    result = land(COLUMNS, [RECORD, {"_pilar_unreadable": NAME}])
    assert result.reasons == [("unreadable", "")]
    assert NAME not in everything(result)


# -- every shape, in every place --------------------------------------------------------------------------------------

SHAPES = (
    "9964020101230001",
    "9964 0201 0123 0001",
    "9964-0201-0123-0001",
    "9964.0201.0123.0001",
    "9964_0201_0123_0001",
    "9964\u00a00201\u00a00123\u00a00001",
    "9964\u20130201\u20130123\u20130001",
    "99.64.02.010123.0001",
    "996402 010123 0001",
    "99640201 01230001",
    "9964.02.010123.0001",
    "99/64/02/010123/0001",
    "996402/010123/0001",
    "9964/0201/0123/0001",
    "9964/02/010123/0001",
    "9.964020101230001E15",
    "9,964020101230001e+15",
    "0001234567890",
    "\uff10\uff10\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff10",
)
"""NIK and KK (16 digits) as they are written and printed, a spreadsheet's number, and a BPJS card (13 digits)."""
PLAIN = {"id": {}, "catatan": {}, "lain": {}}
AROUND = ("{}", "no. {}", "{} aktif", "({})", "a{}b")
OTHERS = {"catatan": "-", "lain": "-"}


def refused(result: Any) -> list[tuple[str, str]]:
    """Rule and field of every row, in order; a row that landed, or has another number of reasons, is not among them."""
    found = [row["reasons"] for row in result.quarantine if len(row["reasons"]) == 1]
    return [(reason["rule"], reason["field"]) for [reason] in found]


def shown(result: Any) -> list[str]:
    """The shapes that can be found in what was written."""
    written = everything(result)
    return [shape for shape in SHAPES if shape in written]


@pytest.mark.parametrize("column", ["catatan", "lain"])
def test_p6_every_shape_is_seen_wherever_it_stands_in_a_text(land: Any, column: str) -> None:
    values = [around.format(shape) for shape in SHAPES for around in AROUND]
    result = land(PLAIN, [{"id": f"r{nth}", **OTHERS, column: value} for nth, value in enumerate(values)])
    assert result.rows == []
    assert refused(result) == [("personal_undeclared", column)] * len(values)
    assert shown(result) == []


def test_p6_every_shape_is_seen_in_a_key_in_what_is_nested_and_in_two_columns_at_once(land: Any) -> None:
    keys = land(PLAIN, [{"id": shape, **OTHERS} for shape in SHAPES])
    assert refused(keys) == [("personal_undeclared", "id")] * len(SHAPES)
    nested = land(PLAIN, [{"id": f"r{nth}", "catatan": {"wali": [shape]}} for nth, shape in enumerate(SHAPES)])
    assert refused(nested) == [("personal_undeclared", "catatan")] * len(SHAPES)
    both = land(PLAIN, [{"id": f"r{nth}", "catatan": shape, "lain": shape} for nth, shape in enumerate(SHAPES)])
    assert both.reasons == [("personal_undeclared", "catatan"), ("personal_undeclared", "lain")] * len(SHAPES)
    assert shown(keys) + shown(nested) + shown(both) == []


@pytest.mark.parametrize(
    "persons", [{}, {"nik": {"personal": "pseudonym", "kind": "nik"}}], ids=["no persons", "persons"]
)
def test_p6_every_shape_is_masked_in_a_row_that_is_refused_for_something_else(land: Any, persons: Any) -> None:
    """In its reasons and in its record, with persons in the contract or without."""
    columns = {"id": {}, "n": {"type": "integer"}, "catatan": {}, **persons}
    noted = [{"id": f"a{nth}", "n": "lima", "catatan": shape} for nth, shape in enumerate(SHAPES)]
    counted = [{"id": f"b{nth}", "n": shape, "catatan": "-"} for nth, shape in enumerate(SHAPES)]
    result = land(columns, noted + counted)
    assert result.rows == []
    assert shown(result) == []


def test_p6_a_card_in_a_column_of_numbers_does_not_land_without_its_zeros(land: Any) -> None:
    for kind in ("integer", "bigint", "decimal(20,2)"):
        result = land({"id": {}, "n": {"type": kind}}, [{"id": "a", "n": "0001234567890"}, {"id": "b", "n": "0012"}])
        assert result.reasons == [("personal_undeclared", "n")]
        assert [row["n"] for row in result.rows] == [12]
        assert "1234567890" not in everything(result)


@pytest.mark.parametrize("shape", SHAPES)
def test_p6_every_shape_is_seen_in_what_names_a_page(shape: str) -> None:
    assert all(holds_identity(around.format(shape)) for around in AROUND)


WHOLE = {
    "b": "bigint",
    "d16": "decimal(16,0)",
    "d18": "decimal(18,2)",
    "d38": "decimal(38,10)",
    "s": "string",
}


@pytest.mark.parametrize("quote", ["", '"'], ids=["number", "text"])
def test_p6_a_whole_number_of_16_digits_is_looked_at_in_every_type_that_holds_one(land: Any, quote: str) -> None:
    columns = {"id": {}, **{name: {"type": kind} for name, kind in WHOLE.items()}}
    body = ", ".join(f'{{"id": "{name}", "{name}": {quote}{NIK}{quote}}}' for name in WHOLE)
    result = land(columns, [page_of(f"[{body}]".encode())])
    assert refused(result) == [("personal_undeclared", name) for name in WHOLE]
    assert NIK not in everything(result)


def test_an_amount_is_no_person_whole_or_with_cents(land: Any) -> None:
    columns = {"id": {}, **{name: {"type": kind} for name, kind in WHOLE.items()}}
    account = "5102010100240001"  # month 00
    amounts = [("b", account), ("d16", account), ("d18", f"{NIK}.10"), ("d38", f"{NIK}.0000000001"), ("s", account)]
    assert land(columns, [{"id": name, name: value} for name, value in amounts]).reasons == []
    cents = land(columns, [{"id": "d18", "d18": f"{NIK}.00"}])
    assert cents.reasons == [("personal_undeclared", "d18")]


def test_p6_a_type_too_small_for_16_digits_refuses_the_number_and_masks_it(land: Any) -> None:
    columns = {"id": {}, "d": {"type": "decimal(17,2)"}, "i": {"type": "integer"}}
    result = land(columns, [{"id": "d", "d": NIK}, {"id": "i", "i": NIK}])
    assert [field for _, field in result.reasons] == ["d", "i"]
    assert NIK not in everything(result)


def test_the_scanner_counts_digits_exactly(land: Any) -> None:
    """A card has 13 digits, a NIK 16; a number with one digit more or less is neither."""
    values = ["000123456789", "00012345678901", "996402010123000", "99640201012300011"]
    result = land(PLAIN, [{"id": f"r{nth}", **OTHERS, "catatan": value} for nth, value in enumerate(values)])
    assert result.reasons == []
    assert not any(map(holds_identity, values))


@pytest.mark.parametrize(
    ("value", "private", "hidden"),
    [
        ("1234567890123456", False, True),  # a NIK with a digit wrong
        ("123456789012345", False, False),
        ("1234 5678 9012", False, True),
        ("1234-5678-9012", False, True),
        ("1234. 5678. 9012", False, True),
        ("1234 5678 901", False, False),
        ("1234/5678/9012/3456", False, True),
        ("1234/5678/9012/345", False, False),
        ("1234567890", False, False),
        ("0001234567890", False, True),
        ("1234567890", True, True),
        ("123456789", True, False),
        ("0812-3456-78", True, True),
        ("0812-3456-7", True, False),
        ("1234/5678/9012/3456", True, True),
        ("1234/5678/9012/345", True, False),
        ("\uff11234567890", True, True),
        ("64.02", True, False),
        ("64.0201.410190.0011", False, True),
        ("640201 41 01 90 0011", False, True),
        ("64 - 02 - 01 - 410190 - 001", False, False),
        ("+62 812 3456 7890", True, True),
        ("001 234 5678", True, True),
        ("2024-01-15 10:30:00", True, False),
        ("15/01/2024", True, False),
        ("01-01-2024 s.d. 31-12-2024", False, False),
    ],
)
def test_p6_what_is_shown_of_a_refused_text_hides_long_numbers(value: str, private: bool, hidden: bool) -> None:
    found = duckdb.execute(f"SELECT {masked('v', private)} FROM (SELECT ? AS v)", [value]).fetchone()
    assert found == ("***" if hidden else value,)
