"""What a publication says of itself to catalogues, statistics offices and tools of data engineers, by their rules."""

import csv
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import jsonschema
import open_data_contract_standard
import pytest

from publication.build import Published, publish
from publication.formats.sdmx import COLUMNS
from publication.tables import DUCKDB_FILE
from tests.publication.sample_meta import sample_meta

CATALOGUE = {
    "dcat:Catalog": ("dct:title", "dct:description", "dct:publisher", "dct:issued", "dct:language", "dcat:dataset"),
    "dcat:Dataset": ("dct:identifier", "dct:title", "dct:description", "dct:publisher", "dcat:distribution"),
    "dcat:Distribution": ("dcat:accessURL", "dcat:mediaType"),
    "foaf:Agent": ("foaf:name",),
}
"""Classes of DCAT 3 and what its application profiles require of each."""
CKAN = {
    "type": "object",
    "required": ["name", "title", "notes", "license_id", "tags", "extras", "resources"],
    "properties": {
        "name": {"pattern": "^[a-z0-9_-]{2,100}$"},
        "tags": {"items": {"properties": {"name": {"pattern": r"^[\w .-]{2,100}$"}}}},
        "extras": {
            "items": {"required": ["key", "value"], "properties": {"value": {"type": "string", "minLength": 1}}}
        },
        "resources": {"minItems": 1, "items": {"required": ["url", "format", "name", "mimetype"]}},
    },
}
"""What CKAN's ``package_create`` refuses."""
FACET = {"type": "object", "required": ["_producer", "_schemaURL"]}
DATASET = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {"facets": {"additionalProperties": FACET}, "inputFacets": {"additionalProperties": FACET}},
}
RUN_EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "run": {"required": ["runId"]},
        "job": {"required": ["namespace", "name"]},
        "inputs": {"items": DATASET},
        "outputs": {"items": DATASET},
    },
}
"""What OpenLineage 2-0-2 requires of a RunEvent."""


def read(published: Published, name: str) -> Any:
    return json.loads((published.path / name).read_text(encoding="utf-8"))


