"""An installation's files of settings: read as they stand, and never before the environment."""

import json
import os
from pathlib import Path

import pytest

from ledger.configuration import configured, use
from ledger.errors import ConfigError

LINK = {"url": "https://agency.example", "password": "a $b #c \" d'e \\ f", "extra": {"private": True}}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PILAR_KEYS", raising=False)
    home, keys = tmp_path / "own", tmp_path / "own-keys"
    home.mkdir()
    keys.mkdir()
    (home / "pilar.env").write_text("# a comment\nPILAR_REGIONS=35.73,35.07\n\nPILAR_TIMEZONE=Asia/Jakarta\n")
    link = json.dumps(LINK).replace("\\", "\\\\").replace("'", "\\'")
    (keys / "secrets.env").write_text(f"PILAR_CONN_DISHUB='{link}'\n#PILAR_LEDGER_URL=none\n")
    (keys / "secrets.env").chmod(0o600)
    return home


def test_both_files_are_read_as_they_stand(home: Path) -> None:
    found = configured(home)
    assert found["PILAR_REGIONS"] == "35.73,35.07"
    assert json.loads(found["PILAR_CONN_DISHUB"]) == LINK
    assert "PILAR_LEDGER_URL" not in found


def test_the_environment_goes_before(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"PILAR_REGIONS": "64.02"})
    use(home)
    assert os.environ["PILAR_REGIONS"] == "64.02"
    assert os.environ["PILAR_TIMEZONE"] == "Asia/Jakarta"


def test_a_folder_without_a_configuration_says_nothing(tmp_path: Path) -> None:
    assert configured(tmp_path) == {}


def test_keys_may_lie_elsewhere(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "safe"
    (tmp_path / "own-keys").rename(elsewhere)
    assert "PILAR_CONN_DISHUB" not in configured(home)
    with (home / "pilar.env").open("a") as file:
        file.write(f"PILAR_KEYS={elsewhere}\n")
    assert "PILAR_CONN_DISHUB" in configured(home)


@pytest.mark.parametrize(
    "line",
    [
        "HOME=/root",
        "PILAR_REGIONS",
        "PILAR_REGIONS: 35.73",
        "PILAR_X='open",
        "pilar_regions=35.73",
        "LD_PRELOAD=/tmp/x.so",
    ],
)
def test_p10_a_line_that_is_no_setting_is_refused_by_its_place(home: Path, line: str) -> None:
    with (home / "pilar.env").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ConfigError, match=r"pilar\.env, line 5"):
        configured(home)


def test_p6_secrets_that_others_may_read_are_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "own-keys" / "secrets.env").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        configured(home)
