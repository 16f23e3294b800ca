"""BPS's glued keys: built from the dimensions, never parsed."""

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.protocols.bps import _year, records_of
from ledger.errors import ConfigError, SourceError

# The example of the statistics office's own documentation: 7315310990 is 7315|31|0|99|0.
PINRANG: dict[str, Any] = {
    "vervar": [{"val": 7315, "label": "Pinrang"}, {"val": 7300, "label": "Sulawesi Selatan"}],
    "var": [{"val": 31, "label": "Jumlah Penduduk"}],
    "turvar": [{"val": 0, "label": "Tidak ada"}],
    "tahun": [{"val": 99, "label": "1999"}],
    "turtahun": [{"val": 0, "label": "Tahun"}],
    "datacontent": {"7315310990": 308669},
}


def test_the_documented_example() -> None:
    assert records_of(PINRANG) == [
        {
            "vervar": "7315",
            "wilayah": "Pinrang",
            "var": "31",
            "turvar": "0",
            "tahun": "1999",
            "turtahun": "0",
            "nilai": 308669,
        }
    ]


def test_p8_a_cell_without_a_value_is_no_record_and_a_null_is_a_null() -> None:
    found = records_of(PINRANG | {"datacontent": {"7315310990": None}})
    assert [row["nilai"] for row in found] == [None]


def table(**ids: list[int]) -> dict[str, Any]:
    return {
        name: [{"val": i, "label": str(i + 1900) if name == "tahun" else f"l{i}"} for i in ids[name]] for name in ids
    }


def test_a_key_that_can_be_read_in_two_ways_is_damage() -> None:
    # 1|11|0|120|0 and 11|1|0|120|0 are both 11101200.
    data = table(vervar=[1, 11], var=[1, 11], turvar=[0], tahun=[120], turtahun=[0])
    with pytest.raises(SourceError, match="two ways") as caught:
        records_of(data | {"datacontent": {"11101200": 5}})
    assert caught.value.kind == "damaged"


def test_an_ambiguity_that_no_value_meets_does_no_harm() -> None:
    data = table(vervar=[1, 11], var=[1, 11], turvar=[0], tahun=[120], turtahun=[0])
    assert len(records_of(data | {"datacontent": {"1101200": 5, "111101200": 6}})) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"datacontent": {"7315310990": 1, "7316310990": 2}},
        {"datacontent": {"7315310991": 2}},
        {"tahun": [{"val": 99, "label": "2001"}]},
        {"tahun": [{"val": "x", "label": "1999"}], "datacontent": {"7315310x0": 1}},
        {"var": [{"val": 31}, {"val": 31}]},
        {"var": [{"label": "x"}]},
        {"var": ["31"]},
        {"datacontent": {"7315310990": [1]}},
        {"datacontent": {"7315310990": True}},
    ],
)
def test_p1_what_the_dimensions_do_not_explain_is_damage(change: dict[str, Any]) -> None:
    with pytest.raises(SourceError) as caught:
        records_of(PINRANG | change)
    assert caught.value.kind == "damaged"


def test_a_table_of_monstrous_size_is_refused_before_it_is_built() -> None:
    many = [{"val": number} for number in range(200)]
    with pytest.raises(SourceError, match="cells"):
        records_of(dict.fromkeys(("vervar", "var", "turvar", "tahun", "turtahun"), many) | {"datacontent": {}})


IDS = st.lists(st.integers(min_value=0, max_value=9999), min_size=1, max_size=4, unique=True)


@given(IDS, IDS, IDS, st.lists(st.integers(0, 199), min_size=1, max_size=3, unique=True), IDS, st.data())
def test_every_value_is_found_where_keys_are_unambiguous(vervar, var, turvar, tahun, turtahun, data) -> None:
    cells = list(product(vervar, var, turvar, tahun, turtahun))
    keys = ["".join(map(str, cell)) for cell in cells]
    assume(len(set(keys)) == len(keys))
    chosen = data.draw(st.sets(st.integers(0, len(cells) - 1), max_size=12))
    content = {keys[place]: str(place) for place in chosen}
    shape = table(vervar=vervar, var=var, turvar=turvar, tahun=tahun, turtahun=turtahun)
    found = records_of(shape | {"datacontent": content})
    assert {(r["vervar"], r["var"], r["turvar"], int(r["tahun"]) - 1900, r["turtahun"]): r["nilai"] for r in found} == {
        (str(cells[p][0]), str(cells[p][1]), str(cells[p][2]), cells[p][3], str(cells[p][4])): str(p) for p in chosen
    }


def test_one_request_a_variable_and_year_with_the_key_hidden(pull, reply, rows_of) -> None:
    shape = {"status": "OK", "data-availability": "available", "labelvervar": "Kabupaten/Kota"}

    def handler(request: Any) -> Any:
        parts = request.url.split("/")
        var, year = int(parts[parts.index("var") + 1]), int(parts[parts.index("th") + 1])
        data = table(vervar=[6403], var=[var], turvar=[0], tahun=[year], turtahun=[0])
        content = f'{{"6403{var}0{year}0": 72.640}}'
        return reply(json.dumps(shape | data)[:-1].encode() + b', "datacontent": ' + content.encode() + b"}")

    run = pull(
        "bps",
        {"domain": "{domain}", "var": [101, "{var}"], "tahun": [2020, 2021]},
        handler,
        [{"domain": "6400", "var": "104"}],
    )
    pages = run.pages()
    assert (
        run.asked[0].url
        == "https://opd.example/base/list/model/data/lang/ind/domain/6400/var/101/th/120/key/kunci-rahasia"
    )
    assert [(row["var"], row["tahun"]) for row in rows_of(pages)] == [
        ("101", "2020"), ("101", "2021"), ("104", "2020"), ("104", "2021"),
    ]  # fmt: skip
    assert b'"nilai":72.640' in pages[0].records
    assert pages[3].context == {"domain": "6400", "var": "104", "tahun": "2021"}
    assert all(page.request.endswith("/key/***") for page in pages)


def test_p8_a_table_that_is_not_available_is_a_page_without_records(pull, reply) -> None:
    answers = [reply({"status": "OK", "data-availability": "not-available", "data": ""})]
    [page] = pull("bps", {"domain": "6400", "var": [101], "tahun": [2021]}, answers).pages()
    assert page.records == b"[]"


@pytest.mark.parametrize("year", ["9" * 5000, "-1", "1e2", "٢", ""])
def test_p10_a_year_id_that_is_no_small_number_is_damage(year: str) -> None:
    with pytest.raises(SourceError, match="year id"):
        _year(year, "2023", "GET x")


def test_p10_a_year_that_is_none_is_refused(pull) -> None:
    with pytest.raises(ConfigError, match="is not a year"):
        pull("bps", {"domain": "6400", "var": [101], "tahun": ["{tahun}"]}, [], [{"tahun": "24"}]).pages()
