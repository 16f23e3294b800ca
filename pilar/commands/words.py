"""What all commands of the command line share: ``--json``, ``-h``, and help that names commands as they were typed."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from pilar.commands.console import as_typed, choose_json, wants_json


def _choose(value: bool) -> bool:
    choose_json(wants_json() or value)  # `pilar verify --json export` too
    return value


def _with_json(
    json: Annotated[
        bool, typer.Option("--json", help="The result as JSON.", callback=_choose, expose_value=False)
    ] = False,
) -> None:
    """A command that has nothing but the option."""


def _json_option() -> Any:
    made = typer.Typer(add_completion=False)
    made.command()(_with_json)
    return next(option for option in typer.main.get_command(made).params if "--json" in option.opts)


class _Typed:
    """Help with hints as they would be typed."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help, with our own words translated."""
        for described in (self, *getattr(self, "params", ()), *getattr(self, "commands", {}).values()):
            for name in ("help", "short_help", "epilog"):
                if text := getattr(described, name, None):
                    setattr(described, name, as_typed(text))
        super().format_help(ctx, formatter)  # type: ignore[misc]


class Plain(_Typed, TyperCommand):
    """A command whose result is no data."""


class Command(Plain):
    """A command that gives its result as JSON, where it is asked to."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params.append(_json_option())


class Group(_Typed, TyperGroup):
    """Commands under one word."""


class SayingGroup(Group):
    """A word that is a command itself, too."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params.append(_json_option())


class Words(typer.Typer):
    """Commands under one word. All of them give their result as JSON, where nothing else is said of one."""

    def __init__(self, **settings: Any) -> None:
        given: dict[str, Any] = {"cls": Group, "no_args_is_help": True} | settings
        super().__init__(**given)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """Register a command; ``cls=Plain`` for one whose result is no data."""
        return super().command(name, **{"cls": Command} | settings)
