"""`pilar sources`, `diagnose`, `verify` and `migrate` as a person types them, where something is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.settings import Settings
from pilar import cli
from tests.pilar.platform_sources import write_sources

Type = Callable[..., str]


@pytest.fixture
def typed(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Type:
    """``typed("sources", "list")``: what is printed on both outputs, in an installation of five sources."""
    monkeypatch.setenv("PILAR_HOME", str(settings.home))
    monkeypatch.setenv("PILAR_LEDGER_URL", settings.ledger_url)
    monkeypatch.setenv("PILAR_KEYS", str(settings.key_dir))
    monkeypatch.setenv("PILAR_SOURCES", str(write_sources(tmp_path / "sources")))

    def run(*words: str) -> str:
        capsys.readouterr()
        cli.app(list(words), standalone_mode=False)
        printed = capsys.readouterr()
        return printed.out + printed.err

    return run


def test_a_broken_source_file_does_not_hide_the_others(typed: Type, tmp_path: Path) -> None:
    (tmp_path / "sources" / "health" / "births.yaml").write_text("{broken")
    shown = typed("sources", "list")
    assert "vaccines" in shown
    [warning] = [line for line in shown.splitlines() if line.startswith("warning: ")]
    assert "births.yaml" in warning
