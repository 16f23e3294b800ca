"""A publication is whole and checked, or it is not there."""

import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from jsonschema import Draft202012Validator

from ledger.errors import MachineError, PublicationError
from publication import build as module
from publication.build import Published, publish
from publication.formats import csv_files
from publication.formats.base import of_tables
from publication.formats.registry import FORMATS
from publication.meta import PublicationMeta
from publication.pointer import PUBLICATION_ID, current, list_publications, swap
from publication.tables import DUCKDB_FILE, Copied, Table
from publication.verify import verify
from tests.publication.sample_meta import CREATED, sample_meta
from tests.publication.sample_warehouse import PERSON, PILLARS, batch_of
from tests.publication.spoilt import spoil, visible

# The DuckDB file carries identifiers of its own, and the manifest its hash.
NOT_REPEATABLE = {DUCKDB_FILE, "manifest.json"}


def later(days: int) -> PublicationMeta:
    return sample_meta().model_copy(update={"created_at": CREATED + timedelta(days=days)})


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_promised_file_is_there(published: Published) -> None:
    names = set(files(published.path))

    assert {"marts.duckdb", "datapackage.json", "manifest.json", "index.html", "v1/index.json"} <= names
    assert {f"parquet/mart_{pillar}.parquet" for pillar in PILLARS} <= names
    assert {f"csv/mart_{pillar}.csv" for pillar in PILLARS} <= names
    assert {f"v1/regions/{code}.json" for code in ("35.07", "62.02", "64.02")} <= names
    assert {f"v1/pillars/{pillar}.json" for pillar in PILLARS} <= names
    assert PUBLICATION_ID.fullmatch(published.id)
    assert verify(published.path) == published.manifest_sha256


def test_p2_same_warehouse_gives_the_same_bytes(published: Published, sample_file: Path, tmp_path: Path) -> None:
    again = publish(sample_file, sample_meta(), tmp_path)

    first, second = files(published.path), files(again.path)
    assert again.id == published.id
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name]} <= NOT_REPEATABLE


def test_p2_publishing_twice_is_one_publication(sample_file: Path, tmp_path: Path) -> None:
    first = publish(sample_file, sample_meta(), tmp_path)
    second = publish(sample_file, sample_meta(), tmp_path)

    assert (second, list_publications(tmp_path)) == (first, (first.id,))


def test_duckdb_file_holds_what_the_warehouse_holds(published: Published, sample_file: Path) -> None:
    with (
        duckdb.connect(str(published.path / DUCKDB_FILE), read_only=True) as copy,
        duckdb.connect(str(sample_file), read_only=True) as origin,
    ):
        for pillar in PILLARS:
            found = copy.execute(f"SELECT * EXCLUDE (region_id) FROM pillars.mart_{pillar} ORDER BY ALL").fetchall()
            assert found == origin.execute(f"FROM promoted.mart_{pillar} ORDER BY ALL").fetchall()
            assert found
        for table in ("question_scores", "pillar_scores", "dimension_scores", "index_scores"):
            found = copy.execute(f"SELECT * EXCLUDE (region_id) FROM scores.{table} ORDER BY ALL").fetchall()
            assert found == origin.execute(f"FROM scores.{table} ORDER BY ALL").fetchall()
        assert copy.execute("SELECT publication_id FROM meta.publication").fetchall() == [(published.id,)]


def test_p7_one_query_from_a_score_to_the_bytes_an_agency_sent(published: Published) -> None:
    with duckdb.connect(str(published.path / DUCKDB_FILE), read_only=True) as connection:
        rows = connection.execute(
            """SELECT question_text, rubric_version, score, numerator, denominator, value, period, definition,
                      gate_outcome, batch_id, receipt_sha256, page_sha256, request
               FROM meta.evidence WHERE region_code = '64.02' AND question_key = '2023-outcome-19'"""
        ).fetchall()
        scored = connection.execute("SELECT count(*) FROM scores.question_scores WHERE state = 'measured'").fetchall()
        explained = connection.execute(
            "SELECT count(DISTINCT (region_code, question_key)) FROM meta.evidence WHERE page_sha256 IS NOT NULL"
        ).fetchall()

    assert len(rows) == 1
    assert all(cell is not None for cell in rows[0])
    assert [str(cell) for cell in rows[0][2:6]] == ["4.00", "8422.0000", "10000.0000", "84.2200"]
    assert explained == scored


