"""What did not reach the folder whole, or names what nobody described, never gets its name."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from ledger.errors import PublicationError
from publication import build as module
from publication.build import publish
from publication.tables import DUCKDB_FILE
from tests.publication.sample_meta import sample_meta
from tests.publication.spoilt import spoil, visible


def emptied(path: Path) -> None:
    path.write_text("", encoding="utf-8")


def shortened(path: Path) -> None:
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")


def lengthened(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") * 2, encoding="utf-8")


def without_end(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace("</html>", ""), encoding="utf-8")


def cut(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8")[:-3], encoding="utf-8")


def in_another_encoding(path: Path) -> None:
    path.write_bytes(path.read_text(encoding="utf-8").replace("Malang", "Malång").encode("latin-1", "replace"))


def with_a_row_less(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM pillars.mart_living WHERE rowid = 0")


def with_a_table_less(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE pillars.mart_living")


def with_fewer_rows(path: Path) -> None:
    duckdb.execute(f"COPY (FROM read_parquet('{path}') LIMIT 1) TO '{path}.new' (FORMAT parquet)")
    Path(f"{path}.new").replace(path)


@pytest.mark.parametrize(
    ("name", "spoilt", "message"),
    [
        ("csv/mart_living.csv", shortened, "csv/mart_living.csv has"),
        ("csv/mart_living.csv", lengthened, "csv/mart_living.csv has"),
        ("parquet/mart_living.parquet", with_fewer_rows, "parquet/mart_living.parquet has 1 rows"),
        (DUCKDB_FILE, with_a_row_less, "pillars.mart_living has"),
        (DUCKDB_FILE, with_a_table_less, "mart_living did not reach"),
        ("index.html", without_end, "the page is incomplete"),
        ("v1/index.json", cut, "index.json is not JSON"),
        ("v1/index.json", in_another_encoding, "index.json is not JSON"),
        ("datapackage.json", emptied, "datapackage.json is not JSON"),
    ],
)
def test_p3_what_did_not_reach_the_folder_whole_never_gets_its_name(
    sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, spoilt: Any, message: str
) -> None:
    """Spoilt before the manifest is written, so that only reading it back can tell."""
    real = module.write_manifest

    def spoil_first(draft: Path, *rest: Any) -> str:
        spoilt(draft / name)
        return real(draft, *rest)

    monkeypatch.setattr(module, "write_manifest", spoil_first)
    with pytest.raises(PublicationError, match=message):
        publish(sample_file, sample_meta(), tmp_path)
    assert visible(tmp_path) == []


@pytest.mark.parametrize("table", ["candidate.mart_living", "scores.question_scores", "scores.dimension_scores"])
def test_p7_a_batch_that_only_one_table_names_must_be_described(sample_file: Path, tmp_path: Path, table: str) -> None:
    statement = f"""UPDATE {table} SET batch_ids = ['nobody-told-of-it'] WHERE rowid =
        (SELECT min(rowid) FROM {table} WHERE state = 'measured')"""
    with pytest.raises(PublicationError, match="nobody-told-of-it"):
        publish(spoil(sample_file, tmp_path, statement), sample_meta(), tmp_path / "out")


@pytest.mark.parametrize("state", ["missing", "suppressed", "not_applicable"])
def test_p7_only_what_is_measured_rests_on_batches(sample_file: Path, tmp_path: Path, state: str) -> None:
    statement = f"""UPDATE scores.question_scores SET state = '{state}', batch_ids = ['nobody-told-of-it'] WHERE rowid =
        (SELECT min(rowid) FROM scores.question_scores WHERE state = 'measured')"""
    result = publish(spoil(sample_file, tmp_path, statement), sample_meta(), tmp_path / "out")
    with duckdb.connect(str(result.path / DUCKDB_FILE), read_only=True) as connection:
        explained = "SELECT count(DISTINCT (region_code, question_key)) FROM meta.evidence"
        measured = "SELECT count(*) FROM scores.question_scores WHERE state = 'measured'"
        assert connection.execute(explained).fetchall() == connection.execute(measured).fetchall()


@pytest.mark.parametrize(("rows", "told"), [(1, None), (4, None), (5, 5), (6, 6)])
def test_p6_fewer_than_five_people_outside_a_code_list_are_not_counted(
    sample_file: Path, tmp_path: Path, rows: int, told: int | None
) -> None:
    statement = f"UPDATE scores.findings SET row_count = {rows}"
    result = publish(spoil(sample_file, tmp_path, statement), sample_meta(), tmp_path / "out")
    with duckdb.connect(str(result.path / DUCKDB_FILE), read_only=True) as connection:
        found = connection.execute("SELECT DISTINCT rule, row_count FROM quality.findings ORDER BY 1").fetchall()
    assert found == [
        ("part_exceeds_whole", rows),
        ("published_percentage_differs", rows),
        ("region_out_of_scope", rows),
        ("unknown_category", told),
    ]


@pytest.mark.parametrize("indicator", ["liv_immunisation_complete", "liv_immunisation_polio4"])
def test_p6_a_finding_does_not_tell_what_a_mart_hides(sample_file: Path, tmp_path: Path, indicator: str) -> None:
    """Of the indicator that it is about, and of the one that it is compared with."""
    statement = f"""UPDATE candidate.mart_living SET state = 'suppressed', value = NULL, period = '2025'
        WHERE region_code = '64.02' AND indicator_id = '{indicator}'"""
    result = publish(spoil(sample_file, tmp_path, statement), sample_meta(), tmp_path / "out")
    with duckdb.connect(str(result.path / DUCKDB_FILE), read_only=True) as connection:
        query = "SELECT rule, published, recomputed FROM quality.findings WHERE rule LIKE 'p%' ORDER BY 1"
        found = connection.execute(query).fetchall()
    assert found == [("part_exceeds_whole", None, None), ("published_percentage_differs", "12311", "123.11")]
