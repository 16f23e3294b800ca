"""The shapes pages come in, and what is in them beside good records."""

import json
from typing import Any

import pytest

from connectors.protocols.base import Page
from ledger.errors import SourceError

COLUMNS = {"id": {}, "value": {"type": "integer"}}
GOOD = [{"id": "a", "value": 1}, {"id": "b", "value": 2}]


def page(text: str | bytes, path: str = "$", seq: int = 0, **context: str) -> Page:
    body = text if isinstance(text, bytes) else text.encode()
    return Page(seq, body, body, path, context, f"GET {seq}", 200, 1)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (json.dumps(GOOD), "$"),
        (json.dumps({"rows": GOOD, "total": 2}), "$.rows"),
        (json.dumps({"respon": {"data-x": {"rows": GOOD}}}), '$.respon."data-x".rows'),
        (json.dumps([{"page": 1}, GOOD]), "$[1]"),
        (json.dumps({"entry": [{"resource": row} for row in GOOD]}), "$.entry[*].resource"),
        ("\n".join(json.dumps(row) for row in GOOD), "ndjson"),
        ("\r\n".join(json.dumps(row) for row in GOOD) + "\r\n\n", "ndjson"),
        ("\ufeff" + json.dumps(GOOD), "$"),
    ],
)
def test_records_are_found(land: Any, text: str, path: str) -> None:
    result = land(COLUMNS, [page(text, path)])
    assert [(row["id"], row["value"], row["_row"]) for row in result.rows] == [("a", 1, 0), ("b", 2, 1)]
    assert result.quarantine == []


def test_a_single_object_is_one_record(land: Any) -> None:
    result = land(COLUMNS, [page(json.dumps({"rows": GOOD[0]}), "$.rows")])
    assert [row["id"] for row in result.rows] == ["a"]


def test_records_that_are_arrays(land: Any) -> None:
    columns = {"tahun": {"type": "integer", "position": 0}, "nama": {"position": 1}, "nilai": {"position": 2}}
    rows = [["2024", "A", "1,5"], ["2024", "B", None], ["2024"], {"tahun": 1}, None]
    result = land(columns, [page(json.dumps({"markers": rows}), "$.markers")], key=("tahun", "nama"))
    assert [(row["nama"], row["nilai"]) for row in result.rows] == [("A", "1,5"), ("B", None)]
    assert [row["_row"] for row in result.quarantine] == [2, 3, 4]


def test_array_records_that_grew_are_signalled(land: Any) -> None:
    columns = {"tahun": {"position": 0}, "nilai": {"position": 1}}
    assert land(columns, [page('[["2024", "1", "new"]]')], key=("tahun",)).counts.unknown == ("[2]",)


def test_nested_fields(land: Any) -> None:
    columns = {"id": {}, "mulai": {"type": "timestamp", "from": "$.period.start"},
               "penolong": {"from": "$.participant[0].type[0].text"}}  # fmt: skip
    record = {"id": "a", "period": {"start": "2024-01-01T00:00:00Z"}, "participant": [{"type": [{"text": "bidan"}]}]}
    result = land(columns, [page(json.dumps([record, {"id": "b"}]))])
    assert [(row["id"], row["penolong"]) for row in result.rows] == [("a", "bidan"), ("b", None)]


def test_odd_field_names_do_no_harm(land: Any) -> None:
    name = 'x"; DROP TABLE staged; --'
    columns = {"id": {}, "value": {"from": name}, "selected": {"from": "SELECT '"}, "bad": {}, "record": {}, "seq": {}}
    record = {"id": "a", name: "v", "SELECT '": "w", "bad": "b", "record": "r", "seq": "s"}
    (row,) = land(columns, [record]).rows
    assert (row["value"], row["selected"], row["bad"], row["record"], row["seq"]) == ("v", "w", "b", "r", "s")


@pytest.mark.parametrize("odd", [None, 5, "text", [], ["a"], {}, {"other": 1}, {"id": "", "value": None}])
def test_what_is_no_record_is_quarantined(land: Any, odd: Any) -> None:
    result = land(COLUMNS, [page(json.dumps([GOOD[0], odd, GOOD[1]]))])
    assert [row["id"] for row in result.rows] == ["a", "b"]
    assert [(row["_row"], row["reasons"][0]["rule"]) for row in result.quarantine] == [(1, "empty_record")]


def test_an_entry_without_its_record_is_a_row_too(land: Any) -> None:
    entries = [{"resource": GOOD[0]}, {"fullUrl": "x"}, {"resource": GOOD[1]}]
    result = land(COLUMNS, [page(json.dumps({"entry": entries}), "$.entry[*].resource")])
    assert (result.counts.received, result.counts.landed, result.counts.quarantined) == (3, 2, 1)