def test_p7_explanations_document_holds_the_whole_chain(published: Published) -> None:
    document = json.loads((published.path / "v1/explanations/64.02.json").read_text(encoding="utf-8"))
    region = json.loads((published.path / "v1/regions/64.02.json").read_text(encoding="utf-8"))

    assert region["explanations"] == "v1/explanations/64.02.json"
    assert document["made_in"]["publication_id"] == published.id
    batch = document["batches"][batch_of("perkim_sanitasi")]
    assert len(batch["receipt_sha256"]) == 64
    assert (batch["pages"], batch["bytes"]) == (
        len(batch["responses"]),
        sum(one["bytes"] for one in batch["responses"]),
    )
    assert len(batch["responses"][0]["sha256"]) == 64
    named = {name for sheet in document["sheets"] for one in sheet["questions"] for name in one.get("batches") or ()}
    assert named
    assert named == document["batches"].keys()


def test_p7_figure_of_an_undescribed_batch_is_not_published(sample_file: Path, tmp_path: Path) -> None:
    meta = sample_meta()
    lost = batch_of("perkim_sanitasi")
    without = meta.model_copy(update={"sources": tuple(b for b in meta.sources if b.batch_id != lost)})

    with pytest.raises(PublicationError, match=lost):
        publish(sample_file, without, tmp_path)
    assert visible(tmp_path) == []


def test_p8_states_reach_the_documents(published: Published) -> None:
    region = json.loads((published.path / "v1/regions/35.07.json").read_text(encoding="utf-8"))
    [pillar] = [pillar for pillar in region["pillars"] if pillar["pillar"] == "environment"]
    malang = {row["indicator_id"]: row for row in pillar["indicators"]}

    assert malang["env_waste_managed"]["state"] == "missing"
    assert malang["env_waste_managed"]["value"] is None
    assert malang["env_recycling_rate"]["state"] == "not_applicable"


