"""A new installation: its folder, keys, database, first source folder and commented configuration.

May die at any line and be run again: what is there is kept, and the configuration, which makes the folder an
installation, is written last.
"""

import base64
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from ledger.configuration import CONFIGURATION, SECRETS
from ledger.disk import sync
from ledger.errors import ConfigError
from ledger.keys import Keys
from ledger.migrate import migrate
from ledger.regions import Region
from ledger.settings import REPOSITORY, default_key_dir
from pilar.platform.postgres import EmbeddedPostgres
from pilar.platform.stack import LEDGER_DATABASE

FIRST_FILES = Path(__file__).parent / "first_files"
FIRST_SOURCE = "diskominfo_spbe"
INBOX = "kiriman"


@dataclass(frozen=True)
class Installation:
    """What an installation is made of. ``ledger_url`` None: the embedded PostgreSQL, in the folder itself."""

    home: Path
    regions: tuple[Region, ...]
    time_zone: str
    ledger_url: str | None = None

    @property
    def key_dir(self) -> Path:
        """The keys, and the secrets with them: beside the folder, never in it."""
        return default_key_dir(self.home)

    @property
    def sources_dir(self) -> Path:
        """Its own source files."""
        return self.home / "sources"

    @property
    def inbox(self) -> Path:
        """Where the first source's files are put."""
        return self.home / INBOX


def make(new: Installation) -> None:
    """Make the installation. Raises ConfigError where there is one already, PilarError when a step cannot be taken."""
    _refuse_taken(new.home)
    new.home.mkdir(parents=True, exist_ok=True, mode=0o750)
    Keys.ensure(new.key_dir)
    _make_ledger(new)
    new.inbox.mkdir(exist_ok=True)
    _write_once(new.sources_dir / "diskominfo" / f"{FIRST_SOURCE}.yaml", first_source(new))
    _write_once(new.key_dir / SECRETS, _secrets(new), mode=0o600)
    write_configuration(new.home, new.regions, new.time_zone, sources=f"PILAR_SOURCES={new.sources_dir}")


def write_configuration(
    home: Path, regions: Sequence[Region], time_zone: str, *, sources: str = "#PILAR_SOURCES=", more: str = ""
) -> None:
    """Write the commented configuration of a folder, unless it has one. ``more`` are lines behind the others."""
    text = _filled(
        CONFIGURATION,
        listed="\n".join(f"#   {region.shown}" for region in regions),
        codes=",".join(region.code for region in regions),
        time_zone=time_zone,
        sources=sources,
        keys=str(default_key_dir(home)),
        more=more,
    )
    _write_once(home / CONFIGURATION, text)


def first_source(new: Installation) -> str:
    """A source file that works as it is, once a file lies in the inbox."""
    return _filled(
        f"{FIRST_SOURCE}.yaml",
        inbox_folder=str(new.inbox),
        example=new.regions[0].code,
        rows=str(len(new.regions)),
    )


def webhook_secret() -> str:
    """A new secret for an agency to sign its events with."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def _secrets(new: Installation) -> str:
    return _filled(
        SECRETS,
        home=str(new.home),
        ledger=f"PILAR_LEDGER_URL={new.ledger_url}"
        if new.ledger_url is not None
        else "#PILAR_LEDGER_URL=postgresql://user:password@host:5432/pilar",
        inbox=json.dumps(new.inbox.as_uri())[1:-1],
        secret=webhook_secret(),
    )


def _refuse_taken(home: Path) -> None:
    if (home / CONFIGURATION).exists():
        raise ConfigError(
            "there is an installation in this folder already",
            where=str(home / CONFIGURATION),
            do="Change that file, or name another folder",
        )
    if home.is_relative_to(REPOSITORY):
        raise ConfigError(
            "an installation does not lie in the project, which a new version replaces",
            where=str(home),
            do="Name a folder outside of it, like ~/pilar-malang",
        )


def _make_ledger(new: Installation) -> None:
    if new.ledger_url is not None:
        migrate(new.ledger_url)
        return
    with EmbeddedPostgres(new.home / "postgres") as server:
        server.create(LEDGER_DATABASE)
        migrate(server.url(LEDGER_DATABASE))


def _filled(name: str, **values: str) -> str:
    return Template((FIRST_FILES / name).read_text(encoding="utf-8")).substitute(values)


def _write_once(path: Path, text: str, mode: int = 0o640) -> None:
    """Write a file whole, unless it is there."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync(path.parent)
