"""What the command line prints: whole in a pipe, within the terminal, with hints as they would be typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text

from pilar.commands import console
from pilar.commands.exit_codes import ExitCode
from tests.pilar.conftest import Terminal

LONG = " ".join(f"word{nth}" for nth in range(120))
NAMES = {"id": "id", "told": "what was told"}


def test_in_a_pipe_nothing_is_cut_wrapped_coloured_or_filled_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    console.table([{"id": "a", "told": LONG}, {"id": "b", "told": Text("short", style="red")}], NAMES)
    console.out.print(LONG, style="bold red")
    assert capsys.readouterr().out.splitlines() == ["id  what was told", f"a  {LONG}", "b  short", LONG]


def test_in_a_terminal_every_line_fits_and_nothing_is_lost(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal(40)
    console.table([{"id": "20261130T010203000-abcdef", "told": LONG}], NAMES)
    console.out.print(LONG)
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 40
    assert all(word in "".join(lines) for word in LONG.split())
    assert "…" not in shown


@pytest.mark.parametrize(
    ("called", "command", "typed"),
    [
        ("./run", "/x/.venv/bin/pilar", "./run"),
        ("/srv/pilar/run", "/x/.venv/bin/pilar", "/srv/pilar/run"),
        ("", "/x/.venv/bin/pilar", "/x/.venv/bin/pilar"),
    ],
)
def test_hints_name_the_command_as_it_was_typed(
    called: str, command: str, typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from pilar import cli

    assert cli.app.registered_commands
    console.begin(called, command)
    try:
        console.out.print("See `pilar quarantine list`, or pilar pull x; ./run demo", markup=False)
        console.table([{"id": "pilar pull x", "told": "pilar ekonomi"}], NAMES)
        console.warn("left out. Run `pilar sources check`")
        printed = capsys.readouterr()
    finally:
        console.begin("", "pilar")
        console._call.program = "pilar"
    assert printed.out.splitlines()[0] == f"See `{typed} quarantine list`, or {typed} pull x; {typed} demo"
    # What comes from data is nobody's hint.
    assert printed.out.splitlines()[-1].split() == ["pilar", "pull", "x", "pilar", "ekonomi"]
    assert f"`{typed} sources check`" in printed.err


def test_a_program_that_a_shell_finds_is_named_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "pilar"
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    console.begin("", str(installed))
    assert console.program() == "pilar"


@dataclass(frozen=True)
class Kept:
    """What a command may say."""

    at: datetime
    value: Decimal
    path: Path
    secret: str = field(default="hunter2", repr=False)


def test_what_is_said_has_one_form_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILAR_TIMEZONE", "Asia/Jayapura")
    kept = Kept(datetime(2026, 11, 21, 20, 30, tzinfo=UTC), Decimal("2.80"), Path("/x"))
    given: Mapping[str, Any] = {"kept": [kept], "day": date(2026, 1, 2), "code": ExitCode.HELD, "none": None}
    assert console.plain(given) == {
        "kept": [{"at": "2026-11-22T05:30:00+09:00", "value": "2.80", "path": "/x"}],
        "day": "2026-01-02",
        "code": 3,
        "none": None,
    }
    with pytest.raises(TypeError, match="bytes has no form"):
        console.plain({"body": b"x"})
