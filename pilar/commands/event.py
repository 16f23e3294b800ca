"""`pilar event`: an event that an operator sends."""

import os
from typing import Annotated

import typer

from ledger.errors import ConfigError
from pilar.commands.console import out, say
from pilar.commands.words import Words

app = Words(help="Events, which say that a source has something new: send.")

KEY = "PILAR_SECRET"


@app.command("send")
def send_command(
    source: Annotated[str, typer.Argument(help="The source's id: `pilar sources list`.")],
    door: Annotated[str, typer.Option(help="The door's address.")] = "http://127.0.0.1:8000",
) -> None:
    """Tell the door that a source has something new, as its agency would: signed, and stored before it is answered.

    It signs with PILAR_SECRET where that is set, else with the secret that the environment holds for the source.
    """
    from events.send import send_event

    receipt = send_event(door, source, _key(source))
    say(receipt, lambda: out.print(f"The door has stored it as event {receipt['event']}."))


def _key(source_id: str) -> str:
    """What this environment can sign a source's events with. Raises ConfigError where it has nothing."""
    from events.signatures import PUBLIC
    from pilar.commands import installation
    from pilar.platform.senders import secret, secret_variable
    from pilar.sources.catalogue import find_source

    given = os.environ.get(KEY, "").strip()
    if given:
        return given
    name = find_source(installation.without_ledger(), source_id).events.secret
    if name is None:
        raise ConfigError(
            f"the source {source_id!r} names no secret for events",
            where="events.secret",
            do="Name one in its file, or use `pilar pull`",
        )
    usable = [key for key in secret(name) if not key.startswith(PUBLIC)]
    if not usable:
        raise ConfigError(
            "there is no secret here to sign the event with",
            where=secret_variable(name),
            do=f"Set it, or set {KEY} to the agency's private key",
        )
    return usable[0]
