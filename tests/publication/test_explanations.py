"""Every score of a publication follows from its explanation alone, and leads to the batches it rests on."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from publication.build import Published
from tests.pilar.explanations import recomputed
from tests.publication.sample_warehouse import REGIONS


@pytest.fixture(scope="module")
def documents(published: Published) -> dict[str, dict[str, Any]]:
    return {code: recomputed.read((published.path / f"v1/explanations/{code}.json").read_text()) for code in REGIONS}


@pytest.mark.parametrize("region", REGIONS)
def test_every_value_follows_from_its_own_explanation(documents: dict[str, dict[str, Any]], region: str) -> None:
    sheets = documents[region]["sheets"]
    assert sum(recomputed.check(sheet) for sheet in sheets) > 200


@pytest.mark.parametrize("region", REGIONS)
def test_the_explanations_say_what_the_tables_say(
    documents: dict[str, dict[str, Any]], sample_file: Path, region: str
) -> None:
    with duckdb.connect(str(sample_file), read_only=True) as connection:
        rows = connection.execute(
            "select 'smart-city-2023', 2023, 'computed', "
            "dimension || '/' || (string_split(question_key, '-')[-1])::integer, score, value "
            "from scores.question_scores where region_code = ? union all "
            "select instrument_id, year, role, question, score, null from scores.instrument_answers "
            "where region_code = ? and state not in ('refused', 'unanswered')",
            [region, region],
        ).fetchall()
        nodes = connection.execute(
            "select instrument_id, year, role, node, value from scores.instrument_scores where region_code = ?",
            [region],
        ).fetchall()
    found = {
        (sheet["instrument"], sheet["year"], sheet["role"], one["key"]): one
        for sheet in documents[region]["sheets"]
        for one in sheet["questions"]
    }
    for *place, score, value in rows:
        told = found[tuple(place)]
        assert _same(told.get("score"), score), place
        assert value is None or _same(told["value"], value), place
    values = {
        (sheet["instrument"], sheet["year"], sheet["role"], node["id"]): node["value"]
        for sheet in documents[region]["sheets"]
        for node in sheet["nodes"]
    }
    assert nodes
    assert rows
    assert all(_same(values[tuple(place)], value) for *place, value in nodes)


def test_a_measured_question_leads_to_its_batches(documents: dict[str, dict[str, Any]]) -> None:
    for document in documents.values():
        computed = next(sheet for sheet in document["sheets"] if sheet["role"] == "computed")
        measured = [one for one in computed["questions"] if one["state"] == "measured"]
        assert measured
        for one in measured:
            assert one["batches"]
            assert {"source", "opd", "receipt_sha256", "pages", "trace"} <= set(document["batches"][one["batches"][0]])


def test_every_question_without_an_answer_says_why(documents: dict[str, dict[str, Any]]) -> None:
    for document in documents.values():
        for sheet in document["sheets"]:
            assert all(one["why"] in sheet["why"] for one in sheet["questions"] if one.get("score") is None)


def test_the_index_names_the_explanations(published: Published) -> None:
    index = json.loads((published.path / "v1/index.json").read_text())
    assert all((published.path / region["explanations"]).is_file() for region in index["regions"])


def _same(told: object, stored: Decimal | None) -> bool:
    """To the four decimals of a table; a document has the fraction."""
    if told is None or stored is None:
        return told is None and stored is None
    return recomputed.round_to(recomputed.exact(told), 4) == recomputed.exact(stored)
