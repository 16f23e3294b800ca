"""Who decides, as the command line takes it: an account or an office, never a person's name (promise P6)."""

import getpass
import re
from typing import Annotated

import typer

from ledger.errors import ConfigError

Who = Annotated[
    str | None, typer.Option(help="Account or office that decides: verifikator-1. Default: this machine's user.")
]

_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_.-]{1,39}")
_MOST_DIGITS = 6


def account(said: str | None) -> str:
    """The account that was named, or this machine's user. Raises ConfigError for what may name a person."""
    found = said or getpass.getuser()
    if _ACCOUNT.fullmatch(found) is None or sum(char.isdigit() for char in found) > _MOST_DIGITS:
        raise ConfigError(
            "this is no account or office",
            where="--who",
            do="Write it like verifikator-1: small letters, digits, dots and hyphens; no person's name or number",
        )
    return found