def nodes(value: Any) -> list[dict[str, Any]]:
    """Every object with a class in a document."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) and str(value.get("@type", "")).split(":")[0] in ("dcat", "foaf") else []
    return own + [node for one in inner for node in nodes(one)]


@pytest.mark.parametrize("kind", CATALOGUE)
def test_the_catalogue_has_what_dcat_requires(published: Published, kind: str) -> None:
    document = read(published, "dcat.jsonld")
    assert document["@context"]["dcat"] == "http://www.w3.org/ns/dcat#"
    found = [node for node in nodes(document) if node["@type"] == kind]
    assert found
    assert [(node, name) for node in found for name in CATALOGUE[kind] if not node.get(name)] == []


def test_every_term_of_the_catalogue_is_one_of_a_known_vocabulary(published: Published) -> None:
    """A term without a prefix that the context explains would be dropped silently by every reader."""
    document = read(published, "dcat.jsonld")
    for node in nodes(document):
        for name in node:
            assert name.startswith("@") or name.partition(":")[0] in document["@context"], name


def test_every_file_that_a_catalogue_names_is_there(published: Published) -> None:
    named = [
        node["dcat:downloadURL"]["@id"] for node in nodes(read(published, "dcat.jsonld")) if "dcat:accessURL" in node
    ]
    named += [item["url"] for one in read(published, "ckan.json")["datasets"] for item in one["resources"]]
    assert len(named) > 100
    assert [name for name in named if not (published.path / name).is_file()] == []


def test_ckan_would_take_every_dataset(published: Published) -> None:
    datasets = read(published, "ckan.json")["datasets"]
    schema = jsonschema.Draft202012Validator(CKAN)
    assert [error.message for one in datasets for error in schema.iter_errors(one)] == []
    assert len({one["name"] for one in datasets}) == len(datasets) >= 30
    for one in datasets:
        keys = [extra["key"] for extra in one["extras"]]
        assert len(set(keys)) == len(keys)
    assert list(schema.iter_errors(datasets[0] | {"name": "Pilar X"})), "the schema takes anything"


@pytest.mark.parametrize("table", ["all_indicators", "question_scores", "regions"])
def test_the_four_elements_of_satu_data_indonesia_are_told_of_a_table(published: Published, table: str) -> None:
    [dataset] = [one for one in read(published, "ckan.json")["datasets"] if one["name"] == f"pilar-{table}"]
    extras = {extra["key"]: extra["value"] for extra in dataset["extras"]}
    standard = json.loads(extras["standar_data"])
    assert standard.keys() == {"konsep", "definisi", "klasifikasi", "ukuran", "satuan"}
    assert standard["definisi"]
    assert extras["metadata"].startswith("datapackage.json")
    assert f"parquet/{table}.parquet" in extras["interoperabilitas"]
    assert "Kode wilayah Kemendagri" in extras["kode_referensi"]
    catalogued = [one for one in read(published, "dcat.jsonld")["dcat:dataset"] if one["@id"] == f"#{table}"]
    assert catalogued[0]["sdi:standarData"] == standard


def test_the_licence_that_is_set_reaches_every_catalogue(sample_file: Path, tmp_path: Path) -> None:
    where = "https://creativecommons.org/licenses/by/4.0/"
    meta = sample_meta().model_copy(update={"data_licence": f"CC-BY-4.0 {where}"})
    result = publish(sample_file, meta, tmp_path)
    assert read(result, "datapackage.json")["licenses"] == [{"name": "CC-BY-4.0", "path": where}]
    assert read(result, "dcat.jsonld")["dct:license"] == {"@id": where}
    assert {one["license_id"] for one in read(result, "ckan.json")["datasets"]} == {"cc-by-4.0"}
    assert read(result, "contract.odcs.json")["description"]["limitations"].startswith("CC-BY-4.0")


def test_the_contract_is_a_document_of_the_standard(published: Published) -> None:
    folder = Path(open_data_contract_standard.__file__).parent
    schema = jsonschema.Draft201909Validator(json.loads((folder / "schema.json").read_text()))
    document = read(published, "contract.odcs.json")
    assert [error.message for error in schema.iter_errors(document)] == []
    assert list(schema.iter_errors(document | {"kind": "Contract"})), "the schema takes anything"
    with duckdb.connect(str(published.path / DUCKDB_FILE), read_only=True) as connection:
        columns = connection.execute(
            "SELECT schema_name || '.' || table_name || '.' || column_name FROM duckdb_columns() "
            "WHERE schema_name <> 'meta' AND NOT internal"
        ).fetchall()
    promised = {f"{one['physicalName']}.{item['name']}" for one in document["schema"] for item in one["properties"]}
    assert promised == {name for [name] in columns}


def test_the_evaluation_is_told_as_openlineage_events(published: Published) -> None:
    events = read(published, "openlineage.json")
    schema = jsonschema.Draft202012Validator(RUN_EVENT)
    assert [error.message for event in events for error in schema.iter_errors(event)] == []
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"]
    assert len({UUID(event["run"]["runId"]) for event in events}) == 1
    times = [datetime.fromisoformat(event["eventTime"]) for event in events]
    assert times == sorted(times)
    assert {item["name"] for item in events[1]["outputs"]} >= {"pillars.all_indicators", "scores.index_scores"}
    in_force = {batch.batch_id for batch in sample_meta().sources if batch.in_force}
    assert {item["facets"]["version"]["datasetVersion"] for item in events[0]["inputs"]} == in_force


def test_sdmx_csv_has_every_observation_once(published: Published) -> None:
    with (published.path / "sdmx/indicators.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    with duckdb.connect(str(published.path / DUCKDB_FILE), read_only=True) as connection:
        known = connection.execute("SELECT region_id, indicator_id, period, value, state FROM pillars.all_indicators")
        expected = {row[:3]: row[3:] for row in known.fetchall()}
    found = {(row["REF_AREA"].replace("_", "."), row["INDICATOR"], row["TIME_PERIOD"]): row for row in rows}
    assert found.keys() == expected.keys()
    assert len(rows) == len(found)
    for place, row in found.items():
        value, state = expected[place]
        assert (row["OBS_VALUE"] or None) == (None if value is None else str(value))
        assert (row["OBS_STATUS"] == "A") == (state == "measured")
        for name in ("REF_AREA", "INDICATOR", "UNIT_MEASURE", "FREQ", "OBS_STATUS"):
            assert re.fullmatch(r"[A-Za-z0-9_@$\-]+", row[name]), (name, row[name])
    assert {row["OBS_STATUS"] for row in rows} == {"A", "O", "M", "Q"}
