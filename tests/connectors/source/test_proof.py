"""Source files are proved against the code, and told in one line each what is wrong."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.source.proof import check_sources
from connectors.source.source_files import load_source, load_sources
from definitions.problems import Problem
from ledger.errors import ConfigError

GOOD: dict[str, Any] = {
    "id": "contoh",
    "title": "Contoh",
    "system": "Contoh",
    "protocol": "rest",
    "connection": "contoh",
    "args": {"path": "/api"},
    "coverage": {"from": "tahun", "grain": "year"},
    "for_each": [{"tahun": "2024"}],
    "contract": {
        "key": ["kode"],
        "columns": {"kode": {"required": True}, "tahun": {"type": "integer", "context": "tahun"},
                    "nilai": {"type": "decimal(5,1)", "min": 0}},
    },
    "provides": [],
    "assertions": {"rows": {"min": 1}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}},
    "freshness": {"due": "monthly", "warn": "3d", "fail": "10d"},
    "events": {"fallback": "0 2 * * *"},
    "caveats": ["Made for a test."],
    "runbook": "Nothing to do: this file exists for a test only.",
}  # fmt: skip


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good file with one place set, or removed where the value is None."""
    copy: dict[str, Any] = yaml.safe_load(yaml.safe_dump(GOOD))
    *steps, last = path.split("/")
    place = copy
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copy


def check(tmp_path: Path, content: dict[str, Any] | str, name: str = "contoh") -> list[Problem]:
    folder = tmp_path / "sources" / "dinas_contoh"
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    (folder / f"{name}.yaml").write_text(text)
    return check_sources(tmp_path / "sources")


