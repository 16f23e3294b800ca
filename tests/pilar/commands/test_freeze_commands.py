"""`pilar freeze`, `pilar keys public` and `pilar verify frozen`, as people type them."""

import json
from pathlib import Path

import pytest

from ledger.errors import AlteredPublicationError, ConfigError
from ledger.settings import Settings
from ledger.store import Ledger
from publication import pointer
from publication.build import publish
from tests.pilar.conftest import Type
from tests.publication.sample_meta import sample_meta
from tests.publication.sample_warehouse import build

pytestmark = pytest.mark.integration


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def current(ledger: Ledger, settings: Settings, tmp_path: Path) -> str:
    evaluation = ledger.start_evaluation([])
    meta = sample_meta().model_copy(update={"evaluation_id": evaluation})
    made = publish(build(tmp_path / "evaluation.duckdb"), meta, settings.published_dir)
    pointer.swap(settings.published_dir, made.id)
    ledger.record_publication(made.id, evaluation, made.manifest_sha256)
    return made.id


def test_a_stage_is_frozen_and_checked_by_somebody_else(
    typed: Type, current: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no stage is frozen yet" in typed("publications", "frozen")
    told = typed("freeze", "smart-city-2023", "II", "--who", "walidata")
    assert told.startswith("frozen: smart-city-2023 2023, stage II, version 1\n")
    assert "keys public" in told
    listed = typed("publications", "frozen").splitlines()
    assert len(listed) == 2
    assert listed[1].split()[:2] == ["smart-city-2023-2023-II/v1", current]
    again = typed("freeze", "smart-city-2023", "2")
    assert again.startswith("already frozen: ")
    assert "Nothing was changed" in again
    as_json = json.loads(typed("freeze", "smart-city-2023", "2", "--json"))
    assert (as_json["became"], as_json["freeze"]["frozen_by"]) == ("already frozen", "walidata")
    assert as_json["freeze"]["publication"] == current

    key = tmp_path / "publisher.pem"
    key.write_text(typed("keys", "public"))
    # Somebody else has no ledger.
    monkeypatch.delenv("PILAR_LEDGER_URL")
    folder = settings.frozen_dir / "smart-city-2023-2023-II" / "v1"
    told = typed("verify", "frozen", str(folder), "--key", str(key))
    assert told.startswith("smart-city-2023 2023 II, version 1: every file is as it was signed by key ")
    page = folder / "publication" / "index.html"
    page.chmod(0o644)
    page.write_text("another")
    with pytest.raises(AlteredPublicationError, match=r"publication/index\.html was altered"):
        typed("verify", "frozen", str(folder), "--key", str(key))
    with pytest.raises(ConfigError, match="no such file"):
        typed("verify", "frozen", str(folder), "--key", str(tmp_path / "none.pem"))
