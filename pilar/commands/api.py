"""`pilar api`: the interface for machines, and the keys to it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ledger.api_records import ApiKey, ApiLevel
from ledger.errors import ConfigError
from ledger.wording import moment
from pilar.commands.console import Row, out, say, table
from pilar.commands.words import SayingGroup, Words

app = Words(
    help="Serve publications to machines (docs/api.md), and manage the keys to what is not public.",
    cls=SayingGroup,
    invoke_without_command=True,
    no_args_is_help=False,
)
keys = Words(help="Keys of the interface: new, list, revoke, rotate.")
app.add_typer(keys, name="keys")

ONCE = "It is shown once, and kept nowhere: hand it over now, by a way that nobody else reads."


@app.callback()
def api_command(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Where it listens.")] = 8001,
    host: Annotated[str, typer.Option(help="On which address; a proxy with a certificate stands before it.")] = (
        "127.0.0.1"
    ),
) -> None:
    """Serve until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    from pilar.commands import installation
    from pilar.platform import api, logs
    from pilar.platform.processes import require_free_port

    _, settings = installation.opened()
    logs.configure("INFO")
    require_free_port(port, "the interface")
    out.print(f"http://{host}:{port}/v1 (Ctrl-C stops it)", markup=False)
    api.serve(settings, host, port)


@keys.command("new")
def new_command(  # noqa: PLR0917 (each is an option)
    holder: Annotated[str, typer.Argument(help="The program or office that gets it. Never a person's name.")],
    level: Annotated[ApiLevel, typer.Option(help="What it may see.")] = "regency",
    region: Annotated[list[str] | None, typer.Option(help="Only for this region, by its code. Repeatable.")] = None,
    pillar: Annotated[list[str] | None, typer.Option(help="Only for this pillar. Repeatable.")] = None,
    opd: Annotated[list[str] | None, typer.Option(help="Only for this agency. Repeatable.")] = None,
    per_minute: Annotated[int, typer.Option(min=1, max=1_000_000, help="Requests a minute.")] = 600,
) -> None:
    """Make a key. What no option narrows, it is for all of."""
    from api.keys import new_key_id, new_secret, token
    from ledger.project import pillar_ids
    from ledger.regions import known
    from pilar.commands import installation

    regions = tuple(one.code for one in known(region or ()))
    unknown = sorted(set(pillar or ()) - set(pillar_ids()))
    if unknown:
        raise ConfigError(f"there is no pillar {unknown[0]!r}", do=f"They are {', '.join(pillar_ids())}")
    ledger, settings = installation.opened()
    _known_opds(opd or (), settings.sources_dir)
    key_id, (secret, sha256) = new_key_id(), new_secret()
    ledger.add_api_key(
        key_id,
        sha256,
        holder=holder,
        level=level,
        regions=regions,
        pillars=tuple(pillar or ()),
        opds=tuple(opd or ()),
        per_minute=per_minute,
    )
    _hand_over(key_id, token(key_id, secret), ONCE)


@keys.command("list")
def list_command(
    days: Annotated[int, typer.Option(min=1, max=3650, help="Count the use of so many days.")] = 30,
) -> None:
    """List keys, what they are for and how often they were used. Keys themselves are never shown."""
    from pilar.commands import installation

    ledger, _ = installation.opened()
    used: dict[str, int] = {}
    refused: dict[str, int] = {}
    for one in ledger.api_use(days):
        used[one.key_id] = used.get(one.key_id, 0) + one.requests
        refused[one.key_id] = refused.get(one.key_id, 0) + one.refused
    rows: list[Row] = [
        {**_row(key), "requests": used.pop(key.key_id, 0), "refused": refused.get(key.key_id, 0)}
        for key in ledger.api_keys()
    ]
    others: list[Row] = [
        {"key": name, "requests": count, "refused": refused[name]} for name, count in sorted(used.items())
    ]
    say({"keys": rows, "without_key": others, "days": days}, lambda: _show(rows, others))


@keys.command("revoke")
def revoke_command(key: Annotated[str, typer.Argument(help="Its id: `pilar api keys list`.")]) -> None:
    """Let a key be good for nothing, with all of its secrets. It takes ten seconds to reach a running interface."""
    from pilar.commands import installation

    ledger, _ = installation.opened()
    ledger.revoke_api_key(key)
    say({"revoked": key}, lambda: out.print(Text(f"{key} is revoked; a running interface knows within ten seconds.")))


@keys.command("rotate")
def rotate_command(
    key: Annotated[str, typer.Argument(help="Its id: `pilar api keys list`.")],
    keep: Annotated[int, typer.Option(min=0, max=365, help="Days for which the secret before is good still.")] = 7,
) -> None:
    """Give a key a new secret. The one before is good for some days more, so that its holder can change over."""
    from api.keys import new_secret, token
    from pilar.commands import installation

    ledger, _ = installation.opened()
    secret, sha256 = new_secret()
    ledger.rotate_api_key(key, sha256, timedelta(days=keep))
    _hand_over(key, token(key, secret), f"{ONCE} The one before is good for {keep} day(s) more.")


def _known_opds(wanted: Sequence[str], sources: Path) -> None:
    known = sorted(path.name for path in sources.iterdir() if path.is_dir())
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise ConfigError(f"there is no agency {unknown[0]!r}", do=f"They are {', '.join(known)}")


def _hand_over(key_id: str, sent: str, told: str) -> None:
    def shown() -> None:
        out.print(Text(sent))
        out.print(told, markup=False)

    say({"key": key_id, "token": sent}, shown)


def _row(key: "ApiKey") -> Row:
    now = datetime.now(UTC)
    good = [one for one in key.secrets if one.expires_at is None or one.expires_at > now]
    until = next((one.expires_at for one in good if one.expires_at is not None), None)
    return {
        "key": key.key_id,
        "holder": key.holder,
        "level": key.level,
        "regions": list(key.regions),
        "pillars": list(key.pillars),
        "opds": list(key.opds),
        "per_minute": key.per_minute,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
        "secrets": len(good),
        "earlier_secret_until": until,
    }


def _show(rows: Sequence[Row], others: Sequence[Row]) -> None:
    shown = [{**row, "scope": _scope(row), "state": _state(row)} for row in rows]
    names = ("key", "holder", "level", "scope", "state", "requests", "refused")
    table([*shown, *others], {name: name for name in names}, right=["requests", "refused"])
    if not rows:
        out.print("No key was made yet: `pilar api keys new`.")


def _scope(row: Row) -> str:
    return " ".join(",".join(row[name]) for name in ("regions", "pillars", "opds") if row[name]) or "all"


def _state(row: Row) -> str:
    if row["revoked_at"] is not None:
        return f"revoked {moment(row['revoked_at'])}"
    until = row["earlier_secret_until"]
    return f"two secrets, one until {moment(until)}" if until is not None else "in force"
