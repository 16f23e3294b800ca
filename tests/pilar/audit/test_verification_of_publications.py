"""P7: marts, publications and the pointer that somebody altered are noticed and named."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.errors import PublicationError
from pilar.audit.verification import Scope, verify
from pilar.cli import app
from pilar.evaluation import publish as publishing
from publication.build import publish
from publication.manifest import MANIFEST, file_sha256
from publication.pointer import swap
from tests.pilar.audit.house import House, flip
from tests.publication.sample_meta import CREATED, sample_meta
from tests.publication.sample_warehouse import EVALUATION
from tests.publication.sample_warehouse import build as build_warehouse


@pytest.fixture
def published(house: House, published_sample: Callable[[Path], list[str]]) -> Iterator[list[str]]:
    """Two publications that the ledger knows, the second one current; ids, oldest first."""
    ids = published_sample(house.settings.published_dir)
    house.sql(
        "insert into evaluation (evaluation_id, status, inputs, inputs_sha256) "
        f"values ('{EVALUATION}', 'published', '[]', '')"
    )
    for gate in sample_meta().gates:
        house.ledger.record_gate(EVALUATION, gate.gate, gate.outcome, [{}] * gate.checks)
    for publication_id in ids:
        folder = house.settings.published_dir / publication_id
        house.ledger.record_publication(publication_id, EVALUATION, file_sha256(folder / MANIFEST))
    yield ids
    shutil.rmtree(house.settings.published_dir)
    house.sql("delete from publication", "delete from gate_result", "delete from evaluation")


@pytest.fixture(scope="module")
def published_sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], list[str]]:
    """Puts two publications of the sample into a folder; its batches are in no chain, so it names no receipt."""
    made = tmp_path_factory.mktemp("published")
    warehouse = build_warehouse(made / "sample.duckdb")
    meta = sample_meta().model_copy(update={"chain": None})
    sources = tuple(batch.model_copy(update={"receipt_sha256": None, "in_force": False}) for batch in meta.sources)
    ids = [
        publish(warehouse, meta.model_copy(update={"sources": sources, "created_at": CREATED + later}), made / "all").id
        for later in (timedelta(), timedelta(days=1))
    ]

    def put(folder: Path) -> list[str]:
        shutil.copytree(made / "all", folder)
        swap(folder, ids[-1])
        return ids

    return put


def forge(folder: Path, origin: str, name: str) -> Path:
    """A copy under another name with an altered table, and a manifest that fits it."""
    forged = folder / name
    shutil.copytree(folder / origin, forged)
    table = next(forged.glob("csv/*.csv"))
    for path in (forged, forged / "csv", forged / MANIFEST, table):
        path.chmod(0o755)
    table.write_text(table.read_text().replace("0", "9"))
    content = json.loads((forged / MANIFEST).read_text())
    content["publication"] = name
    content["files"][table.relative_to(forged).as_posix()] = {
        "sha256": file_sha256(table), "bytes": table.stat().st_size,
    }  # fmt: skip
    (forged / MANIFEST).write_text(json.dumps(content))
    return forged


def point(folder: Path, target: str) -> None:
    (folder / "current").unlink()
    (folder / "current").symlink_to(target)


def test_p7_publications_that_the_ledger_knows_pass(house: House, published: list[str]) -> None:
    told = {line.what: (line.count, line.gone) for line in house.checked()}
    assert (told["publications"], house.damage()) == ((2, 0), "")


@pytest.mark.parametrize("altered", [(0,), (1,), (0, 1)])
def test_p7_the_first_altered_publication_is_named(
    house: House, published: list[str], altered: tuple[int, ...]
) -> None:
    """An older one too, and although a newer one holds."""
    for nth in altered:
        file = house.settings.published_dir / published[nth] / "marts.duckdb"
        file.chmod(0o644)
        flip(file, 100)
    assert f"marts.duckdb was altered [publication {published[altered[0]]}]" in house.damage()
    assert [line.what for line in house.checked() if line.damage] == ["publications"]


PILLARS = ("economy", "living", "society")


@pytest.fixture
def marts(house: House) -> Iterator[dict[str, Path]]:
    """A mart in force of three pillars."""
    evaluation_id = house.ledger.start_evaluation([])
    files = {pillar: house.settings.promoted_dir / f"{pillar}.parquet" for pillar in PILLARS}
    for pillar, mart in files.items():
        mart.parent.mkdir(exist_ok=True)
        mart.write_bytes(pillar.encode())
        path = mart.relative_to(house.settings.home).as_posix()
        house.ledger.record_promotion(evaluation_id, pillar, path=path, sha256=file_sha256(mart), reason=None)
    yield files
    house.sql("delete from promotion", "delete from evaluation")


@pytest.mark.parametrize("pillars", [("economy",), ("living",), ("society",), ("economy", "society")])
@pytest.mark.parametrize(("alter", "told"), [(Path.unlink, "is missing"), (lambda path: flip(path, 0), "was altered")])
def test_p7_the_first_altered_mart_in_force_is_named(
    house: House, marts: dict[str, Path], pillars: tuple[str, ...], alter: Callable[[Path], object], told: str
) -> None:
    for pillar in pillars:
        alter(marts[pillar])
    assert f"{pillars[0]}.parquet {told} [mart of pillar {pillars[0]}]" in house.damage()
    assert [line.what for line in house.checked() if line.damage] == ["marts in force"]


def test_p7_a_forged_publication_is_named_wherever_readers_are_pointed(house: House, published: list[str]) -> None:
    folder, name = house.settings.published_dir, "20990101T000000000Z-f0f0f0f0"
    forge(folder, published[-1], name)
    assert f"the ledger does not know it [publication {name}]" in house.damage()
    point(folder, name)
    assert f"the ledger does not know it [publication {name}]" in house.damage()
    about = verify(house.ledger.witnesses, house.holdings, Scope(file=folder / name / MANIFEST))
    assert "the ledger does not know it" in str(about[-1].damage)


def test_p7_a_publication_under_a_known_name_with_another_manifest_is_named(house: House, published: list[str]) -> None:
    folder = house.settings.published_dir
    shutil.move(folder / published[0], folder / "away")
    shutil.copytree(folder / "away", folder / "copy")
    forge(folder, "copy", published[0])
    shutil.rmtree(folder / "away")
    shutil.rmtree(folder / "copy")
    assert f"its manifest is not the one the ledger recorded [publication {published[0]}]" in house.damage()


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("{older}", "readers are pointed at another one than the ledger says: {newer}"),
        ("../elsewhere/{newer}", "the pointer leads out of the folder"),
        ("nowhere", "what readers are pointed at is missing"),
    ],
)
def test_p7_a_pointer_that_somebody_moved_is_named(house: House, published: list[str], target: str, told: str) -> None:
    names = {"older": published[0], "newer": published[1]}
    point(house.settings.published_dir, target.format(**names))
    assert told.format(**names) in house.damage()


def test_p7_a_folder_in_place_of_the_pointer_is_named(house: House, published: list[str]) -> None:
    folder = house.settings.published_dir
    (folder / "current").unlink()
    shutil.copytree(folder / published[1], folder / "current")
    assert "the pointer is no link" in house.damage()


def test_p2_a_publication_that_died_before_it_was_recorded_is_no_stranger(house: House, published: list[str]) -> None:
    """Its folder has its name and readers may see it already; the ledger knows that it was prepared."""
    house.sql(f"update publication set action = 'prepared' where publication_id = '{published[1]}'")
    assert house.damage() == ""
    point(house.settings.published_dir, published[0])
    assert house.damage() == ""


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update gate_result set outcome = 'pass' where gate = 'branding'", "tells another answer of gate branding"),
        ("update gate_result set checks = '[]' where gate = 'living'", "tells another answer of gate living"),
        ("delete from gate_result where gate = 'scores'", "tells another answer of gate scores"),
        ("update gate_result set gate = 'else' where gate = 'scores'", "gate scores"),
        (
            "insert into gate_result (evaluation_id, gate, outcome, checks) "
            "select evaluation_id, 'else', 'pass', '[]' from evaluation",
            "tells of gate else",
        ),
        (
            "update evaluation set inputs = (select jsonb_build_array(min(batch_id)) from batch)",
            "says otherwise whether its evaluation read batch",
        ),
        ("update publication set evaluation_id = 'e2'", "the ledger names another evaluation for it"),
    ],
)
def test_p7_an_evaluation_told_otherwise_than_it_was_published_is_named(
    house: House, published: list[str], statement: str, told: str
) -> None:
    house.sql(statement)
    assert told in house.damage()


def test_p3_a_rollback_goes_to_a_publication_that_readers_have_seen(house: House, published: list[str]) -> None:
    older, newer = published
    assert publishing.rollback(house.ledger, house.settings, None) == older
    assert publishing.rollback(house.ledger, house.settings, newer) == newer
    house.sql(f"update publication set action = 'prepared' where publication_id = '{older}'")
    with pytest.raises(PublicationError, match="no publication before the current one"):
        publishing.rollback(house.ledger, house.settings, None)


def test_p7_show_refuses_a_publication_that_the_ledger_does_not_know(
    house: House, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILAR_HOME", str(house.settings.home))
    monkeypatch.setenv("PILAR_LEDGER_URL", house.settings.ledger_url)
    monkeypatch.setenv("PILAR_KEYS", str(house.settings.key_dir))
    name = "20990101T000000000Z-f0f0f0f0"
    forge(house.settings.published_dir, published[-1], name)
    run = partial(CliRunner().invoke, app)
    assert run(["publications", "show"]).exit_code == 0
    shown = run(["publications", "show", name])
    assert isinstance(shown.exception, PublicationError)
    assert "does not know publication" in str(shown.exception)
    assert f"does not know the publication {name}" in run(["publications", "list"]).output
    assert isinstance(run(["publications", "rollback", name]).exception, PublicationError)


def test_a_publication_that_died_before_it_had_its_name_is_neither_listed_nor_removed(
    house: House, published: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILAR_HOME", str(house.settings.home))
    monkeypatch.setenv("PILAR_LEDGER_URL", house.settings.ledger_url)
    name = "20990101T000000000Z-f0f0f0f0"
    house.ledger.prepare_publication(name, house.ledger.publications()[0].evaluation_id, "c" * 64)
    listed = CliRunner().invoke(app, ["publications", "list"]).output
    assert name not in listed
    assert all(one in listed for one in published)
    assert [line.gone for line in house.checked() if line.what == "publications"] == [0]
