"""Old publications go when they are told to, and no other one."""

from pathlib import Path

import pytest

from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation.publish import prune
from publication.pointer import CURRENT, list_publications

pytestmark = pytest.mark.integration
NAMES = [f"2026010{day}T000000000Z-0000000{day}" for day in range(1, 7)]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Six publications, of which readers see the second and the first was frozen."""
    settings = Settings(home=tmp_path, ledger_url="", key_dir=tmp_path)
    for name in NAMES:
        (settings.published_dir / name / "csv").mkdir(parents=True)
        file = settings.published_dir / name / "csv" / "a.csv"
        file.write_text("1\n")
        file.chmod(0o444)
    (settings.published_dir / CURRENT).symlink_to(NAMES[1])
    return settings


@pytest.mark.parametrize(
    ("keep", "stay"),
    [(1, [5, 1, 0]), (2, [5, 4, 1, 0]), (30, [5, 4, 3, 2, 1, 0])],
)
def test_the_newest_the_current_and_the_frozen_stay(ledger: Ledger, home: Settings, keep: int, stay: list[int]) -> None:
    ledger.decide("freeze", [("pemdi-2026 2026 1", None, {"publication": NAMES[0]})])
    removed = prune(ledger, home, keep)
    assert list(list_publications(home.published_dir)) == [NAMES[place] for place in stay]
    assert sorted(removed) == sorted(set(NAMES) - {NAMES[place] for place in stay})
    assert {path.name for path in home.published_dir.iterdir()} == {CURRENT, *(NAMES[place] for place in stay)}
    assert prune(ledger, home, keep) == []
