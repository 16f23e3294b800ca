"""A source whose file cannot be read may be what a record lacks: it is known which."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from definitions.records import load_records
from ledger.records import Batch
from ledger.settings import Settings
from pilar.sources.catalogue import unread_records

FILE = Path("dlh") / "dlh_sipsn.yaml"


def batch(source_id: str) -> Batch:
    return Batch(
        batch_id="1",
        source_id=source_id,
        opd="dlh",
        coverage="2024",
        status="accepted",
        contract_sha256="f" * 64,
        rows_received=1,
        rows_landed=1,
        rows_quarantined=0,
        landed_path="rows.parquet",
        landed_sha256="a" * 64,
        content_sha256="c" * 64,
        synthetic=True,
        started_at=datetime(2024, 1, 1, tzinfo=UTC),
        finished_at=None,
    )


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    """A folder with one good file."""
    target = tmp_path / "sources" / FILE
    target.parent.mkdir(parents=True)
    target.write_bytes((settings.sources_dir / FILE).read_bytes())
    return tmp_path / "sources"


def test_a_file_in_order_is_read(folder: Path) -> None:
    assert unread_records(folder, [batch("dlh_sipsn")]) == {}


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda text: text.replace("runbook:", "runbok:"), {"waste_balance"}),
        (lambda text: text + "\n\tnot: [YAML", {"waste_balance"}),
        (lambda text: text.replace("record: waste_balance", "record: 'birth'") + "x", {"birth"}),
        (lambda text: text.replace("record: waste_balance", "record: nothing") + "x", set()),
    ],
    ids=["a wrong key", "no YAML", "another record", "no record"],
)
def test_a_broken_file_says_which_records_it_may_provide(
    folder: Path, damage: Callable[[str], str], named: set[str]
) -> None:
    file = folder / FILE
    file.write_text(damage(file.read_text()))
    assert unread_records(folder, [batch("dlh_sipsn")]) == {"dlh_sipsn": named}
    # Of a source without data nothing is missing.
    assert unread_records(folder, [batch("another")]) == {}


def test_a_file_that_cannot_be_opened_may_provide_every_record(folder: Path) -> None:
    (folder / FILE).unlink()
    (folder / FILE).mkdir()
    assert unread_records(folder, [batch("dlh_sipsn")]) == {"dlh_sipsn": frozenset(load_records())}


def test_a_source_that_was_taken_out_provides_nothing(folder: Path) -> None:
    (folder / FILE).unlink()
    assert unread_records(folder, [batch("dlh_sipsn")]) == {}
