"""What a source provides is proved against its contract, the records and the other sources."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.source.proof import check_sources
from connectors.source.source import Source
from connectors.source.source_files import load_sources
from definitions.problems import Problem
from ledger.settings import REPOSITORY
from tests.connectors.source.test_proof import GOOD

COLUMNS: dict[str, dict[str, Any]] = {
    "kode_daerah": {"required": True, "pattern": r"^\d{2}\.\d{2}$"},
    "kode_bps": {"required": True, "pattern": r"^\d{4}$"},
    "kode_desa": {"required": True, "pattern": r"^\d{10}$"},
    "bebas": {"required": True},
    "provinsi": {"required": True},
    "tahun": {"type": "integer", "context": "tahun"},
    "bulan": {"required": True, "pattern": r"^\d{4}-\d{2}$"},
    "semester": {"required": True, "pattern": r"^\d{4}[12]$"},
    "id_rt": {"required": True, "personal": "pseudonym", "pattern": "^RT-[0-9]+$"},
    "nomor": {"required": True},
    "mulai": {"type": "timestamp", "required": True},
    "hari": {"type": "date", "required": True},
    "sanitasi": {"required": True, "values": ["aman", "babs"]},
    "air": {"values": ["layak", "tidak"]},
    "triwulan": {"required": True, "values": ["2024-03", "2024-06"]},
    "kelas": {"type": "integer"},
    "besar": {"type": "bigint"},
    "nilai": {"type": "decimal(10,2)"},
    "lebar": {"type": "decimal(22,2)"},
    "ya": {"type": "boolean"},
    "nik": {"personal": "drop"},
}
HOUSEHOLD: dict[str, Any] = {
    "record": "household",
    "columns": {
        "region_code": "kode_daerah",
        "year": "tahun",
        "household_id": "id_rt",
        "sanitation": {"from": "sanitasi", "codes": {"aman": "safely_managed", "babs": "open_defecation"}},
    },
}
FIGURE: dict[str, Any] = {
    "record": "published_figure",
    "columns": {
        "region_code": "kode_daerah",
        "period": "tahun",
        "indicator": {"is": "eco_ipm"},
        "publisher": {"is": "BPS"},
        "value": "nilai",
    },
}


def check(tmp_path: Path, *entries: dict[str, Any], others: dict[str, dict[str, Any]] | None = None) -> list[Problem]:
    """The problems of a source with these entries, and of others (id -> their one entry)."""
    folder = tmp_path / "sources" / "dinas_contoh"
    folder.mkdir(parents=True)
    for name, provides in {"contoh": entries, **{one: (entry,) for one, entry in (others or {}).items()}}.items():
        columns = {column: {**said, "unused": "made for a test"} for column, said in COLUMNS.items()}
        content = {**GOOD, "id": name, "contract": {"key": ["nomor"], "columns": columns}, "provides": list(provides)}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return check_sources(tmp_path / "sources")


def with_column(entry: dict[str, Any], name: str, mapped: Any) -> dict[str, Any]:
    """The entry with one column mapped so; without it where that is None."""
    columns = {**entry["columns"], name: mapped}
    return {**entry, "columns": {key: value for key, value in columns.items() if value is not None}}


def test_a_mapping_that_fits_has_no_problem(tmp_path: Path) -> None:
    assert check(tmp_path, HOUSEHOLD, FIGURE) == []


@pytest.mark.parametrize(
    ("name", "mapped"),
    [
        ("region_code", {"from": "kode_bps", "region": "bps"}),
        ("region_code", {"from": "kode_bps", "region": "kemendagri_plain"}),
        ("region_code", {"from": "kode_desa", "region": "village"}),
        ("region_code", {"region": {"name": "bebas", "province": "provinsi"}}),
        ("region_code", {"is": "64.02"}),
        ("period", "bulan"),
        ("period", "triwulan"),
        ("period", {"from": "mulai", "take": "month"}),
        ("period", {"from": "hari", "take": "year"}),
        ("period", {"from": "semester", "take": "year"}),
        ("period", "_coverage"),
        ("period", {"is": "2024"}),
        ("vintage", "nomor"),
        ("decimals", "kelas"),
        ("decimals", {"is": 2}),
        ("value", {"from": "nilai", "times": "1000"}),
        ("value", {"from": "kelas", "times": "0.001"}),
        ("value", {"is": "12.5"}),
        ("numerator", "besar"),
        ("indicator", {"from": "air", "codes": {"layak": "air_layak", "tidak": "air_tidak"}}),
        ("indicator", {"from": "kelas", "codes": {1: "satu"}, "rest": "leave_out"}),
    ],
    ids=lambda value: yaml.safe_dump(value, default_flow_style=True).strip() if isinstance(value, dict) else value,
)
def test_every_form_of_a_mapping(tmp_path: Path, name: str, mapped: Any) -> None:
    entry = with_column(FIGURE, name, mapped)
    told = [problem.what for problem in check(tmp_path, entry)]
    # An indicator may not be missing, and `air` and `kelas` may be.
    assert [what for what in told if "may be empty" not in what] == []


@pytest.mark.parametrize(
    ("name", "mapped", "told"),
    [
        # What is named
        ("region_code", None, "household needs 'region_code'"),
        ("colour", "nomor", "household has no 'colour'"),
        ("drinking_water", "aer", "the contract does not land 'aer'"),
        ("drinking_water", "nik", "'nik' is dropped, so nothing of it is landed"),
        # Codes
        ("sanitation", "sanitasi", "'sanitasi' is not in the record's codes"),
        ("sanitation", "nomor", "'nomor' is not in the record's codes"),
        ("sanitation", {"is": "aman"}, "'aman' is none of the record's codes"),
        ("sanitation", {"from": "sanitasi", "codes": {"aman": "safely_managed"}}, "'sanitasi' may be babs"),
        ("sanitation", {"from": "sanitasi", "codes": {"aman": "safe", "babs": "open_defecation"}}, "'safe' is none of"),
        ("sanitation", {"from": "nomor", "codes": {"1": "safely_managed"}}, "the contract allows any 'nomor'"),
        ("sanitation", {"from": "nomor", "codes": {1: "safely_managed"}, "rest": "leave_out"}, "Put it in quotes"),
        ("sanitation", {"from": "kelas", "codes": {"1": "safely_managed"}, "rest": "leave_out"}, "without quotes"),
        ("sanitation", {"from": "nilai", "codes": {1: "safely_managed"}, "rest": "leave_out"}, "is decimal(10,2), and"),
        (
            "sanitation",
            {"from": "sanitasi", "codes": {"aman": "safely_managed", "lain": "improper"}, "rest": "leave_out"},
            "the contract allows no 'sanitasi' 'lain'",
        ),
        # Regions: a code must say whose it is
        ("region_code", "kode_bps", "'kode_bps' need not be written 64.02"),
        ("region_code", "bebas", "'bebas' need not be written 64.02"),
        ("region_code", {"from": "kode_daerah", "region": "bps"}, "'kode_daerah' need not be written 6403"),
        ("region_code", {"from": "kode_bps", "region": "village"}, "'kode_bps' need not be written 6402060001"),
        ("region_code", {"from": "kode_desa", "region": "kemendagri_plain"}, "need not be written 6402"),
        ("region_code", {"is": "6402"}, "'6402' cannot be read as region"),
        ("region_code", {"region": {"name": "kelas", "province": "provinsi"}}, "'kelas' is no text"),
        ("year", {"from": "kode_bps", "region": "bps"}, "the record's column is none"),
        # Types
        ("year", "nilai", "'nilai' is decimal(10,2), which cannot be read as year"),
        ("year", "semester", "'semester' is string, which cannot be read as year"),
        ("year", {"is": "2024"}, "'2024' cannot be read as year"),
        ("year", {"from": "nomor", "take": "year"}, "'nomor' need not be written 20241 or 2024-08"),
        ("year", {"from": "mulai", "take": "month"}, "a month cannot be read as year"),
        ("year", {"from": "kelas", "take": "year"}, "no year can be taken of 'kelas', which is integer"),
        ("year", {"from": "tahun", "times": "1000"}, "turns a number into a decimal"),
        # What may be missing, and persons
        ("region_code", {"from": "air", "region": "bps"}, "'air' may be empty"),
        ("household_id", "nomor", "the record holds a pseudonym here"),
        ("household_id", {"is": "a"}, "the record holds a pseudonym here"),
        ("year", {"from": "id_rt", "take": "year"}, "a pseudonym says who a person is"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_mapping_that_does_not_fit_is_told(tmp_path: Path, name: str, mapped: Any, told: str) -> None:
    problems = check(tmp_path, with_column(HOUSEHOLD, name, mapped))
    assert [problem for problem in problems if told in f"{problem.what}. {problem.do}"], problems
    assert all(problem.where.startswith("provides.0.columns") for problem in problems)


@pytest.mark.parametrize(
    ("name", "mapped", "told"),
    [
        ("value", "lebar", "'lebar' is decimal(22,2), which cannot be read as decimal(27,13)"),
        ("value", "besar", "'besar' is bigint, which cannot be read as decimal(27,13)"),
        ("value", "nomor", "'nomor' is string, which cannot be read as decimal(27,13)"),
        ("numerator", {"from": "nilai", "times": "0.001"}, "the product has 5 decimals"),
        ("value", {"from": "lebar", "times": "100000000000.00001"}, "the product has 39 digits, and 38 are exact"),
        ("value", {"is": "1.23456789012345"}, "'1.23456789012345' cannot be read as decimal(27,13)"),
        ("value", {"is": True}, "True cannot be read as decimal(27,13)"),
        ("decimals", "besar", "'besar' is bigint, which cannot be read as integer"),
        ("period", "semester", "'semester' need not be written 2024 or 2024-08"),
        ("period", {"from": "hari", "take": "date"}, "a date cannot be read as period"),
        ("period", {"is": 2024}, "2024 cannot be read as period"),
        ("vintage", "nilai", "'nilai' is decimal(10,2), which cannot be read as text"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_number_is_never_rounded_or_cut(tmp_path: Path, name: str, mapped: Any, told: str) -> None:
    [problem] = check(tmp_path, with_column(FIGURE, name, mapped))
    assert told in problem.what
    assert problem.where == f"provides.0.columns.{name}"


@pytest.mark.parametrize(
    ("mapped", "told"),
    [
        ({}, "a value comes from one place"),
        ({"from": "nomor", "is": "x"}, "a value comes from one place"),
        ({"from": "nomor", "take": "year", "times": "10"}, "`take` stands alone"),
        ({"is": "x", "codes": {"a": "b"}}, "`codes` stands alone"),
        ({"from": "nomor", "rest": "leave_out"}, "`rest` says what becomes"),
        ({"from": "nomor", "codes": {True: "improper"}}, "put it in quotes"),
        ({"from": "nomor", "codes": {"a": 1.5}}, "put anything else in quotes"),
        ({"from": "nomor", "region": "bpss"}, "Input should be 'bps'"),
        ({"region": {"name": "bebas"}}, "is missing"),
        ({"from": "nomor", "times": "1,5"}, "should match pattern"),
        ({"form": "nomor"}, "unknown key 'form'"),
    ],
)
def test_a_mapping_of_a_wrong_form_is_told_in_one_line(tmp_path: Path, mapped: Any, told: str) -> None:
    problems = check(tmp_path, with_column(HOUSEHOLD, "sanitation", mapped))
    assert any(told in problem.what for problem in problems), problems
    assert all("[" not in problem.where for problem in problems)
    assert len(problems) <= 2


def test_an_unknown_record_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    [problem] = check(tmp_path, {**HOUSEHOLD, "record": "houshold"})
    assert (problem.where, problem.do) == ("provides.0.record", "Did you mean 'household'?")


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"air": ["lain"]}, "the contract allows no 'air' 'lain'"),
        ({"kelas": ["1"]}, "'1' is no value of 'kelas', which is integer"),
        ({"nik": ["1"]}, "'nik' is dropped, so nothing of it is landed"),
        ({"aer": ["1"]}, "the contract does not land 'aer'"),
    ],
)
def test_rows_are_chosen_by_values_they_can_have(tmp_path: Path, where: Any, told: str) -> None:
    [problem] = check(tmp_path, {**HOUSEHOLD, "where": where})
    assert (problem.where, problem.what) == (f"provides.0.where.{next(iter(where))}", told)


def test_only_what_is_chosen_needs_a_code(tmp_path: Path) -> None:
    entry = with_column(HOUSEHOLD, "sanitation", {"from": "sanitasi", "codes": {"aman": "safely_managed"}})
    assert check(tmp_path, {**entry, "where": {"sanitasi": ["aman"]}}) == []


@pytest.mark.parametrize(
    ("own", "other", "told"),
    [
        (["lain"], [], []),
        (["lain"], ["contoh"], [("provides", "'contoh' and 'lain' are each over the other for household")]),
        (["contoh"], [], [("provides.0.over", "a source cannot be over itself")]),
        (["nothing"], [], [("provides.0.over", "no source 'nothing' provides household")]),
    ],
)
def test_precedence_is_between_sources_of_one_record(
    tmp_path: Path, own: list[str], other: list[str], told: list[tuple[str, str]]
) -> None:
    problems = check(tmp_path, {**HOUSEHOLD, "over": own}, others={"lain": {**HOUSEHOLD, "over": other}})
    assert [(problem.where, problem.what) for problem in problems] == told


def test_a_circle_of_precedence_is_told_once_a_pair(tmp_path: Path) -> None:
    others = {"b": {**HOUSEHOLD, "over": ["c"]}, "c": {**HOUSEHOLD, "over": ["contoh"]}}
    problems = check(tmp_path, {**HOUSEHOLD, "over": ["b"]}, others=others)
    assert len(problems) == 3
    assert {problem.what.partition(" are each")[0] for problem in problems} == {
        "'b' and 'c'",
        "'b' and 'contoh'",
        "'c' and 'contoh'",
    }


@pytest.mark.parametrize(
    ("column", "told"),
    [({}, True), ({"unused": "kept to look at another day"}, False), ({"personal": "drop"}, False)],
    ids=["nobody's", "with its reason", "not landed"],
)
def test_a_landed_column_that_no_record_reads_is_told(tmp_path: Path, column: dict[str, Any], told: bool) -> None:
    folder = tmp_path / "sources" / "dinas_contoh"
    folder.mkdir(parents=True)
    # Mapped, or asked for by `where`, or where the coverage is read from: each is a use.
    columns = {"nomor": {"required": True}, "tahun": {"type": "integer"}, "lebih": column,
               **{name: COLUMNS[name] for name in ("kode_daerah", "nilai", "kelas")}}  # fmt: skip
    entry = {**with_column(FIGURE, "period", "_coverage"), "where": {"kelas": [1]}}
    content = {**GOOD, "contract": {"key": ["nomor"], "columns": columns}, "provides": [entry]}
    (folder / "contoh.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    found = [problem.where for problem in check_sources(tmp_path / "sources")]
    assert found == ["contract.columns.nomor", *(["contract.columns.lebih"] if told else [])]


def documented(page: str) -> Any:
    """The first YAML of a page that provides a record."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (REPOSITORY / "docs" / page).read_text(encoding="utf-8"), re.M | re.S)
    return yaml.safe_load(next(block for block in blocks if "provides:" in block))


def test_the_mapping_that_the_reference_shows_is_the_sources_own() -> None:
    [own] = load_sources(REPOSITORY / "connectors" / "sources")["perkim_sanitasi"].provides
    [shown] = Source.model_validate({**GOOD, "opd": "dinas", **documented("source-files.md")}).provides
    assert shown.record == own.record
    assert shown.columns == {name: mapped for name, mapped in own.columns.items() if name in shown.columns}


def test_the_new_system_that_the_page_shows_needs_no_more(tmp_path: Path) -> None:
    file = tmp_path / "sources" / "dinas_contoh" / "contoh.yaml"
    file.parent.mkdir(parents=True)
    content = {**GOOD, **documented("add-a-source.md"), "for_each": [{"tahun": "2024", "kab": "6403"}]}
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    assert check_sources(tmp_path / "sources") == []