def test_a_good_file_has_no_problem(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == []


def test_an_incremental_source_asks_from_its_cursor_on(tmp_path: Path) -> None:
    load = {"incremental": {"cursor": "diubah", "overlap": "7d", "start": "2020-01-01"}}
    content = changed("load", load)
    content["contract"]["columns"]["diubah"] = {"type": "date", "required": True}
    [problem] = check(tmp_path, content)
    assert (problem.where, problem.what) == ("args", "nothing asks from the cursor on")
    content["args"] = {"path": "/api", "params": {"sejak": "{cursor}"}}
    assert check(tmp_path, content) == []
    content["for_each"] = [{"tahun": "2024", "cursor": "x"}]
    assert ["`for_each` may not name" in problem.what for problem in check(tmp_path, content)] == [True]


@pytest.mark.parametrize(
    ("newest", "told"),
    [
        ({"by": "tgl"}, "need not sort as text"),
        ({"by": "tanggal"}, "no group for"),
        ({"by": "tgl", "format": "tanggal"}, "format is"),
        ({"by": "tgl", "format": "%d-%m-%Y"}, None),
    ],
)
def test_p10_the_newest_file_is_one_that_can_be_told(tmp_path: Path, newest: dict[str, str], told: str | None) -> None:
    content = changed("protocol", "files.csv")
    content["args"] = {"pattern": r"rekap_(?P<tgl>[\d-]+)\.csv", "newest": newest}
    problems = check(tmp_path, content)
    assert len(problems) == (told is not None)
    assert all(told and told in problem.what and problem.do for problem in problems)


def test_the_projects_own_sources_have_no_problem() -> None:
    folder = Path(__file__).resolve().parents[3] / "connectors" / "sources"
    assert [str(problem) for problem in check_sources(folder)] == []
    assert load_sources(folder)


@pytest.mark.parametrize(
    ("path", "value", "where", "what", "do"),
    [
        ("protokol", "rest", "protokol", "unknown key 'protokol'", "Did you mean 'protocol'?"),
        ("contract/keys", ["kode"], "contract.keys", "unknown key 'keys'", "Did you mean 'key'?"),
        ("contract/columns/nilai/requird", True, "contract.columns.nilai.requird", "unknown key", "'required'"),
        ("assertions/rows/minimum", 1, "assertions.rows.minimum", "unknown key", "'min'"),
        ("coverage/form", "x", "coverage.form", "unknown key", "'from'"),
        ("protocol", "rst", "protocol", "unknown protocol 'rst'", "Did you mean 'rest'?"),
        ("args/pth", "/x", "args.pth", "unknown key 'pth'", "Did you mean 'path'?"),
        ("args/path", None, "args.path", "is missing", "Add it"),
        ("contract/key", ["kod"], "contract", "key column 'kod' is not among the columns", ""),
        ("assertions", None, "assertions", "is missing", "Add it"),
        ("assertions/rows", None, "assertions.rows", "is missing", "Add it"),
        ("assertions/quarantine", None, "assertions.quarantine", "is missing", "Add it"),
        ("assertions/shrink", None, "assertions.shrink", "is missing", "Add it"),
        ("caveats", [], "caveats", "at least 1", ""),
        ("id", "lain", "id", "not the file's name", "Rename"),
        ("opd", "dinas_lain", "opd", "not the folder's name", "Move"),
        ("load", "incremental", "load", "'snapshot'", ""),
        ("load", {"incremental": {"cursor": "nilai"}}, "load.incremental.start", "is missing", "Add it"),
        ("load", {"incremental": {"kursor": "x"}}, "load.incremental.kursor", "unknown key", "'cursor'"),
        ("args/params", {"sejak": "{cursor}"}, "args", "lower bound of an incremental load", "Declare"),
        ("coverage/final_after", "6 months", "coverage.final_after", "pattern", ""),
        ("coverage/from", "bulan", "file", "which a `for_each` entry does not have", ""),
        ("coverage/grain", "week", "coverage.grain", "'year'", ""),
        ("for_each", [{"tahun": 2024}], "for_each.0.tahun", "valid string", "Put it in quotes"),
        ("for_each", [{"tahun": "2024", "k": "{regon}"}], "for_each", "says nothing of a region", "'region'"),
        ("contract/columns/nama_anak", {}, "contract.columns.nama_anak", "identifies a person", "personal: drop"),
        ("contract/columns/x", {"from": "No KK"}, "contract.columns.x", "identifies a person", "pseudonym"),
        ("contract/columns/nilai/type", "float", "contract.columns.nilai.type", "unknown type 'float'", ""),
        ("contract/columns/nilai/type", "decimal(50,2)", "contract.columns.nilai.type", "precision", ""),
        ("contract/columns/nilai/min", "lots", "contract.columns.nilai", "not a value of type", ""),
        ("contract/columns/kode/pattern", "([", "contract.columns.kode.pattern", "cannot be read", ""),
        ("contract/columns/kode/from", "$.a[", "contract.columns.kode.from", "cannot be read", ""),
        ("contract/columns/kode/locale", "id", "contract.columns.kode", "`locale` is for numbers", ""),
        ("contract/columns/kode/values", [1], "contract.columns.kode.values.0", "valid string", "quotes"),
        ("contract/columns/t", {"type": "timestamp", "format": "%Y"}, "contract.columns.t", "needs a `timezone`", ""),
        ("contract/columns/t", {"type": "timestamp", "timezone": "Asia/Jakrata"}, "columns.t.timezone", "Jakrata", ""),
        ("contract/columns/t", {"type": "date", "format": "%d/%m/%y"}, "contract.columns.t", "60 is 1960 or 2060", ""),
        ("contract/columns/t", {"type": "date", "format": ["%Y-%m-%d", "%d-%m-%-y"]}, "columns.t", "century", ""),
        ("contract/columns/t", {"type": "date", "format": "%d/%m/%y", "min": "1900-01-01", "max": "2026-12-31"},
         "contract.columns.t", "closer together", ""),
        ("contract/columns/t", {"type": "date", "format": "%y", "max": "1950-01-01"}, "columns.t", "1869 and 2168", ""),
        ("contract/columns/t", {"type": "date", "format": "%y", "max": "soon"}, "columns.t", "not a value of type", ""),
        ("contract/columns/t", {"type": "timestamp", "format": "%d/%m/%y", "timezone": "UTC"},
         "contract.columns.t", "type date only", ""),
        ("contract/columns/kode/personal", {"keep": "yes"}, "contract.columns.kode.personal.keep", "at least 10", ""),
        ("contract/columns/p", {"position": 0}, "contract", "`position`, or none has", ""),
        ("contract/columns/_row", {}, "contract.columns._row", "pattern", ""),
        ("contract/rules", ["nilai >= 0; DROP"], "contract.rules.0", "cannot be read", ""),
        ("contract/rules", ["nilai >= ada"], "contract", "'ada', which is not a landed column", ""),
        ("contract/rules", ["kode + kode = kode"], "contract", "adds columns that are no numbers", ""),
        ("contract/rules", ["nilai + = nilai"], "contract.rules.0", "cannot be read", ""),
        ("contract/rules", ["nilai + ada = nilai"], "contract", "'ada', which is not a landed column", ""),
        ("contract/rules", ["nilai + kode = nilai"], "contract", "compares number with string", ""),
        ("contract/rules", ["nilai >= kode"], "contract", "compares number with string", ""),
        ("contract/drift", {"added": "drop"}, "contract.drift.added", "'evolve', 'warn' or 'hold'", ""),
        ("contract/drift", {"add": "warn"}, "contract.drift.add", "unknown key", "'added'"),
        ("contract/columns/nilai/description", {"id": "nilai"}, "columns.nilai.description.en", "is missing", "Add it"),
        ("events/fallback", "daily", "events.fallback", "pattern", ""),
        ("events/fallback", "0 25 * * *", "events.fallback", "no time fits it", ""),
        ("retention", {"pages": "400"}, "retention.pages", "pattern", ""),
        ("retention", {"rows": "400d"}, "retention.rows", "unknown key 'rows'", ""),
        ("assertions/quarantine/max", "500%", "assertions.quarantine.max", "less than or equal to 1", ""),
    ],
)  # fmt: skip
def test_p10_a_wrong_file_is_told_where_what_and_what_to_do(
    tmp_path: Path, path: str, value: Any, where: str, what: str, do: str
) -> None:
    problems = check(tmp_path, changed(path, value))
    assert problems, "the file passed"
    told = [problem for problem in problems if where in problem.where and what in problem.what and do in problem.do]
    assert told, [str(problem) for problem in problems]
    for problem in problems:
        assert problem.do
        assert "\n" not in str(problem)


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    content = changed("assertions/rows/minimum", 1)
    content["protokol"] = "x"
    del content["runbook"]
    assert len(check(tmp_path, content)) >= 3


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    (problem,) = check(tmp_path, yaml.safe_dump(GOOD) + "\nid: contoh\n")
    assert "given twice" in problem.what


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "id: [", "id: \t x: y"])
def test_what_is_no_source_file_is_told(tmp_path: Path, text: str) -> None:
    assert len(check(tmp_path, text)) == 1


