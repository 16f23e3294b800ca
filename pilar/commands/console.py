"""How the command line speaks: results on standard output, everything else on standard error."""

from rich.console import Console
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

# What is of a batch, and of the silence of a source.
STYLE = {"accepted": "green", "unchanged": "green", "held": "yellow", "rejected": "red", "failed": "red"}
SILENCE_STYLE = {"in time": "green", "late": "yellow", "overdue": "red"}


def warn(what: object) -> None:
    """One line about something that does not stop the command."""
    err.print(Text.assemble(("warning: ", "yellow"), str(what)))
