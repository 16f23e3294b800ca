"""Records are data: each file is proved, and told in one line what is wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.source.persons import named_like_a_person
from definitions.records import TYPES, load_records
from ledger.errors import ConfigError

GOOD: dict[str, Any] = {
    "title": {"id": "Contoh", "en": "Example"},
    "grain": {"id": "satu contoh", "en": "one example"},
    "key": ["region_code", "year", "thing_id"],
    "period": "year",
    "columns": {
        "region_code": {"type": "region", "required": True},
        "year": {"type": "year", "required": True},
        "thing_id": {"personal": "pseudonym", "required": True},
        "amount": {"type": "decimal(20,2)", "unit": "IDR"},
        "kind": {"codes": {"one": {"id": "satu", "en": "one"}}},
        "name": {"personal": "drop"},
    },
}


def written(tmp_path: Path, content: dict[str, Any], name: str = "thing") -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


def test_a_record_says_its_columns_in_duckdbs_types_and_never_what_is_dropped(tmp_path: Path) -> None:
    record = load_records(written(tmp_path, GOOD))["thing"]
    assert record.id == "thing"
    assert record.sql_types == {
        "region_code": "VARCHAR",
        "year": "INTEGER",
        "thing_id": "VARCHAR",
        "amount": "DECIMAL(20,2)",
        "kind": "VARCHAR",
    }


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("columns/amount/type", "float", "unknown type 'float'"),
        ("columns/amount/type", "decimal(2,3)", "unknown type 'decimal(2,3)'"),
        ("columns/amount/type", "decimal(39,2)", "unknown type 'decimal(39,2)'"),
        ("columns/amount", {"type": "decimal(5,2)"}, "say its `unit`"),
        ("columns/kind/type", "text", "leave `type` out, or `codes`"),
        ("columns/kind/codes", {}, "at least 1 item"),
        ("columns/kind/codes", {"1st": {"id": "a", "en": "a"}}, "should match pattern"),
        ("columns/thing_id/type", "integer", "a pseudonym is text"),
        ("columns/name/required", True, "leave `required` out"),
        ("columns/kind/colour", "red", "unknown key 'colour'"),
        ("key", ["region_code", "name"], "'name' is not among the columns"),
        ("key", ["region_code", "nothing"], "'nothing' is not among the columns"),
        ("key", ["region_code", "year", "year"], "names a column twice"),
        ("key", ["year", "thing_id"], "'region_code' is a column of every record"),
        ("columns/region_code/required", False, "'region_code' is a column of every record"),
        ("period", "kind", "the period is a required column of type year, month, period"),
        ("columns/year/required", False, "the period is a required column"),
        ("title", {"id": "Contoh"}, "is missing"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, path: str, value: object, told: str) -> None:
    content = yaml.safe_load(yaml.safe_dump(GOOD))
    *steps, last = path.split("/")
    place = content
    for step in steps:
        place = place[step]
    place[last] = value
    with pytest.raises(ConfigError) as raised:
        load_records(written(tmp_path, content))
    assert told in str(raised.value)
    assert "thing.yaml" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"), [("title: [", "is not YAML"), ("- a", "is not a mapping"), ("key: 1\nkey: 2", "given twice")]
)
def test_what_is_no_record_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "thing.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        load_records(tmp_path)


def test_a_name_cannot_be_taken_for_the_rows_set_aside(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two underscores"):
        load_records(written(tmp_path, GOOD, "thing__set_aside"))


def test_there_must_be_records(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder of records"):
        load_records(tmp_path / "none")


RECORDS = load_records()


@pytest.mark.parametrize("name", RECORDS)
def test_the_projects_records_are_described_and_name_no_person(name: str) -> None:
    record = RECORDS[name]
    assert record.id == name
    assert [column for column, said in record.columns.items() if said.description is None] == []
    in_clear = [column for column, said in record.shown.items() if said.personal is None]
    assert [column for column in in_clear if named_like_a_person([column])] == []


def test_every_type_is_used_by_some_record() -> None:
    used = {column.type for record in RECORDS.values() for column in record.shown.values()}
    assert set(TYPES) <= used
