"""The command line, as a person types it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.settings import Settings
from pilar import cli
from pilar.commands import console

Type = Callable[..., str]
Terminal = Callable[[int], None]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """``terminal(80)``: what is printed goes to a terminal of so many columns, without colours."""

    def be(columns: int) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(console.out, "_force_terminal", True)
        monkeypatch.setattr(console.out, "_color_system", None)
        monkeypatch.setattr(console.out, "_width", None)

    return be


@pytest.fixture
def typed(
    sources_dir: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Type:
    """``typed("sources", "list")``: what is printed on both outputs, with the sources of ``sources_dir``."""
    monkeypatch.setenv("PILAR_HOME", str(settings.home))
    monkeypatch.setenv("PILAR_LEDGER_URL", settings.ledger_url)
    monkeypatch.setenv("PILAR_KEYS", str(settings.key_dir))
    monkeypatch.setenv("PILAR_SOURCES", str(sources_dir))

    def run(*words: str) -> str:
        capsys.readouterr()
        cli.app(list(words), standalone_mode=False)
        printed = capsys.readouterr()
        return printed.out + printed.err

    return run
