"""An installation's own files of settings, as far as the environment does not say otherwise.

``pilar.env`` lies in the installation's folder, ``secrets.env`` among its keys. Both hold lines of NAME=value, as
Compose reads them; a value in single quotes is taken as it stands.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from ledger.errors import ConfigError
from ledger.settings import default_key_dir

CONFIGURATION = "pilar.env"
SECRETS = "secrets.env"
PREFIX = "PILAR_"


def configured(home: Path) -> Mapping[str, str]:
    """What both files of an installation say; empty where there is none.

    Raises ConfigError for a line that is no setting, and for secrets that others may read.
    """
    settings = _read(home / CONFIGURATION)
    if not settings:
        return {}
    keys = Path(os.environ.get("PILAR_KEYS") or settings.get("PILAR_KEYS") or default_key_dir(home))
    secrets = keys / SECRETS
    if secrets.exists() and secrets.stat().st_mode & 0o077:
        raise ConfigError("others may read the secrets", where=str(secrets), do=f"chmod 600 {secrets}")
    return {**settings, **_read(secrets)}


def use(home: Path) -> None:
    """Put what an installation's files say into this process's environment, where that says nothing itself."""
    for name, value in configured(home).items():
        os.environ.setdefault(name, value)


def _read(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    from dotenv.parser import parse_stream

    found = {}
    with path.open(encoding="utf-8") as lines:
        for line in parse_stream(lines):
            if line.error or (line.key is not None and (not line.key.startswith(PREFIX) or line.value is None)):
                raise ConfigError(
                    "a line is no setting of Pilar's",
                    where=f"{path}, line {line.original.line}",
                    do="Write it like PILAR_REGIONS=35.73, or begin it with #",
                )
            if line.key is not None and line.value:
                found[line.key] = line.value
    return found
