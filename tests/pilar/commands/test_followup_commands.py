"""`pilar followup`, as people type it."""

import json
from pathlib import Path

import pytest

from ledger.errors import ConfigError
from ledger.settings import Settings
from publication import pointer
from publication.build import publish
from tests.pilar.conftest import Type
from tests.publication.sample_meta import sample_meta
from tests.publication.sample_warehouse import build

pytestmark = pytest.mark.integration


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    return tmp_path


def test_a_recommendation_is_followed_up(typed: Type, settings: Settings, tmp_path: Path) -> None:
    assert "Nothing is open" in typed("followup", "list")
    made = publish(build(tmp_path / "evaluation.duckdb"), sample_meta(), settings.published_dir)
    pointer.swap(settings.published_dir, made.id)
    told = typed("followup", "open", "smart-city-2023", "I", "--due", "2020-01-31", "--who", "walidata")
    assert "0 open again, 0 in the register already" in told
    told = typed("followup", "list", "--owner", "dinas_kesehatan")
    assert told.startswith("Dinas Kesehatan: ")
    assert "2020-01-31, late" in told
    one = json.loads(typed("followup", "list", "--json"))["recommendations"][0]["id"]
    assert f"{one} is done: " in typed("followup", "done", one, "--reason", "data dikirim", "--who", "bpbd")
    assert f"{one} is in progress: " in typed("followup", "return", one, "--reason", "kosong", "--who", "inspektorat")
    assert f"{one} is in progress: " in typed("followup", "set", one, "--priority", "high")
    with pytest.raises(ConfigError, match="high, medium or low"):
        typed("followup", "set", one, "--priority", "soon")
    with pytest.raises(ConfigError, match="no account or office"):
        typed("followup", "done", one, "--reason", "data dikirim", "--who", "Budi Santoso")
    with pytest.raises(ConfigError, match="nothing is to be changed"):
        typed("followup", "set", one)
    typed("followup", "done", one, "--reason", "data dikirim", "--who", "bpbd")
    assert "is verified" in typed("followup", "verify", one, "--reason", "dilihat", "--who", "inspektorat")
    assert one not in typed("followup", "list")
    assert one in typed("followup", "list", "--all")
    words = ("followup", "add", "smart-city-2023", "I", "kab malang", "Susun peta jalan", "--owner", "bappeda")
    assert ": open" in typed(*words)
    assert "already" in typed(*words)
    assert "Susun peta jalan" in typed("followup", "list", "--owner", "bappeda")


@pytest.mark.parametrize("words", [("list",), ("add", "smart-city-2023", "I", "35.07", "Susun peta jalan")])
def test_an_agency_that_there_is_not_is_refused(typed: Type, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"there is no agency 'dinas_kesehatn'.*dinas_kesehatan"):
        typed("followup", *words, "--owner", "dinas_kesehatn")
