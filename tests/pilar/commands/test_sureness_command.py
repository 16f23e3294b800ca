"""`pilar sureness`, as a person and as a program reads it."""

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


@pytest.fixture
def published(settings: Settings, tmp_path: Path) -> str:
    made = publish(build(tmp_path / "evaluation.duckdb"), sample_meta(), settings.published_dir)
    pointer.swap(settings.published_dir, made.id)
    return made.id


def test_a_region_is_told_with_its_shares_its_range_and_its_rank(typed: Type, published: str) -> None:
    told = typed("sureness", "kab malang")
    assert "2023-kppn-ikn, computed" in told
    line = next(line for line in told.splitlines() if "2.99" in line)
    assert line.split()[:3] == ["Kabupaten", "Malang", "35.07"]
    assert "1 of 3" in line
    assert "20.0 % of the weight is scored by assumed bands." in told
    assert "Kotawaringin" not in told
    (pemdi,) = [line for line in told.splitlines() if "pemdi-2026, external" in line]
    assert pemdi.split()[-8:] == ["0.0", "%", "94.0", "%", "6.0", "%", "0.0", "%"]


def test_one_seed_gives_one_result_to_the_byte(typed: Type, published: str) -> None:
    first, again, other = (typed("sureness", "--json", "--seed", seed) for seed in ("1", "1", "2"))
    assert first == again
    found = json.loads(first)
    assert (found["publication_id"], found["seed"], found["draws"]) == (published, 1, 1000)
    assert found["indices"][1]["shares"]["missing"] == "9/55"
    assert [one["range"] for one in found["indices"]] != [one["range"] for one in json.loads(other)["indices"]]


def test_a_region_of_somewhere_else_is_refused(typed: Type, published: str) -> None:
    with pytest.raises(ConfigError, match="nothing of this region"):
        typed("sureness", "Kota Malang")


def test_p3_none_of_a_provinces_regions_is_guessed(typed: Type, published: str) -> None:
    with pytest.raises(ConfigError, match="is a province with 10 regions"):
        typed("sureness", "Kalimantan Timur")
