"""`pilar gates docs`: an evaluation's file becomes pages; what is not there is told in one line."""

from pathlib import Path

import pytest

from ledger.errors import GateError
from ledger.settings import Settings
from pilar.evaluation.evaluate import warehouse_file
from tests.pilar.conftest import Type
from tests.publication.sample_warehouse import EVALUATION, build


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    return tmp_path / "sources"


def test_pages_are_written_of_an_evaluation(typed: Type, settings: Settings, tmp_path: Path) -> None:
    build(warehouse_file(settings, EVALUATION))

    said = typed("gates", "docs", EVALUATION, str(tmp_path / "pages"))

    assert "living: pass" in said
    assert EVALUATION in (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")


def test_p10_an_evaluation_without_its_file_is_told(typed: Type, tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"file is not there.*made-up\.duckdb"):
        typed("gates", "docs", "made-up", str(tmp_path / "pages"))
