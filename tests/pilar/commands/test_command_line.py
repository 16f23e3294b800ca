"""The command line as a whole: its help, its exit codes, its version, and what a shell may finish."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from ledger.errors import (
    AlteredPublicationError,
    ConfigError,
    GateError,
    LedgerError,
    MachineError,
    NoPublicationError,
    PilarError,
    PublicationError,
    SourceError,
    TransformError,
)
from ledger.regions import known
from ledger.settings import REPOSITORY
from pilar.cli import app
from pilar.commands.exit_codes import ExitCode, of_error, of_statuses
from pilar.commands.installation import DEMO
from pilar.platform.new_installation import write_configuration

PILAR = str(Path(sys.executable).with_name("pilar"))
TYPED = "pilar" if shutil.which("pilar") == PILAR else PILAR
"""How a shell finds the command."""


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    inner: Mapping[str, Any] = getattr(command, "commands", {})
    if not inner or getattr(command, "invoke_without_command", False):
        yield name, command
    for word, found in inner.items():
        yield from commands(found, f"{name} {word}".strip())


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PILAR_")}
    return subprocess.run([PILAR, *words], capture_output=True, text=True, env=kept | environment, check=False)


def test_every_command_gives_its_result_as_json_but_those_that_have_none() -> None:
    without = [name for name, one in commands(get_command(app)) if not any("--json" in p.opts for p in one.params)]
    assert sorted(without) == ["alerts watch", "check", "completion", "relay", "test", "up"]


def test_help_has_every_command_in_a_group_and_every_exit_code() -> None:
    for flag in ("-h", "--help"):
        shown = CliRunner().invoke(app, [flag], env={"COLUMNS": "100"})
        assert shown.exit_code == 0
        assert all(f"{code.value}: {code.meaning}" in " ".join(shown.output.split()) for code in ExitCode)
        assert "Operators: data that come in" in shown.output
        assert "Developers" in shown.output
    assert CliRunner().invoke(app, ["quarantine", "show", "-h"]).exit_code == 0
    for command in get_command(app).commands.values():  # type: ignore[attr-defined]
        assert re.match("Operators: |Developers$", str(command.rich_help_panel)), command.name


def test_the_guide_for_operations_has_the_same_exit_codes() -> None:
    text = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\d+)` \| (.+?) \|$", text, re.MULTILINE)
    assert rows == [(str(code.value), code.meaning) for code in ExitCode]


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([], 0),
        (["accepted", "unchanged"], 0),
        (["accepted", "held"], 3),
        (["rejected", "held"], 4),
        (["rejected", "failed", "accepted"], 5),
    ],
)
def test_the_worst_batch_says_with_what_a_pull_ends(statuses: list[str], code: int) -> None:
    assert of_statuses(statuses) == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SourceError("auth", "x"), 5),
        (TransformError("x"), 5),
        (GateError("x"), 5),
        (MachineError("x"), 5),
        (ConfigError("x"), 2),
        (LedgerError("x"), 2),
        (PublicationError("x"), 5),
        (NoPublicationError("x"), 2),
        (AlteredPublicationError("x"), 1),
    ],
)
def test_an_error_says_whether_anything_was_begun(error: PilarError, code: int) -> None:
    assert of_error(error) == code


def test_the_version_is_the_projects() -> None:
    told = run("--version")
    assert (told.returncode, told.stderr) == (0, "")
    assert f'version = "{told.stdout.split()[1]}"' in (REPOSITORY / "pyproject.toml").read_text()


def test_an_error_is_one_line_and_a_document_for_programs(tmp_path: Path) -> None:
    words = ("verify", "--chain", str(tmp_path / "nothing"))
    for called, typed in (("", TYPED), ("./run", "./run")):
        told = run(*words, PILAR_COMMAND=called)
        assert (told.returncode, told.stdout) == (2, "")
        assert told.stderr.splitlines() == [
            f"pilar: there is no such file [{tmp_path}/nothing]. Write one with `{typed} verify export FILE`"
        ]
    told = run(*words, "--json")
    assert told.returncode == 2
    assert '"what": "there is no such file"' in told.stdout
    assert '"exit_code": 2' in told.stdout
    assert len(told.stderr.splitlines()) == 1


def test_p10_the_platform_of_ones_own_does_not_run_among_the_demos_simulated_records(tmp_path: Path) -> None:
    write_configuration(tmp_path, known(["35.73"]), "Asia/Jakarta", more=f"{DEMO}=yes\n")
    told = run("up", PILAR_HOME=str(tmp_path))
    assert (told.returncode, told.stdout) == (2, "")
    assert "this folder is the demo's, and its records are simulated" in told.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pilar.env"]


def test_p10_a_queue_that_is_not_described_is_told_before_anything_starts(tmp_path: Path) -> None:
    """A relay that cannot begin would be started again a few times, and end the whole platform with it."""
    write_configuration(tmp_path, known(["35.73"]), "Asia/Jakarta")
    told = run("up", PILAR_HOME=str(tmp_path), PILAR_RELAY="a_bus")
    assert (told.returncode, told.stdout) == (2, "")
    assert "connection 'a_bus' is not configured" in told.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pilar.env"]


@pytest.mark.usefixtures("as_a_command_does")
def test_nothing_that_a_command_starts_is_told_how_this_one_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pilar import cli

    monkeypatch.setenv("PILAR_HOME", str(tmp_path))
    monkeypatch.setenv(cli.CALLED, "./run")
    monkeypatch.setattr("sys.argv", ["pilar", "--version"])
    with pytest.raises((SystemExit, typer.Exit)):
        cli.main()
    assert cli.CALLED not in os.environ


@pytest.mark.parametrize(
    ("line", "finished"),
    [("pilar quar", "quarantine"), ("pilar quarantine sh", "show"), ("pilar pull --dr", "--dry-run")],
)
def test_bash_finishes_words(line: str, finished: str, tmp_path: Path) -> None:
    script = run("completion", "bash").stdout
    assert "complete " in script
    words = line.split()
    asked = run(_PILAR_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    assert finished in asked.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_lines(shell: str) -> None:
    told = run("completion", shell)
    assert told.returncode == 0
    assert "_PILAR_COMPLETE" in told.stdout
    assert run("completion", "cmd").returncode == 2
