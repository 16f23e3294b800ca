"""An installation with a publication of the sample, and a second one in which one figure is another one."""

import hashlib
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import duckdb
import psycopg
import pytest

from ledger.settings import Settings
from ledger.store import Ledger
from publication import pointer
from publication.build import publish
from publication.manifest import MANIFEST, file_sha256
from tests.publication.sample_meta import CREATED, sample_meta
from tests.publication.sample_warehouse import batch_of, build

INSTRUMENT = "smart-city-2023"
# Kabupaten Malang's human development index rises from 70.60 to 80.10: 4.00 in place of 3.00, one of six scores.
CORRECTED = (
    f"update scores.question_scores set value = 80.10, score = 4, batch_ids = ['{batch_of('bpkad_realisasi')}'] "
    "where region_code = '35.07' and question_key = '2023-outcome-13'",
    "update scores.dimension_scores set value = 3.83 where region_code = '35.07' and basis = 'computed' "
    "and dimension = 'outcome'",
    "update scores.index_scores set index_value = 3.02 where region_code = '35.07' and basis = 'computed'",
)


@dataclass(frozen=True)
class Shelf:
    """Publications, each built once: copying one takes no time."""

    folder: Path
    warehouse: Path

    def publication(self, number: int, changes: tuple[str, ...]) -> tuple[Path, str]:
        """The folder of the nth publication of an installation with these changes, and its manifest's hash."""
        shelf = self.folder / hashlib.sha256(f"{number} {changes}".encode()).hexdigest()[:12]
        if not shelf.exists():
            file = Path(shutil.copyfile(self.warehouse, self.folder / "evaluation.duckdb"))
            with duckdb.connect(str(file)) as connection:
                for change in changes:
                    connection.execute(change)
            meta = sample_meta().model_copy(
                update={"evaluation_id": evaluation(number), "created_at": CREATED + timedelta(days=number)}
            )
            publish(file, meta, shelf)
        (name,) = pointer.list_publications(shelf)
        return shelf / name, file_sha256(shelf / name / MANIFEST)


def evaluation(number: int) -> str:
    """The id of an installation's nth evaluation."""
    return f"20250115T02000000{number}-aaaaaa"


@dataclass
class House:
    """``publish()`` makes the sample the current publication; ``publish(*CORRECTED)`` one with other figures."""

    ledger: Ledger
    settings: Settings
    shelf: Shelf
    published: list[str] = field(default_factory=list)

    def publish(self, *changes: str) -> str:
        """The id of a new publication, which is the current one."""
        number = len(self.published)
        built, manifest = self.shelf.publication(number, changes)
        shutil.copytree(built, self.settings.published_dir / built.name, copy_function=shutil.copyfile)
        with psycopg.connect(self.settings.ledger_url) as connection:
            connection.execute(
                "insert into evaluation (evaluation_id, status, inputs, inputs_sha256) "
                "values (%s, 'published', '[]', 'x')",
                [evaluation(number)],
            )
        self.ledger.record_publication(built.name, evaluation(number), manifest)
        pointer.swap(self.settings.published_dir, built.name)
        self.published.append(built.name)
        return built.name

    def frozen(self, version: int = 1) -> Path:
        """The folder of a version of stage II."""
        return self.settings.frozen_dir / f"{INSTRUMENT}-2023-II" / f"v{version}"


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("shelf")
    return Shelf(folder, build(folder / "sample.duckdb"))


@pytest.fixture
def house(ledger: Ledger, settings: Settings, shelf: Shelf) -> House:
    made = House(ledger, settings, shelf)
    made.publish()
    return made


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
