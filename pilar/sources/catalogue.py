"""The sources of an installation, as the steps ask for them."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.decide.maturity import maturity_of
from connectors.source.for_each import for_regions
from connectors.source.source import Source
from connectors.source.source_files import load_source, read_source, refusal, source_files, twice
from definitions.problems import Problem
from definitions.records import load_records
from ledger.errors import ConfigError
from ledger.records import Batch, Maturity
from ledger.settings import Settings

if TYPE_CHECKING:
    from ledger.store import Ledger


def find_source(settings: Settings, source_id: str) -> Source:
    """One source by its id, as this installation asks for it: where it names a region, with each of its regions.

    Only its own file is read, so that another's mistake does not stop it. Raises ConfigError when there is none, when
    its file is wrong, or when it asks by region and the installation has none.
    """
    folder = settings.sources_dir
    paths = {path.stem: path for path in source_files(folder)}
    if source_id not in paths:
        close = get_close_matches(source_id, paths, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise ConfigError(f"there is no source {source_id!r}", where=str(folder), do=f"{hint}See `pilar sources list`")
    return for_regions(load_source(paths[source_id]), settings)


def readable_sources(folder: Path) -> Mapping[str, Source]:
    """Every source whose file is in order, by id. One agency's mistake must not stop the evaluation of the others."""
    return read_catalogue(folder)[0]


def read_catalogue(folder: Path) -> tuple[Mapping[str, Source], Mapping[Path, ConfigError]]:
    """Every source whose file is in order, by id, and of every other file why it is left out."""
    sources: dict[str, Source] = {}
    left_out: dict[Path, ConfigError] = {}
    for path in source_files(folder):
        found = _read(path, _content(path))
        if not isinstance(found, Source):
            left_out[path] = refusal(found[0])
        elif found.id in sources:
            left_out[path] = twice(found.id, path)
        else:
            sources[found.id] = found
    return sources, left_out


@lru_cache(maxsize=2048)
def _read(path: Path, _content: bytes | None) -> Source | tuple[Problem, ...]:
    """A source or what is wrong with it, read once for a content: a task finds what the scheduler read before it."""
    return read_source(path)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:  # reading it as a source says what is wrong with it
        return None


def landed_columns(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """For every readable source, its landed columns and their DuckDB types.

    A source whose file cannot be read is not among them: its batches in force keep the columns they were landed with.
    """
    return {
        source.id: {name: column.sql_type.sql for name, column in source.contract.landed.items()}
        for source in readable_sources(folder).values()
    }


def unread_records(folder: Path, batches: Iterable[Batch]) -> Mapping[str, frozenset[str]]:
    """The sources of these batches whose files cannot be read, and the records that each may provide.

    Those are the records that its file names; all of them where not even that can be read. A source without a file was
    taken out of the installation, and provides nothing.
    """
    sources, left_out = read_catalogue(folder)
    unread = {batch.source_id for batch in batches} - sources.keys()
    return {path.stem: _named_records(_content(path)) for path in left_out if path.stem in unread}


def _named_records(content: bytes | None) -> frozenset[str]:
    if content is None:
        return frozenset(load_records())
    return (
        frozenset(re.findall(r"record: *['\"]?([a-z0-9_]+)", content.decode("utf-8", "replace")))
        & load_records().keys()
    )


def maturities(
    ledger: "Ledger", folder: Path, batches: Iterable[Batch], until: datetime | None = None
) -> Mapping[str, Maturity]:
    """The maturity of what batches are about, by batch id; nothing for sources that declare none.

    ``until``: by what was known then, so that a publication made again is the same one.
    """
    declared = {
        source.id: source for source in readable_sources(folder).values() if source.coverage.final_after is not None
    }
    confirmed = {source_id: ledger.confirmed(source_id, until) for source_id in declared}
    found = {
        batch.batch_id: maturity_of(declared[batch.source_id], batch.coverage, confirmed[batch.source_id])
        for batch in batches
        if batch.source_id in declared
    }
    return {batch_id: maturity for batch_id, maturity in found.items() if maturity is not None}
