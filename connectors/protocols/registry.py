"""Names of protocols, and the classes behind them, imported only when asked for."""

import difflib
import importlib
from typing import Any

from connectors.protocols.base import ProtocolBase
from ledger.errors import ConfigError

_CLASSES: dict[str, str] = {
    "bpjs": "connectors.protocols.bpjs:Bpjs",
    "bps": "connectors.protocols.bps:Bps",
    "ckan": "connectors.protocols.ckan:Ckan",
    "dapodik": "connectors.protocols.dapodik:Dapodik",
    "files.csv": "connectors.protocols.files.csv_files:CsvFiles",
    "files.evidence": "connectors.protocols.files.evidence:EvidenceFolder",
    "files.xlsx": "connectors.protocols.files.xlsx_files:XlsxFiles",
    "oss": "connectors.protocols.oss:Oss",
    "rest": "connectors.protocols.rest:Rest",
    "satusehat": "connectors.protocols.satusehat:Satusehat",
    "sicantik": "connectors.protocols.sicantik:Sicantik",
    "sipd": "connectors.protocols.sipd:Sipd",
    "sipsn": "connectors.protocols.sipsn:Sipsn",
    "sql": "connectors.protocols.sql:Sql",
}


def names() -> list[str]:
    """Every protocol a source file may name, sorted."""
    return sorted(_CLASSES)


def get(name: str) -> type[ProtocolBase[Any]]:
    """The class of one protocol.

    Raises ConfigError, with the nearest known name, when there is none.
    """
    target = _CLASSES.get(name)
    if target is None:
        near = difflib.get_close_matches(name, _CLASSES, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise ConfigError(
            f"there is no protocol {name[:60]!r}", where="protocol", do=f"{hint}Known are: {', '.join(names())}"
        )
    module, _, attribute = target.partition(":")
    found: type[ProtocolBase[Any]] = getattr(importlib.import_module(module), attribute)
    return found