def test_a_broken_line_costs_itself_only(land: Any) -> None:
    lines = [json.dumps(GOOD[0]), '{"id": "x", "val', "null", json.dumps(GOOD[1])]
    result = land(COLUMNS, [page("\n".join(lines), "ndjson")])
    assert [row["id"] for row in result.rows] == ["a", "b"]
    assert [row["_row"] for row in result.quarantine] == [1, 2]


def test_a_field_given_twice_is_quarantined(land: Any) -> None:
    """Readers of JSON disagree about which of the two counts."""
    result = land(COLUMNS, [page('[{"id": "a", "value": 1}, {"id": "b", "value": 1, "value": 2}]')])
    assert [row["id"] for row in result.rows] == ["a"]
    assert result.reasons == [("doubled_field", "")]


def test_a_doubled_field_that_hides_a_missing_one(land: Any) -> None:
    result = land(COLUMNS, [page('[{"id": "a", "value": 1}, {"id": "b", "id": "c"}]')])
    assert [row["id"] for row in result.rows] == ["a"]
    assert ("doubled_field", "") in result.reasons


NESTED: dict[str, Any] = {
    "id": {},
    "mulai": {"from": "$.masa.mulai"},
    "nilai": {"from": "$.hasil[0].rinci.nilai", "type": "decimal(18,2)", "optional": True},
}


@pytest.mark.parametrize(
    "twice",
    [
        '"masa": {"mulai": "x", "mulai": "y"}',
        '"masa": {"mulai": "x", "lain": {"mulai": 1}, "\\u006dulai": "x"}',
        '"masa": {"mulai": "x"}, "hasil": [{"rinci": {"nilai": 1, "nilai": 2}}]',
        '"masa": {"mulai": "x"}, "hasil": [{"rinci": {"nilai": 1}, "rinci": {"nilai": 1}}]',
        '"masa": {"mulai": "x"}, "hasil": [{"rinci": {"nilai": 1234567890123.45, "nilai": 2}}]',  # rewritten by Python
    ],
    ids=["beside", "escaped", "deeper", "on the way", "in a page that is rewritten"],
)
def test_a_nested_field_given_twice_is_quarantined(land: Any, twice: str) -> None:
    fine = (
        '{"id": "a", "masa": {"mulai": "x", "lain": {"mulai": 1, "mulai": 2}}, "hasil": [{"rinci": {"nilai": 1}}]}',
        '{"id": "b", "masa": {"mulai": "\\"mulai\\":\\"mulai\\":"}, "hasil": [{"rinci": {}}, {"rinci": {"nilai": 1}}]}',
        '{"id": "c", "masa": {"mulai": "x", "selesai": 1, "selesai": 2}, "hasil": null}',
    )
    result = land(NESTED, [page(f'[{", ".join(fine)}, {{"id": "d", {twice}}}]')])
    assert [row["id"] for row in result.rows] == ["a", "b", "c"]
    assert result.reasons == [("doubled_field", "")]


def test_a_record_given_twice_in_its_entry_is_quarantined(land: Any) -> None:
    text = '{"entry": [{"resource": {"id": "a", "value": 1}}, {"resource": {"id": "b"}, "resource": {"id": "c"}}]}'
    result = land(COLUMNS, [page(text, "$.entry[*].resource")])
    assert [row["id"] for row in result.rows] == ["a"]
    assert result.reasons[0] == ("doubled_field", "")


def test_a_field_given_twice_is_seen_in_a_page_that_is_rewritten(land: Any) -> None:
    text = '[{"id": "a", "value": 1234567890123.45}, {"id": "b", "value": 1, "value": 2}]'
    result = land({"id": {}, "value": {"type": "decimal(18,2)"}}, [page(text)])
    assert [row["id"] for row in result.rows] == ["a"]
    assert result.reasons == [("doubled_field", "")]


@pytest.mark.parametrize(
    "text", ["", "<html>login</html>", '[{"id": "a"', '{"rows": null}', '{"rows": "none"}', '{"other": []}', "[" * 5000]
)
def test_a_page_without_its_records_is_damage_not_emptiness(land: Any, text: str) -> None:
    with pytest.raises(SourceError) as caught:
        land(COLUMNS, [page(text, "$.rows")])
    assert caught.value.kind == "damaged"
    assert "page 0" in str(caught.value)


def test_an_empty_list_is_an_answer(land: Any) -> None:
    result = land(COLUMNS, [page("[]")])
    assert (result.counts.received, result.rows, result.quarantine) == (0, [], [])