def test_two_files_with_one_id(tmp_path: Path) -> None:
    check(tmp_path, GOOD)
    other = tmp_path / "sources" / "dinas_lain"
    other.mkdir()
    (other / "contoh.yaml").write_text(yaml.safe_dump(GOOD))
    problems = check_sources(tmp_path / "sources")
    assert ["is the id of" in problem.what for problem in problems] == [True]
    with pytest.raises(ConfigError, match="twice"):
        load_sources(tmp_path / "sources")


def test_a_source_says_which_record_it_provides_or_that_it_provides_none(tmp_path: Path) -> None:
    [problem] = check(tmp_path, changed("provides", None))
    assert (problem.where, problem.what) == ("provides", "no record is named, so no figure can come of it")
    assert "`provides: []`" in problem.do
    assert check(tmp_path, changed("provides", [])) == []


def test_p10_loading_refuses_in_one_line(tmp_path: Path) -> None:
    check(tmp_path, changed("protocol", None))
    with pytest.raises(ConfigError) as caught:
        load_source(tmp_path / "sources" / "dinas_contoh" / "contoh.yaml")
    assert "\n" not in str(caught.value)
    assert "contoh.yaml" in str(caught.value)


def test_no_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PILAR_SOURCES"):
        check_sources(tmp_path / "none")


def test_the_contract_hash_follows_what_decides_how_bytes_land(tmp_path: Path) -> None:
    check(tmp_path, GOOD)
    path = tmp_path / "sources" / "dinas_contoh" / "contoh.yaml"
    first = load_source(path).contract_sha256("key")
    path.write_text(yaml.safe_dump(changed("caveats", ["Another one."])))
    assert load_source(path).contract_sha256("key") == first
    path.write_text(yaml.safe_dump(changed("args/path", "/api/other")))
    assert load_source(path).contract_sha256("key") != first
    path.write_text(yaml.safe_dump(changed("contract/columns/nilai/description", "what is measured")))
    assert load_source(path).contract_sha256("key") == first
    path.write_text(yaml.safe_dump(changed("contract/columns/nilai/min", 1)))
    assert load_source(path).contract_sha256("key") != first
    assert load_source(path).contract_sha256("key") != load_source(path).contract_sha256("other key")
