"""`pilar completion`: the shell finishes words of the command line."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from pilar.commands.console import program

VARIABLE = "_PILAR_COMPLETE"
"""In it a shell asks for the words that fit."""


class Shell(StrEnum):
    """The shells that can be helped."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def begin() -> None:
    """Be ready to answer a shell."""
    from typer.completion import completion_init  # type: ignore[attr-defined]

    completion_init()


def completion_command(shell: Annotated[Shell, typer.Argument(help="Your shell.")]) -> None:
    """Print the lines that have a shell finish words with the Tab key. Nothing is installed.

    For bash: `pilar completion bash >> ~/.bashrc`, then open a new terminal.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    sys.stdout.write(get_completion_script(prog_name=program(), complete_var=VARIABLE, shell=shell.value) + "\n")