@pytest.mark.parametrize("text", [rb'[{"id": "\ud800", "value": 1}, {"id": "b", "value": 2}]',
                                  b'[{"id": "\xff\xfe", "value": 1}, {"id": "b", "value": 2}]',
                                  rb'[{"id": "a\u0000", "value": 1}, {"id": "b", "value": 2}]'])  # fmt: skip
def test_broken_text_costs_its_row_only(land: Any, text: bytes) -> None:
    result = land(COLUMNS, [page(text)])
    assert [row["id"] for row in result.rows] == ["b"]
    assert result.reasons == [("encoding", "id")]


def test_values_json_has_no_word_for(land: Any) -> None:
    result = land(COLUMNS, [page('[{"id": "a", "value": NaN}, {"id": "b", "value": 2}]')])
    assert [row["id"] for row in result.rows] == ["b"]
    assert result.reasons == [("type", "value")]


def test_unknown_fields_are_named_once(land: Any) -> None:
    rows = [{"id": "a", "value": 1, "baru": 1}, {"id": "b", "value": 2, "lain": 2, "baru": 3}]
    assert land(COLUMNS, rows).counts.unknown == ("baru", "lain")


def test_declared_fields_that_no_record_has_are_named(land: Any) -> None:
    """A renamed field would otherwise land as nothing at all."""
    columns = COLUMNS | {"gone": {}, "extra": {"optional": True}, "nama": {"personal": "drop"}}
    assert land(columns, [{"id": "a", "value": 1}, {"id": "b", "Gone": 2}]).counts.absent == ("gone",)
    assert land(columns, [{"id": "a", "value": 1}, {"id": "b", "gone": None}]).counts.absent == ()
    assert land(columns, [page("[]")]).counts.absent == ()
    positions = {"a": {"position": 0}, "c": {"position": 2}}
    assert land(positions, [page('[["x", "y"]]')], key=("a",)).counts.absent == ("[2]",)


def test_pages_of_several_shapes_in_one_pull(land: Any) -> None:
    pages = [page(json.dumps({"rows": [GOOD[0]]}), "$.rows"), page("[]", "$", 1),
             page(json.dumps({"rows": [GOOD[1]]}), "$.rows", 2)]  # fmt: skip
    result = land(COLUMNS, pages)
    assert [(row["id"], row["_page"], row["_row"]) for row in result.rows] == [("a", 0, 0), ("b", 2, 1)]


def test_values_from_the_request(land: Any) -> None:
    columns = {"id": {}, "tahun": {"type": "integer", "context": "tahun"}, "kode": {"context": "kode"}}
    pages = [
        page('[{"id": "a"}]', tahun="2023", kode="64.02"),
        page('[{"id": "b"}]', "$", 1, tahun="2023", kode="62.02"),
    ]
    result = land(columns, pages)
    assert [(row["id"], row["tahun"], row["kode"]) for row in result.rows] == [
        ("a", 2023, "64.02"),
        ("b", 2023, "62.02"),
    ]


def test_a_page_without_its_context_is_refused(land: Any) -> None:
    with pytest.raises(SourceError, match="without 'tahun'"):
        land({"id": {}, "tahun": {"context": "tahun"}}, [page('[{"id": "a"}]')])


def test_an_answer_about_another_year_is_held_back(land: Any) -> None:
    columns = {"id": {}, "tahun": {"type": "integer", "context": "tahun", "from": "tahun"}}
    rows = [{"id": "a", "tahun": 2024}, {"id": "b", "tahun": "2024"}, {"id": "c", "tahun": 2023}, {"id": "d"}]
    result = land(columns, [page(json.dumps(rows), tahun="2024")])
    assert [row["id"] for row in result.rows] == ["a", "b"]
    assert result.reasons == [("context", "tahun"), ("context", "tahun")]


def test_coverage_from_the_rows(land: Any) -> None:
    columns = {"id": {}, "tahun": {"type": "integer"}}
    rows = [{"id": "a", "tahun": 2023}, {"id": "b", "tahun": 2024}, {"id": "c", "tahun": 24}, {"id": "d", "tahun": "x"}]
    more = {"coverage": {"from": "tahun", "grain": "year"}}
    assert [row["id"] for row in land(columns, rows, about="2023", **more).rows] == ["a"]
    assert [row["id"] for row in land(columns, rows, about="2024", **more).rows] == ["b"]


def test_rows_without_a_readable_coverage_join_the_only_one(land: Any) -> None:
    columns = {"id": {}, "tgl": {"type": "date"}}
    rows = [{"id": "a", "tgl": "2024-08-01"}, {"id": "b", "tgl": "?"}]
    result = land(columns, rows, about="2024-08", coverage={"from": "tgl", "grain": "month"})
    assert (result.counts.received, result.counts.landed, result.counts.quarantined) == (2, 1, 1)
