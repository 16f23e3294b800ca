"""A publication costs what changed: what says the same as in the one before is the same file."""

import json
import os
import re
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from publication import content
from publication import files as module
from publication.build import Published, publish
from publication.content import Reading, Row
from publication.meta import PublicationMeta
from publication.pointer import swap
from publication.tables import DUCKDB_FILE
from publication.verify import verify
from tests.publication.sample_meta import CREATED, sample_meta
from tests.publication.sample_warehouse import PILLARS
from tests.publication.spoilt import spoil

OTHERS = ("35.07", "62.02")
CHANGED = "64.02"


def later(**changes: object) -> PublicationMeta:
    return sample_meta().model_copy(update={"created_at": CREATED + timedelta(days=1), **changes})


@pytest.fixture
def first(sample_file: Path, tmp_path: Path) -> Published:
    made = publish(sample_file, sample_meta(), tmp_path / "published")
    swap(tmp_path / "published", made.id)
    return made


def again(first: Published, warehouse: Path, meta: PublicationMeta | None = None) -> Published:
    return publish(warehouse, meta or later(), first.path.parent)


def linked(first: Published, second: Published) -> set[str]:
    """The paths that are one file in both."""
    found = {path.relative_to(second.path).as_posix() for path in second.path.rglob("*") if path.is_file()}
    return {
        name for name in found if (first.path / name).is_file() and (first.path / name).samefile(second.path / name)
    }


def of_region(code: str) -> set[str]:
    return {f"v1/regions/{code}.json", f"v1/explanations/{code}.json", f"xlsx/{code}.xlsx"}


def test_where_nothing_changed_everything_is_the_same_file(first: Published, sample_file: Path) -> None:
    second = again(first, sample_file)

    own = {path.relative_to(second.path).as_posix() for path in second.path.rglob("*") if path.is_file()}
    own -= linked(first, second)
    assert {name for name in own if not name.endswith(".html")} <= {
        *(DUCKDB_FILE, "datapackage.json", "manifest.json", "v1/index.json"),
        *("ckan.json", "contract.odcs.json", "dcat.jsonld", "openlineage.json"),
    }
    assert verify(second.path) == second.manifest_sha256
    index = json.loads((second.path / "v1/index.json").read_text(encoding="utf-8"))
    region = json.loads((second.path / f"v1/regions/{CHANGED}.json").read_text(encoding="utf-8"))
    assert (index["publication_id"], region["made_in"]["publication_id"]) == (second.id, first.id)


def test_p7_one_changed_figure_makes_its_region_anew_and_no_other(
    first: Published, sample_file: Path, tmp_path: Path
) -> None:
    changed = spoil(
        sample_file,
        tmp_path,
        f"UPDATE candidate.mart_living SET value = value + 1 WHERE region_code = '{CHANGED}' AND state = 'measured'",
    )
    second = again(first, changed)

    same = linked(first, second)
    assert of_region(CHANGED).isdisjoint(same)
    assert {name for code in OTHERS for name in of_region(code)} <= same
    assert {"csv/mart_living.csv", "parquet/mart_living.parquet"}.isdisjoint(same)
    assert {"csv/mart_economy.csv", "parquet/mart_economy.parquet"} <= same


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE scores.pillar_scores SET questions_scored = 0 WHERE region_code = '64.02'", "64.02"),
        ("UPDATE scores.explanations SET explanation = '{\"questions\":[]}' WHERE region_code = '35.07'", "35.07"),
        ("UPDATE seeds.regions SET region_name = 'Kab. Lain' WHERE region_code = '62.02'", "62.02"),
        ("DELETE FROM scores.findings WHERE region_code = '64.02'", "64.02"),
    ],
)
def test_p7_whatever_is_told_of_a_region_counts(
    first: Published, sample_file: Path, tmp_path: Path, statement: str, code: str
) -> None:
    same = linked(first, again(first, spoil(sample_file, tmp_path, statement)))

    assert of_region(code).isdisjoint(same)
    assert {name for other in {*OTHERS, CHANGED} - {code} for name in of_region(other)} <= same


@pytest.mark.parametrize("path", ["indikator/bra_ease_of_business.html", "indikator/bra_ease_of_business.csv"])
def test_p6_a_region_by_another_name_has_it_on_the_pages_that_all_regions_share(
    first: Published, sample_file: Path, tmp_path: Path, path: str
) -> None:
    renamed = "UPDATE seeds.regions SET region_name = 'Kab. Lain' WHERE region_code = '62.02'"
    second = again(first, spoil(sample_file, tmp_path, renamed))

    assert "Kab. Lain" in (second.path / path).read_text(encoding="utf-8")


def test_p6_an_agency_that_a_late_source_is_of_now_is_named_on_the_pages_of_its_regions(
    first: Published, sample_file: Path
) -> None:
    feeds = sample_meta().feeds
    moved = [one.model_copy(update={"opd": "bappeda"}) if one.source == "dlh_sipsn" else one for one in feeds]
    second = again(first, sample_file, later(feeds=tuple(moved)))

    then, now = ((made.path / f"daerah/{CHANGED}.html").read_text(encoding="utf-8") for made in (first, second))
    assert now.count("opd/bappeda.html") == then.count("opd/bappeda.html") + 1


def test_p7_what_all_share_makes_all_anew(first: Published, sample_file: Path, tmp_path: Path) -> None:
    second = again(first, spoil(sample_file, tmp_path, "UPDATE definitions.indicators SET owner = 'dinas_lain'"))

    assert {name for code in (*OTHERS, CHANGED) for name in of_region(code)}.isdisjoint(linked(first, second))


