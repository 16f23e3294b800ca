"""What is made from the contracts: equal to what the source files say, valid, and without a person in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import open_data_contract_standard
import pytest
import yaml

from connectors.authoring.contracts.agency_page import agency_page
from connectors.authoring.contracts.dbt import MADE
from connectors.authoring.contracts.dictionary import dictionary_page
from connectors.authoring.contracts.examples import HIDDEN, example_row
from connectors.authoring.contracts.files import PAGES, RECORDS, differences, write_files
from connectors.authoring.contracts.odcs import odcs
from connectors.authoring.contracts.phrases import rules_of
from connectors.landing.fields import field_of
from connectors.landing.fitting import fitting
from connectors.landing.sample import Value
from connectors.source.source import Source
from connectors.source.source_files import load_sources
from definitions.records import SET_ASIDE, load_records
from ledger.settings import REPOSITORY
from tests.connectors.landing.conftest import source_of

SOURCES: Mapping[str, Source] = load_sources(REPOSITORY / "connectors" / "sources")
COLUMNS: dict[str, Any] = {
    "kode": {"pattern": r"^\d{2}\.\d{2}$"},
    "n": {"type": "integer", "min": 0, "unit": "people", "description": {"id": "banyaknya", "en": "how many"}},
    "nik": {"personal": "pseudonym", "kind": "nik"},
    "nama": {"personal": "drop"},
    "lama": {"unused": "kept to look at another day"},
}


def sample(**more: Any) -> Source:
    return source_of(COLUMNS, ["kode"], **more)


@pytest.fixture(scope="module")
def schema() -> Any:
    folder = Path(open_data_contract_standard.__file__).parent
    return jsonschema.Draft201909Validator(json.loads((folder / "schema.json").read_text()))


def test_the_projects_files_are_what_its_contracts_say() -> None:
    """`./run contracts write` makes them so."""
    assert list(differences(list(SOURCES.values()), REPOSITORY)) == []


@pytest.mark.parametrize("source_id", list(SOURCES))
def test_every_contract_is_a_document_of_the_standard(source_id: str, schema: Any) -> None:
    document = odcs(SOURCES[source_id])
    assert [error.message for error in schema.iter_errors(document)] == []
    assert len(document["schema"][0]["properties"]) == len(SOURCES[source_id].contract.columns)
    assert list(schema.iter_errors(document | {"kind": "Contract"})), "the schema takes anything"


@pytest.mark.parametrize("source_id", list(SOURCES))
def test_the_example_row_is_one_the_contract_takes(source_id: str) -> None:
    source = SOURCES[source_id]
    row = example_row(source)
    with duckdb.connect(":memory:") as connection:
        for name, column in source.contract.columns.items():
            place = field_of(name, column)
            if place is None or column.dropped or place == source.args.get("row_as"):
                continue
            if column.pseudonym:
                assert row[place] == HIDDEN
            elif column.from_ is None or not column.from_.startswith("$"):
                text = str(row[place]).lower() if isinstance(row[place], bool) else str(row[place])
                assert fitting(connection, [Value(text, "text")], column) == 1, (place, text)


@pytest.mark.parametrize("source_id", list(SOURCES))
def test_every_landed_column_says_what_it_means(source_id: str) -> None:
    landed = SOURCES[source_id].contract.landed
    assert [name for name, column in landed.items() if column.description is None] == []


def test_the_agencys_page_says_what_to_send_by_when_and_what_is_refused() -> None:
    due = {"id": "akhir tahun", "en": "the end of the year"}
    page = agency_page(
        sample(
            rules=["n >= 1", {"rule": "n <= 5", "on_fail": "flag"}],
            ignore=["no"],
            freshness={"due": due, "warn": "3d", "fail": "12h"},
        )
    )
    indonesian, english = page.split("## English")
    for text in ("`kode` | teks | ya", "| `n` | bilangan bulat |  | orang | banyaknya | minimal 0 orang",
                 "disimpan sebagai pseudonim", "dihapus sebelum data disimpan: `nama`", "tidak diolah: `no`",
                 "akhir tahun", "tidak memenuhi `n >= 1`", "catatan bila tidak memenuhi: `n <= 5`", "selama 3 hari",
                 "Setelah 12 jam", "ada kolom di atas yang hilang"):  # fmt: skip
        assert text in indonesian, text
    for text in ("`n` | whole number |  | people | how many | at least 0 people", "the end of the year",
                 "a column listed above is missing", "Nothing to do: this source exists for a test only."):  # fmt: skip
        assert text in english, text
    assert "ada kolom yang tidak tercantum" not in indonesian, "a new field is only warned of"
    assert '"nik": "..."' in page
    assert '"nama"' not in page


def test_the_agencys_page_says_whether_the_same_data_again_are_in_time() -> None:
    """As ``pilar sources list`` counts: of files only new content."""
    told = {source.id: "the same does not count" in agency_page(source) for source in SOURCES.values()}
    assert told == {source.id: source.protocol.startswith("files.") for source in SOURCES.values()}


def test_the_dictionary_names_every_column_its_unit_and_what_becomes_of_persons() -> None:
    page = dictionary_page("sample_opd", [sample(rules=["n >= 1"])])
    assert "| `n` | `n` | integer | people | banyaknya / how many | at least 0 people |  |" in page
    assert (
        "| `nik` | `nik` | string |  |  | a NIK of 16 digits with a day and a month from the seventh on | kept as"
        in page
    )
    assert "Dropped before anything is stored: `nama`." in page
    assert "`n >= 1` (quarantine)" in page


def test_what_is_missing_changed_or_left_over_is_told_and_mended(tmp_path: Path) -> None:
    write_files([sample()], tmp_path)
    page, document = PAGES / "sample_opd" / "sample.md", PAGES / "sample_opd" / "sample.odcs.yaml"
    stray = PAGES / "sample_opd" / "gone.md"
    (tmp_path / page).write_text("by hand")
    (tmp_path / document).unlink()
    (tmp_path / stray).write_text("of a source that is no more")
    assert sorted(differences([sample()], tmp_path)) == [
        (stray, "is left over"), (page, "differs"), (document, "is missing"),
    ]  # fmt: skip
    assert sorted(write_files([sample()], tmp_path)) == [stray, page, document]
    assert list(differences([sample()], tmp_path)) == []


@pytest.mark.parametrize(
    ("kind", "told"),
    [("integer", "written 1.234"), ("bigint", "written 1.234"), ("decimal(9,2)", "written 1.234,5")],
    ids=["integer", "bigint", "decimal"],
)
def test_an_agency_is_not_told_to_write_whole_numbers_with_a_comma(kind: str, told: str) -> None:
    column = source_of({"n": {"type": kind, "locale": "id"}}, ["n"]).contract.columns["n"]
    assert told in rules_of(column, "en")


def test_dbt_is_told_of_every_record_with_the_test_of_its_key(tmp_path: Path) -> None:
    assert RECORDS in write_files([sample()], tmp_path)
    text = (tmp_path / RECORDS).read_text()
    assert text.startswith(f"# {MADE}")
    [source] = yaml.safe_load(text)["sources"]
    tables = {table["name"]: table for table in source["tables"]}
    assert set(tables) == {name + behind for name in load_records() for behind in ("", SET_ASIDE)}
    household = tables["household"]
    key = ["region_code", "year", "household_id"]
    assert household["data_tests"] == [{"unique_combination": {"arguments": {"columns": key}}}]
    assert {column["name"]: column["data_type"] for column in household["columns"]}["year"] == "INTEGER"
