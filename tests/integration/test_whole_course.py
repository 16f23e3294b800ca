"""The whole course, each pull and evaluation by its command, on a real ledger. Airflow would run the same steps."""

import json
from pathlib import Path

import pytest

from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform import logs
from tests.integration.course import Town
from tests.integration.whole_course import REGIONS, found, whole_course

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@pytest.fixture
def town(
    tmp_path: Path,
    settings: Settings,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Town:
    made = Town(settings.home, tmp_path / "sources", tmp_path / "kiriman", lambda: capsys.readouterr().out)
    found(made)
    variables = {"HOME": settings.home, "LEDGER_URL": settings.ledger_url, "KEYS": settings.key_dir}
    variables |= {"REGIONS": ",".join(REGIONS), "SOURCES": made.sources}
    variables |= {"CONN_KIRIMAN": json.dumps({"url": made.letters.as_uri()})}
    for name, value in variables.items():
        monkeypatch.setenv(f"PILAR_{name}", str(value))
    logs.configure("ERROR")
    return made


def test_p3_p8_a_whole_course(town: Town) -> None:
    whole_course(town)