def test_p7_a_batch_that_is_told_otherwise_makes_its_regions_anew(first: Published, sample_file: Path) -> None:
    meta = sample_meta()
    batches = [batch.model_copy(update={"note": "told otherwise"}) for batch in meta.sources]
    assert {name for code in OTHERS for name in of_region(code)}.isdisjoint(
        linked(first, again(first, sample_file, later(sources=tuple(batches))))
    )


def test_promotion_alone_changes_no_document(first: Published, sample_file: Path, tmp_path: Path) -> None:
    """A pillar is promoted anew for one region's sake; of the other regions nothing else is said."""
    with duckdb.connect(str(sample_file), read_only=True) as connection:
        [(view,)] = connection.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'mart_living'").fetchall()
    statement = re.sub(r"'[^']*' AS evaluation_id", "'another' AS evaluation_id", view)
    assert statement != view
    promoted = spoil(sample_file, tmp_path, statement.replace("CREATE VIEW", "CREATE OR REPLACE VIEW"))

    assert of_region(CHANGED) <= linked(first, again(first, promoted))


def test_p3_a_file_that_was_altered_is_not_taken_over(first: Published, sample_file: Path) -> None:
    name = f"v1/regions/{CHANGED}.json"
    (first.path / name).chmod(0o644)
    (first.path / name).write_bytes((first.path / name).read_bytes().replace(b"Kutai", b"Kutaj"))

    second = again(first, sample_file)

    assert name not in linked(first, second)
    assert b"Kutai" in (second.path / name).read_bytes()
    assert verify(second.path) == second.manifest_sha256


def test_p6_the_duckdb_file_holds_no_byte_of_a_row_that_is_published_no_more(
    first: Published, sample_file: Path, tmp_path: Path
) -> None:
    """In a copy of the file before, they would lie in blocks that no table uses."""
    name = b"Kab. Kutai Kartanegara"
    assert name in (first.path / DUCKDB_FILE).read_bytes()
    [*tables] = _tables_of_regions(sample_file)
    gone = ";".join(f"DELETE FROM {table} WHERE region_code = '{CHANGED}'" for table in tables)

    second = again(first, spoil(sample_file, tmp_path, gone))

    assert name not in (second.path / DUCKDB_FILE).read_bytes()


def _tables_of_regions(warehouse: Path) -> list[str]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return [
            f"{schema}.{table}"
            for schema, table in connection.execute(
                "SELECT c.schema_name, c.table_name FROM duckdb_columns() c JOIN duckdb_tables() t"
                " USING (database_name, schema_name, table_name) WHERE column_name = 'region_code'"
            ).fetchall()
        ]


def test_p3_removing_the_earlier_one_leaves_the_later_whole(first: Published, sample_file: Path) -> None:
    second = again(first, sample_file)
    shutil.rmtree(first.path)

    assert verify(second.path) == second.manifest_sha256


@pytest.mark.parametrize("damage", ["no manifest", "half a manifest", "of an earlier version"])
def test_without_a_manifest_everything_is_made(first: Published, sample_file: Path, damage: str) -> None:
    manifest = first.path / "manifest.json"
    manifest.chmod(0o644)
    if damage == "no manifest":
        manifest.unlink()
    elif damage == "half a manifest":
        manifest.write_bytes(manifest.read_bytes()[:100])
    else:
        listed = json.loads(manifest.read_text(encoding="utf-8"))
        for entry in listed["files"].values():
            entry.pop("made_of", None)
        manifest.write_text(json.dumps(listed), encoding="utf-8")

    second = again(first, sample_file)

    assert linked(first, second) == set()
    assert verify(second.path) == second.manifest_sha256


def test_where_files_cannot_be_linked_they_are_copied(
    first: Published, sample_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    second = again(first, sample_file)

    name = f"v1/regions/{CHANGED}.json"
    assert linked(first, second) == set()
    assert (second.path / name).read_bytes() == (first.path / name).read_bytes()
    assert verify(second.path) == second.manifest_sha256


def test_the_rows_of_a_region_are_read_once_for_all_its_files(
    sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = Reading.rows

    def rows(self: Reading, query: str) -> list[Row]:
        if "region_code IN (" in query:
            read.append(query)
        return real(self, query)

    monkeypatch.setattr(Reading, "rows", rows)
    # One region after the other, not by chance in one reading.
    monkeypatch.setattr(content, "NEIGHBOURS", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    publish(sample_file, sample_meta(), tmp_path)

    marts = Counter(query for query in read if ".mart_" in query)
    assert len(marts) == 3 * len(PILLARS)
    assert {*marts.values()} == {1}


def test_files_of_neighbours_are_made_together_and_the_others_in_small_parts() -> None:
    def file(path: str, neighbourhood: int | None) -> module.File:
        return module.File(path, "", lambda _: None, neighbourhood)

    files = [file("a", 1), file("b", None), file("c", 0), file("d", 1)]
    files += [file(str(number), None) for number in range(module.TOGETHER)]
    parts = [[one.path for one in part] for part in module._parts(files)]

    assert parts[:2] == [["a", "d"], ["c"]]
    assert [len(part) for part in parts[2:]] == [module.TOGETHER, 1]


def test_p2_several_processes_make_what_one_makes(
    published: Published, sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WORTH_SHARING", 1)
    monkeypatch.setattr(module, "TOGETHER", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    shared = publish(sample_file, sample_meta(), tmp_path)

    names = {path.relative_to(published.path) for path in published.path.rglob("*") if path.is_file()}
    assert names == {path.relative_to(shared.path) for path in shared.path.rglob("*") if path.is_file()}
    for name in names - {Path(DUCKDB_FILE), Path("manifest.json")}:
        assert (published.path / name).read_bytes() == (shared.path / name).read_bytes(), name