@pytest.mark.parametrize("kind", ["index", "region", "explanations", "pillar"])
def test_every_document_is_what_its_schema_says(published: Published, kind: str) -> None:
    schema = json.loads((published.path / f"v1/schemas/{kind}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    folder = {"index": "v1", "explanations": "v1/explanations"}.get(kind, f"v1/{kind}s")
    found = sorted((published.path / folder).glob("*.json"))
    assert found
    for path in found:
        Draft202012Validator(schema).validate(json.loads(path.read_text(encoding="utf-8")))


def test_p6_what_nobody_vetted_is_not_published(published: Published) -> None:
    """A value outside the code list may be anything, a person's name too; and two people are too few to be counted."""
    with duckdb.connect(str(published.path / DUCKDB_FILE), read_only=True) as connection:
        rows = connection.execute(
            "SELECT rule, region_code, subject, published, row_count FROM quality.findings ORDER BY 1, 2"
        ).fetchall()

    assert rows == [
        ("part_exceeds_whole", "64.02", "liv_immunisation_complete", "300", 1),
        ("published_percentage_differs", "64.02", "kode_rekening 5.1", "12311", 1),
        ("region_out_of_scope", None, "Kab. Contoh", "Kab. Contoh", 1),
        ("unknown_category", "62.02", None, None, None),
        ("unknown_category", "64.02", None, None, 31),
    ]
    assert not [name for name, content in files(published.path).items() if PERSON.encode() in content]


def test_documents_hold_exact_decimals(published: Published) -> None:
    text = (published.path / "v1/regions/64.02.json").read_text(encoding="utf-8")

    assert '"index_value":2.82' in text
    assert '"numerator":9100000000000.0000' in text


def test_package_describes_every_table(published: Published) -> None:
    package = json.loads((published.path / "datapackage.json").read_text(encoding="utf-8"))

    same = [item["path"] for table in package["resources"] for item in (table, *table["same_rows"])]
    assert sorted(same) == sorted(name for name in files(published.path) if name.startswith(("csv/", "parquet/")))
    for item in package["resources"]:
        assert item["path"] == f"csv/{item['name']}.csv"
        with (published.path / item["path"]).open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [field["name"] for field in item["schema"]["fields"]]
        assert set(item["schema"].get("primaryKey", [])) <= {field["name"] for field in item["schema"]["fields"]}
    mart = next(item for item in package["resources"] if item["name"] == "mart_living")
    fields = {field["name"]: field for field in mart["schema"]["fields"]}
    assert (fields["value"]["type"], fields["batch_ids"]["type"], fields["held_since"]["type"]) == (
        "number",
        "array",
        "datetime",
    )
    assert all(field["description"] and field["description_id"] for field in fields.values())
    assert package["sources"]
    assert package["licence_note"]
    assert "licenses" not in package


def test_csv_guards_a_name_and_keeps_negative_numbers(sample_file: Path, tmp_path: Path) -> None:
    warehouse = spoil(
        sample_file,
        tmp_path,
        "UPDATE candidate.mart_branding SET region_name = '=cmd|''/c calc''!A0' WHERE region_code = '62.02'",
    )

    result = publish(warehouse, sample_meta(), tmp_path / "published")

    with (result.path / "csv/mart_branding.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["region_code"] == "62.02"]
    assert {row["region_name"] for row in rows} == {"'=cmd|'/c calc'!A0"}
    assert {row["value"] for row in rows if row["indicator_id"] == "bra_investment_growth"} == {"-12.0000"}


STEPS = ("copy_tables", "write_provenance", "write_manifest", "check_draft")


@pytest.mark.parametrize("step", [*STEPS, *(form.name for form in FORMATS), "_make_durable", "sync"])
def test_p2_crash_at_any_step_leaves_the_current_publication(
    step: str, published: Published, sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(published.path, tmp_path / published.id)
    swap(tmp_path, published.id)
    error: BaseException = OSError("disk full") if len(step) % 2 else KeyboardInterrupt()

    def crash(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        if step in {form.name for form in FORMATS}:
            patch.setattr(
                module, "FORMATS", [replace(form, write=crash) if form.name == step else form for form in FORMATS]
            )
        else:
            patch.setattr(module, step, crash)
        with pytest.raises((MachineError, KeyboardInterrupt)):
            publish(sample_file, later(1), tmp_path)

    assert current(tmp_path) == published.id
    assert verify(tmp_path / published.id) == published.manifest_sha256
    assert not [name for name in visible(tmp_path) if ".tmp-" in name]
    second = publish(sample_file, later(1), tmp_path)
    assert second.id in list_publications(tmp_path)


def test_p2_killed_build_is_removed_by_the_next(sample_file: Path, tmp_path: Path) -> None:
    """A process that is killed cleans nothing up."""
    code = f"""
import os
from pathlib import Path
from publication import build
from tests.publication.sample_meta import sample_meta
build.write_files = lambda *_: os._exit(9)
build.publish(Path({str(sample_file)!r}), sample_meta(), Path({str(tmp_path)!r}))
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False, timeout=120, cwd=Path(__file__).parents[2])
    left = visible(tmp_path)
    (tmp_path / ".current.deadbeef").symlink_to("nowhere")

    result = publish(sample_file, sample_meta(), tmp_path)

    assert killed.returncode == 9
    assert len(left) == 1
    assert ".tmp-" in left[0]
    assert visible(tmp_path) == [result.id]


def test_two_builders_do_not_meet_and_the_second_one_waits(
    sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, at_work, seen = module._build, threading.Event(), []

    def slowly(*given: Any) -> str:
        at_work.set()
        seen.append([name for name in visible(tmp_path) if ".tmp-" in name])
        return build(*given)

    monkeypatch.setattr(module, "_build", slowly)
    with ThreadPoolExecutor(2) as both:
        first = both.submit(publish, sample_file, sample_meta(), tmp_path)
        at_work.wait()
        second = both.submit(publish, sample_file, later(1), tmp_path)
        built = {first.result().id, second.result().id}
    assert set(list_publications(tmp_path)) == built
    assert [len(drafts) for drafts in seen] == [1, 1]


@pytest.mark.fault(3)
@pytest.mark.parametrize("part", [0.9, 0.6, 0.2, 0.02])
def test_p10_without_room_there_is_no_publication_and_one_line_says_why(
    published: Published, sample_file: Path, tmp_path: Path, part: float
) -> None:
    """The system itself refuses. DuckDB closes a file that does not fit without a word, and leaves a part beside it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = int((published.path / DUCKDB_FILE).stat().st_size * part)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        with pytest.raises(MachineError, match="a file grew larger than this machine allows"):
            publish(sample_file, sample_meta(), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert visible(tmp_path) == []


def test_a_publication_is_announced_before_it_has_its_name(sample_file: Path, tmp_path: Path) -> None:
    told: list[tuple[str, list[str]]] = []
    made = publish(
        sample_file, sample_meta(), tmp_path, lambda sha256: told.append((sha256, [*list_publications(tmp_path)]))
    )
    assert told == [(made.manifest_sha256, [])]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP VIEW promoted.mart_living", "promoted.mart_living"),
        ("DROP TABLE scores.index_scores", "scores.index_scores"),
        ("DROP TABLE seeds.regions CASCADE", "regions"),
    ],
)
def test_missing_table_is_refused(statement: str, message: str, sample_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "published"

    with pytest.raises(PublicationError, match=message):
        publish(spoil(sample_file, tmp_path, statement), sample_meta(), target)
    assert visible(target) == []


def test_missing_or_damaged_warehouse_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.duckdb"
    damaged.write_bytes(b"no database" * 500)

    for warehouse in (tmp_path / "none.duckdb", damaged):
        with pytest.raises(PublicationError, match="warehouse"):
            publish(warehouse, sample_meta(), tmp_path / "published")


def test_lost_rows_are_noticed_before_the_folder_gets_its_name(
    sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.copy_tables

    def one_short(*arguments: object) -> dict[Table, Copied]:
        copied = real(*arguments)  # type: ignore[arg-type]
        return {table: replace(one, rows=one.rows + (table.name == "mart_society")) for table, one in copied.items()}

    monkeypatch.setattr(module, "copy_tables", one_short)
    with pytest.raises(PublicationError, match="mart_society has 66 rows, the warehouse has 67"):
        publish(sample_file, sample_meta(), tmp_path)
    assert visible(tmp_path) == []


def test_a_format_is_written_checked_described_and_shown_by_its_line_in_the_registry(
    sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line-delimited JSON, as somebody might add it: one value, and nothing else knows of it."""

    def write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
        connection.execute(f"COPY (FROM publication.{table.qualified}) TO '{path}' (FORMAT json)")

    def read(_: duckdb.DuckDBPyConnection, path: Path) -> tuple[Sequence[str] | None, int]:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return list(rows[0]) if rows else None, len(rows)

    lines = of_tables("jsonl", mediatype="application/jsonl", write=write, read=read)
    monkeypatch.setattr(module, "FORMATS", (*FORMATS, lines))

    result = publish(sample_file, sample_meta(), tmp_path)

    assert (result.path / "jsonl/mart_living.jsonl").is_file()
    package = json.loads((result.path / "datapackage.json").read_text(encoding="utf-8"))
    described = {item["path"]: item["mediatype"] for table in package["resources"] for item in table["same_rows"]}
    assert described["jsonl/mart_living.jsonl"] == "application/jsonl"
    assert "<code>jsonl/</code>" in (result.path / "index.html").read_text(encoding="utf-8")
    assert '"jsonl/mart_living.jsonl"' in (result.path / "manifest.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ("(SELECT * EXCLUDE (unit) FROM {mart})", "mart_living.unit is described and does not reach"),
        ("(SELECT *, 1 AS note FROM {mart})", "mart_living.note reaches readers and is not described"),
        ("(FROM {mart} LIMIT 3)", "mart_living.csv has 3 rows"),
    ],
)
def test_a_format_that_loses_or_adds_something_is_refused(
    relation: str, message: str, sample_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
        whole = f"publication.{table.qualified}"
        csv_files.write_relation(
            connection, relation.replace("{mart}", whole) if table.name == "mart_living" else whole, path
        )

    monkeypatch.setattr(
        module, "FORMATS", [of_tables("csv", mediatype="text/csv", write=write, read=csv_files.read_csv)]
    )
    with pytest.raises(PublicationError, match=message):
        publish(sample_file, sample_meta(), tmp_path)
    assert visible(tmp_path) == []


def test_pillar_that_never_passed_is_published_as_such(sample_file: Path, tmp_path: Path) -> None:
    empty = """CREATE OR REPLACE VIEW promoted.mart_society AS FROM candidate.mart_society SELECT *,
        NULL::VARCHAR AS evaluation_id, NULL::TIMESTAMPTZ AS promoted_at, NULL::TIMESTAMPTZ AS held_since,
        NULL::VARCHAR AS held_reason WHERE false"""
    meta = sample_meta()
    states = tuple(
        state.model_copy(update={"state": "absent", "evaluation_id": None, "held_reason": "dbt could not build it"})
        if state.pillar == "society"
        else state
        for state in meta.pillars
    )

    result = publish(
        spoil(sample_file, tmp_path, empty), meta.model_copy(update={"pillars": states}), tmp_path / "published"
    )

    html = "".join(path.read_text(encoding="utf-8") for path in sorted((result.path / "daerah").iterdir()))
    assert html.count("Belum ada versi pilar ini yang lolos pemeriksaan mutu") == 3
    assert "dbt could not build it" in html


def test_files_are_read_only_and_readable_by_others(published: Published) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in published.path.rglob("*") if path.is_file()}

    assert set(modes.values()) == {0o444}
    assert published.path.stat().st_mode & 0o777 == 0o755
    assert os.access(published.path / "parquet", os.R_OK | os.X_OK)
