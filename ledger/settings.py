"""Where things are: folders, the ledger's address, and the connections to agencies' systems.

Everything comes from the environment, so that Airflow tasks, the command line and tests share one way of asking.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.errors import ConfigError
from ledger.regions import Region, known

REPOSITORY = Path(__file__).resolve().parent.parent
LICENCE = re.compile(r"[-A-Za-z0-9._]+( https?://\S+)?")


class Connection(BaseModel):
    """How one agency's system is reached. Never stored or logged.

    ``extra`` may hold ``synthetic`` (the system is simulated; everything derived from it is marked), ``private``
    (loopback and private addresses are allowed) and whatever the protocol asks for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    login: str = ""
    password: str = Field(default="", repr=False)
    extra: Mapping[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def synthetic(self) -> bool:
        """True when the system on the other side is a simulator."""
        return self.extra.get("synthetic") is True


ConnectionLookup = Callable[[str], Connection | None]


class Settings(BaseModel):
    """The installation: one folder for data, one ledger, one folder of keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    ledger_url: str = Field(repr=False)
    sources_dir: Path = REPOSITORY / "connectors" / "sources"
    key_dir: Path
    # Kemendagri codes of the regencies and cities that are evaluated.
    regions: tuple[str, ...] = ()
    # The licence of what is published: its name, and where it stands.
    data_licence: str | None = None
    # Where readers of a publication find Airflow: not the address by which the house itself calls it.
    airflow_page: str | None = None
    # A PostgreSQL database that gets the published tables, too.
    published_database: str | None = Field(default=None, repr=False)
    # Asked when the environment has no such connection; Airflow tasks put Airflow's own connections here.
    lookup: ConnectionLookup | None = Field(default=None, repr=False, exclude=True)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read the variables PILAR_*: HOME, LEDGER_URL, SOURCES, KEYS, REGIONS, DATA_LICENCE, AIRFLOW_PAGE and
        PUBLISHED_DATABASE.

        Raises ConfigError when no ledger is named, when a region is none, when the licence is not written as one, or
        for an Airflow that is no web address.
        """
        values = os.environ if env is None else env
        home = Path(values.get("PILAR_HOME") or REPOSITORY / ".pilar").resolve()
        url = values.get("PILAR_LEDGER_URL", "")
        if not url:
            raise ConfigError(
                "no ledger is configured",
                where="PILAR_LEDGER_URL",
                do="Name an installation's folder in PILAR_HOME (`./run init` makes one), or set it to its URL",
            )
        return cls(
            home=home,
            ledger_url=url,
            sources_dir=sources_dir(values),
            key_dir=Path(values.get("PILAR_KEYS") or default_key_dir(home)).resolve(),
            regions=regions(values),
            data_licence=_licence(_said(values, "PILAR_DATA_LICENCE")),
            airflow_page=_page(_said(values, "PILAR_AIRFLOW_PAGE")),
            published_database=_said(values, "PILAR_PUBLISHED_DATABASE"),
        )

    @property
    def evaluated(self) -> tuple[Region, ...]:
        """The regions of the installation. Raises ConfigError when none is chosen."""
        if not self.regions:
            raise ConfigError(
                "no region is chosen, so there is nothing to evaluate",
                where="PILAR_REGIONS",
                do="Make an installation with `pilar init`, or set it to Kemendagri codes like 35.07,35.73",
            )
        return known(self.regions)

    @property
    def landing_dir(self) -> Path:
        """Parquet of landed and quarantined rows, one folder a batch."""
        return self.home / "landing"

    @property
    def pages_dir(self) -> Path:
        """Encrypted raw responses, one folder a batch."""
        return self.home / "pages"

    @property
    def warehouse_dir(self) -> Path:
        """One DuckDB file an evaluation."""
        return self.home / "warehouse"

    @property
    def promoted_dir(self) -> Path:
        """Last good pillar marts as Parquet, one file a pillar and evaluation."""
        return self.home / "promoted"

    @property
    def published_dir(self) -> Path:
        """Publications, and the pointer ``current``."""
        return self.home / "published"

    @property
    def frozen_dir(self) -> Path:
        """Frozen stages, one folder each and one in it a version. Nothing removes them."""
        return self.home / "frozen"

    @property
    def previews_dir(self) -> Path:
        """What readers would get of one region, for it alone: a folder each."""
        return self.home / "previews"

    @property
    def log_dir(self) -> Path:
        """Logs of the platform's own processes."""
        return self.home / "logs"

    def connection(self, name: str) -> Connection:
        """The connection a source names.

        Raises ConfigError when it is not configured or not readable; the message never quotes its content.
        """
        variable = f"PILAR_CONN_{name.upper()}"
        raw = os.environ.get(variable)
        if raw is not None:
            return _parse_connection(raw, variable)
        found = self.lookup(name) if self.lookup is not None else None
        if found is not None:
            return found
        raise ConfigError(
            f"connection {name!r} is not configured",
            where=variable,
            do='Set it to JSON like {"url": "https://...", "login": "", "password": "", "extra": {}}',
        )


def sources_dir(env: Mapping[str, str] | None = None) -> Path:
    """The folder of source files: PILAR_SOURCES, else the project's own."""
    values = os.environ if env is None else env
    return Path(values.get("PILAR_SOURCES") or REPOSITORY / "connectors" / "sources").resolve()


def regions(env: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The codes in PILAR_REGIONS, separated by commas or blanks. Raises ConfigError for a code of no region."""
    values = os.environ if env is None else env
    return tuple(region.code for region in known(values.get("PILAR_REGIONS", "").replace(",", " ").split()))


def _said(env: Mapping[str, str], name: str) -> str | None:
    """A setting that need not be there: empty and ``none`` say that it is not."""
    said = env.get(name, "").strip()
    return said if said not in ("", "none") else None


def _licence(said: str | None) -> str | None:
    if said is not None and not LICENCE.fullmatch(said):
        raise ConfigError(
            "a licence is a name, and where it stands",
            where="PILAR_DATA_LICENCE",
            do="Write it like CC-BY-4.0 https://creativecommons.org/licenses/by/4.0/",
        )
    return said


def _page(written: str | None) -> str | None:
    """A web address that pages may link to."""
    if written is None:
        return None
    if not written.startswith(("https://", "http://")):
        raise ConfigError(
            "this is no web address", where="PILAR_AIRFLOW_PAGE", do="Write it like https://airflow.example.go.id"
        )
    return written.rstrip("/")


def default_key_dir(home: Path) -> Path:
    """Keys lie beside the data folder, never inside it, so that a copy of the data is useless without them."""
    return home.parent / f"{home.name}-keys"


def _parse_connection(raw: str, where: str) -> Connection:
    try:
        return Connection.model_validate(json.loads(raw))
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"the connection is not JSON (column {error.colno})", where=where, do="Quote it as one JSON object"
        ) from None
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in item["loc"]) or "value" for item in error.errors())
        raise ConfigError(
            f"the connection has wrong fields: {fields}",
            where=where,
            do="It takes url (required), login, password and extra",
        ) from None
