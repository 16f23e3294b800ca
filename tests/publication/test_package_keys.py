"""What a package says of its keys: true of the rows that are published, and the same that dbt tests."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import pytest
import yaml

from ledger.project import mart_of, pillar_ids
from ledger.settings import REPOSITORY
from publication.build import Published
from publication.tables import SCORES

MARTS = [mart_of(pillar) for pillar in pillar_ids()]
MODELS = REPOSITORY / "dbt_project" / "models"
SOON: Mapping[str, tuple[str, ...]] = {
    "region_system": ("kemendagri", "bps"),
    "rule_set_id": ("2023", "2024"),
    "year": ("1", "2"),
}
IN_MARTS: Mapping[str, tuple[str, ...]] = {**SOON, "period": ("-01", "-02")}
"""What the sample has one of, and a publication may have several of: the same rows must then still be told apart."""


def declared(published: Published) -> dict[str, list[str]]:
    """The key of each table that declares one."""
    package = json.loads((published.path / "datapackage.json").read_text(encoding="utf-8"))
    return {
        item["name"]: item["schema"]["primaryKey"] for item in package["resources"] if "primaryKey" in item["schema"]
    }


def held_unique() -> dict[str, list[str]]:
    """The combination of columns that dbt holds to be unique, by model."""
    found: dict[str, list[str]] = {}
    for path in (*MODELS.glob("pillars/*.yml"), *MODELS.glob("scores/*.yml")):
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        tables = (table for source in document.get("sources", ()) for table in source["tables"])
        for model in (*document.get("models", ()), *tables):
            for test in model.get("data_tests", ()):
                if isinstance(test, dict) and "unique_combination" in test:
                    found[model["name"]] = test["unique_combination"]["arguments"]["columns"]
    return found


@pytest.mark.parametrize("table", [*MARTS, *SCORES])
def test_every_mart_and_score_declares_the_key_that_dbt_tests(published: Published, table: str) -> None:
    assert declared(published)[table] == held_unique()[table]


def test_a_declared_key_is_unique_and_no_column_of_it_can_be_spared(published: Published) -> None:
    found = declared(published)
    keys = {name: found[name] for name in (*MARTS, *SCORES)}
    with duckdb.connect() as connection:
        for name, key in keys.items():
            rows = f"read_parquet('{published.path}/parquet/{name}.parquet')"
            columns = {row[0] for row in connection.execute(f"DESCRIBE FROM {rows}").fetchall()}
            # Of a reference table every row is there: it cannot have several of anything by and by.
            several = IN_MARTS if name in MARTS else SOON if name in SCORES else {}
            for column in several.keys() & columns:
                values = ", ".join(f"({value!r})" for value in several[column])
                rows = f"(SELECT r.* REPLACE (r.{column} || v AS {column}) FROM {rows} r, (VALUES {values}) AS s(v))"
            [(count,)] = connection.execute(f"SELECT count(*) FROM {rows}").fetchall()
            assert count > 1

            def distinct(names: list[str], rows: str = rows) -> int:
                listed = ", ".join(names) or "1"
                return int(connection.execute(f"SELECT count(DISTINCT ({listed})) FROM {rows}").fetchall()[0][0])

            assert distinct(key) == count, f"{name}: rows share a key"
            spared = [column for column in key if distinct([one for one in key if one != column]) == count]
            assert spared == [], f"{name}: the key needs no {spared}"


def test_no_column_of_a_declared_key_is_empty(published: Published) -> None:
    with duckdb.connect() as connection:
        for name, key in declared(published).items():
            rows = f"read_parquet('{published.path}/parquet/{name}.parquet')"
            for column in key:
                empty = connection.execute(f"SELECT count(*) FROM {rows} WHERE {column} IS NULL").fetchall()
                assert empty == [(0,)], f"{name}.{column}"


def test_the_package_is_valid_and_so_is_every_row_and_reference(published: Published) -> None:
    report = frictionless.validate(str(published.path / "datapackage.json"))
    assert report.flatten(["type", "message"]) == []
    assert report.valid
    assert report.stats["tasks"] == len(json.loads((published.path / "datapackage.json").read_text())["resources"])


def test_a_row_without_what_it_refers_to_is_seen(published: Published, tmp_path: Path) -> None:
    """The check above can fail: foreign keys are read."""
    copy = Path(shutil.copytree(published.path, tmp_path / "copy"))
    regions = copy / "csv" / "regions.csv"
    regions.chmod(0o644)
    regions.write_text("".join(line for line in regions.read_text().splitlines(True) if "64.02" not in line))
    report = frictionless.validate(str(copy / "datapackage.json"))
    assert "foreign-key" in {kind for [kind] in report.flatten(["type"])}
