"""A file held against a source's contract before it is sent: which rows would be refused, where they stand, and why.

Nothing of it stays. What is landed meanwhile lies in a folder that is removed at the end. Its pseudonyms are made with
keys of this one check, not with those of the installation.
"""

import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psutil

from connectors.landing.landing import Landing
from connectors.protocols.base import Page
from connectors.protocols.files.base import FileProtocol
from connectors.protocols.records import NOTHING
from connectors.pull.coverage import coverage_of
from connectors.source.plan import SNAPSHOT
from connectors.source.protocol import reader_of
from connectors.source.source import Source
from ledger.errors import ConfigError, SourceError
from ledger.keys import KEY_BYTES, Keys
from ledger.sql import named_rows, parquet

MOST_REASONS = 1_000
_PLACE = "the file"
_FOLDER = "pilar-check-"


@dataclass(frozen=True)
class FileCheck:
    """What a file would come to. ``refused`` are single reasons (row, place, field, rule, value, expected).

    ``value`` is as quarantine keeps it: masked where a person may stand in it. ``place`` is where in the file the row
    stands, empty where its format cannot tell. No more than ``MOST_REASONS`` are told.
    """

    received: int
    landed: int
    quarantined: int
    unknown: Sequence[str]
    absent: Sequence[str]
    refused: Sequence[Mapping[str, Any]]


def check_file(source: Source, name: str, body: bytes) -> FileCheck:
    """Land one file, given by its name and bytes, by its source's contract.

    Raises SourceError where it cannot be read or does not say what it is about, ConfigError where the source takes no
    files.
    """
    protocol = reader_of(source)
    if not isinstance(protocol, FileProtocol):
        raise ConfigError(
            f"source {source.id} takes no files", do="Its system is asked instead: `pilar pull --dry-run` shows how"
        )
    context = protocol.context_of(name)
    if not context and source.coverage_context is not None:
        raise SourceError(
            "permanent", "the name of the file does not fit", do=f"It has this form: {protocol.args.pattern}"
        )
    content = protocol.content(body, context, _PLACE)
    page = Page(
        0, body, protocol.dump(content.rows) if content.rows else NOTHING, "$", context, _PLACE, 0, 0,
        noticed=content.noticed,
    )  # fmt: skip
    with (
        tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-") as place,
        Landing(source, _nobodys_keys(), Path(place), plan=SNAPSHOT) as landing,
    ):
        landing.add(page, coverage_of(source, page), hashlib.sha256(body).hexdigest())
        found = landing.finish()
        refused: list[Mapping[str, Any]] = []
        for nth, one in enumerate(found):
            if one.quarantined:
                files = landing.write(one.coverage, Path(place) / f"batch-{nth}")
                refused += _reasons(files.quarantine, MOST_REASONS - len(refused))
    spans = protocol.spans(body, _PLACE) if refused else None
    return FileCheck(
        received=sum(one.received for one in found),
        landed=sum(one.landed for one in found),
        quarantined=sum(one.quarantined for one in found),
        unknown=tuple(sorted({name for one in found for name in one.unknown})),
        absent=tuple(sorted({name for one in found for name in one.absent})),
        refused=[{**one, "place": spans[one["row"]].location if spans else ""} for one in refused],
    )


def remove_unfinished() -> None:
    """Remove what is left of checks whose process was killed: called where a process begins that checks files."""
    for path in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        found = re.fullmatch(rf"{_FOLDER}(\d{{1,7}})-.*", path.name)
        # A new process may have the number of one that is gone: it has begun no check yet.
        if found is not None and (int(found[1]) == os.getpid() or not psutil.pid_exists(int(found[1]))):
            shutil.rmtree(path, ignore_errors=True)


def _nobodys_keys() -> Keys:
    """Keys of this one check: nobody can tell afterwards whom a pseudonym stood for."""
    return Keys(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))


def _reasons(file: Path, most: int) -> Sequence[Mapping[str, Any]]:
    query = (
        "SELECT _row AS row, reason.field, reason.rule, reason.value, reason.expected "
        f"FROM (SELECT _row, unnest(reasons) AS reason FROM {parquet(file)}) ORDER BY _row LIMIT {max(most, 0):d}"
    )
    with duckdb.connect(":memory:") as connection:
        return named_rows(connection.execute(query))
