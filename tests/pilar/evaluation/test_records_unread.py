"""What of a record cannot be read stops whoever reads it, and nobody else."""

from collections.abc import Mapping
from typing import Any

import duckdb
import pytest

from pilar.evaluation.record_views import record_views
from pilar.evaluation.warehouse import View, show_views
from tests.pilar.evaluation.house import BIRTH, CHOSEN, CONTRACTS, FIGURE, OF_BPS, House, figure, source

VISIT: Mapping[str, Any] = {
    "record": "queue_booking",
    "columns": {
        "region_code": "kode",
        "month": {"from": "mulai", "take": "month"},
        "booking_id": "nomor",
        "state": {"from": "status", "codes": {"selesai": "served", "batal": "cancelled"}},
    },
}
OLD = {"nomor": "a", "kode": "64.02", "mulai": "2024-03-01 00:00:00+00", "status": "Siti Contohwan"}


@pytest.mark.parametrize(
    ("entry", "key"),
    [(BIRTH, ["nomor"]), (VISIT, ["nomor"]), (VISIT, ["nomor", "status"])],
    ids=["of a record that counts its newest batch", "of another", "of one that may come twice"],
)
def test_p3_a_value_that_no_code_stands_for_stops_who_reads_it_and_nobody_else(
    entry: Mapping[str, Any], key: list[str]
) -> None:
    """Landed under an older contract, which allowed it."""
    record = entry["record"]
    house = House((source("s", CONTRACTS["birth"], entry, key=key), [OLD, {**OLD, "nomor": "b", "_batch": "2"}]))
    said = "s: status has a value that `provides` gives no code"
    for query in (f"select state from records.{record}", f"from records.{record} where state = 'happened'"):
        with pytest.raises(duckdb.Error, match=said) as raised:
            house.fetch(query)
        assert "Contohwan" not in str(raised.value)
    assert house.fetch(f"select count(*), count(distinct region_code) from records.{record}") == [(2, 1)]


@pytest.fixture
def damaged() -> House:
    """Two sources of figures; the file that one of them landed is gone."""
    spbe = {**FIGURE, "columns": {**FIGURE["columns"], "indicator": {"is": "gov_spbe"}}}
    one, two = source("one", CONTRACTS["figure"], FIGURE), source("bps", CONTRACTS["bps"], OF_BPS)
    house = House((source("spbe", CONTRACTS["figure"], spbe), [figure(3)]), (one, []), (two, []))
    for name in ("one", "bps"):
        view = house.landing[f"landing.{name}"]
        gone = View("select * from read_parquet('/nowhere/rows.parquet')", columns=view.columns)
        show_views(house.connection, {f"landing.{name}": gone})
    show_views(house.connection, house.views)
    return house


def test_p3_a_file_that_cannot_be_read_stops_only_who_reads_its_rows(damaged: House) -> None:
    found = damaged.fetch("select value::integer from records.published_figure where indicator in ('gov_spbe', 'x')")
    assert found == [(3,)]


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) from records.published_figure",
        "select * from records.published_figure where indicator = 'eco_ipm'",
        "select * from records.published_figure where indicator = 'ipm_uhh' and value = 70.1",
        "select count(*) from records.published_figure where value > 1",
        "select region_code from records.published_figure where region_code in ('64.02') group by all",
    ],
)
def test_p3_its_rows_are_never_missing_without_a_word(damaged: House, query: str) -> None:
    with pytest.raises(duckdb.Error, match=r"landing\.\w+ cannot be read"):
        damaged.fetch(query)


def test_p3_a_source_file_that_cannot_be_read_stops_the_records_that_it_names() -> None:
    house = House((source("s", CONTRACTS["figure"], FIGURE), [figure(1)]))
    views = record_views({}, house.landing, CHOSEN, {"s": {"published_figure"}})
    show_views(house.connection, views)
    with pytest.raises(duckdb.Error, match="s: its mapping to published_figure is not in order"):
        house.fetch("select count(*) from records.published_figure")
    assert house.fetch("select * from records.birth") == []


def test_p3_a_wrong_mapping_stops_its_record_and_no_other() -> None:
    wrong = {**FIGURE, "columns": {**FIGURE["columns"], "value": "nothing"}}
    birth = [{"nomor": "a", "kode": "64.02", "mulai": "2024-03-01 00:00:00+00", "status": "selesai"}]
    house = House(
        (source("s", CONTRACTS["figure"], wrong), [figure(1)]), (source("t", CONTRACTS["birth"], BIRTH), birth)
    )
    with pytest.raises(duckdb.Error, match="not in order"):
        house.figures()
    assert house.fetch("select birth_id from records.birth") == [("a",)]
