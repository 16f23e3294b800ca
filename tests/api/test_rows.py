"""Rows of every resource: chosen, sorted, paged and in every form, the same as in the publication's own tables."""

import csv
import io
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.resources import resources
from tests.api.conftest import Shelf

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

PATHS = [one.path for one in resources()]


def get(client: httpx.Client, path: str, **given: Any) -> httpx.Response:
    answer = client.get(f"/v1/{path}", **given)
    assert answer.status_code == 200, answer.text
    return answer


def rows(client: httpx.Client, path: str, **given: Any) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = json.loads(get(client, path, params=given).text, parse_float=Decimal)["rows"]
    return found


@pytest.mark.parametrize("path", PATHS)
def test_a_resource_has_the_rows_of_its_table_in_every_form(client: httpx.Client, shelf: Shelf, path: str) -> None:
    resource = next(one for one in resources() if one.path == path)
    with duckdb.connect(str(shelf.truth), read_only=True) as connection:
        counted = connection.execute(f"SELECT count(*) FROM {resource.relation}").fetchall()[0][0]
    plain = get(client, path, params={"limit": 100_000})
    assert plain.json()["total"] == counted == len(plain.json()["rows"]) > 0
    text = get(client, path, headers={"accept": "text/csv"})
    assert text.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(text.text)))
    parquet = pq.read_table(io.BytesIO(get(client, path, params={"format": "parquet"}).content))
    arrow = pa.ipc.open_stream(get(client, path, headers={"accept": "application/vnd.apache.arrow.stream"}).content)
    assert parquet.equals(arrow.read_all())
    assert len(lines) == parquet.num_rows == counted
    assert list(plain.json()["rows"][0]) == list(lines[0]) == parquet.column_names
    assert {answer.headers["pilar-publication"] for answer in (plain, text)} == {shelf.now}


def test_rows_are_chosen_by_what_they_say(client: httpx.Client) -> None:
    found = rows(client, "values", region_code=["35.07", "64.02"], state="measured", **{"value.gte": "50"})
    assert found
    assert {row["region_code"] for row in found} == {"35.07", "64.02"}
    assert all(row["state"] == "measured" and row["value"] >= 50 for row in found)
    assert len(rows(client, "values", **{"region_code.ne": "35.07"})) + len(
        rows(client, "values", region_code="35.07")
    ) == len(rows(client, "values"))


def test_empty_and_not_empty_part_the_rows(client: httpx.Client) -> None:
    every, empty, full = (
        rows(client, "values", limit=10_000, **more) for more in ({}, {"value.null": "true"}, {"value.null": "false"})
    )
    assert len(every) == len(empty) + len(full)
    assert empty
    assert all(row["value"] is None for row in empty)


def test_a_list_is_asked_for_one_of_its_entries(client: httpx.Client) -> None:
    one = next(row for row in rows(client, "values") if row["batch_ids"])
    found = rows(client, "values", batch_ids=one["batch_ids"][0])
    assert found
    assert all(one["batch_ids"][0] in row["batch_ids"] for row in found)


def test_columns_are_chosen_and_stand_in_the_order_asked_for(client: httpx.Client) -> None:
    found = rows(client, "regions", select="region_name,region_code")
    assert [list(row) for row in found] == [["region_name", "region_code"]] * 3


def test_rows_are_sorted(client: httpx.Client) -> None:
    values = [row["score"] for row in rows(client, "scores/questions", sort="-score", **{"score.null": "false"})]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 1


def test_pages_are_the_whole_and_stay_in_their_publication(client: httpx.Client, shelf: Shelf) -> None:
    whole = rows(client, "questions", sort="pillar", limit=10_000)
    address: str | None = "/v1/questions?sort=pillar&limit=100"
    found: list[Mapping[str, Any]] = []
    while address:
        answer = client.get(address)
        found += answer.json()["rows"]
        following = answer.links.get("next")
        address = following["url"] if following else None
        assert address is None or address.startswith(f"/v1/publications/{shelf.now}/questions?")
    assert found == whole
    assert answer.headers["pilar-rows"] == str(len(whole))


def test_numbers_are_exact_numbers(client: httpx.Client, shelf: Shelf) -> None:
    with duckdb.connect(str(shelf.truth), read_only=True) as connection:
        query = "SELECT sum(value) FROM scores.dimension_scores"
        assert (
            sum(row["value"] or 0 for row in rows(client, "scores/dimensions"))
            == connection.execute(query).fetchall()[0][0]
        )
    assert '"value":"' not in get(client, "scores/dimensions").text


WRONG = {
    "an unknown column": ("region=35.07", "region"),
    "an unknown operator": ("region_code.like=3%25", "region_code.like"),
    "text as a number": ("value.gte=many", "value.gte"),
    "not a number": ("value.gte=NaN", "value.gte"),
    "no whole number": ("limit=1.5", "limit"),
    "a limit too high": ("limit=100001", "limit"),
    "a negative offset": ("offset=-1", "offset"),
    "a huge offset": ("offset=99999999999999999999", "offset"),
    "an unknown column to choose": ("select=region_code,secret", "select"),
    "a column twice": ("select=unit,unit", "select"),
    "sorted by what is not there": ("sort=-1", "sort"),
    "an unknown form": ("format=xlsx", "format"),
    "a limit twice": ("limit=1&limit=2", "limit"),
    "no day": ("promoted_at.gte=2025-02-30", "promoted_at.gte"),
    "no truth": ("synthetic=yes", "synthetic"),
}


@pytest.mark.parametrize("query", WRONG.values(), ids=WRONG)
def test_p10_what_cannot_be_read_is_named(client: httpx.Client, query: tuple[str, str]) -> None:
    answer = client.get(f"/v1/values?{query[0]}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["parameter"] for error in answer.json()["errors"]] == [query[1]]
    assert answer.json()["type"] == "urn:pilar:problem:wrong-parameters"


def test_every_wrong_parameter_is_named_at_once(client: httpx.Client) -> None:
    answer = client.get("/v1/values?limit=0&nonsense=1&value.gte=x")
    assert {error["parameter"] for error in answer.json()["errors"]} == {"limit", "nonsense", "value.gte"}
