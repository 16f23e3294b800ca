"""A pull without its consequences: the same pages, landing and decision, and nothing of it stays.

Nothing is written to the ledger, to the landing folder or to the kept pages. What is landed meanwhile lies in a folder
that is removed at the end, pseudonymised as ever.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from connectors.decide.batch_decision import BatchDecision
from connectors.decide.decision import Decider
from connectors.decide.terms import Terms
from connectors.landing.counts import LandedCoverage
from connectors.landing.files import LandedFiles
from connectors.landing.landing import Landing
from connectors.landing.personal import MASK
from connectors.protocols.base import Page
from connectors.pull.course import no_answer
from connectors.pull.coverage import coverage_of, coverages_due
from connectors.pull.origin import Fetched
from connectors.source.plan import Plan
from connectors.source.source import Source
from ledger.keys import Keys
from ledger.settings import Settings
from ledger.sql import identifier, literal, named_rows
from ledger.store import Ledger

MOST_ROWS = 10
PSEUDONYM = "(pseudonym)"
PLACE = ".dry-run-"
"""How the folder begins in which a dry run lands, in the installation's home."""


@dataclass(frozen=True)
class Seen:
    """What pages came to: how many, of how many bytes, and each coverage's counts."""

    pages: int
    bytes: int
    coverages: tuple[LandedCoverage, ...]


@dataclass(frozen=True)
class DryRun:
    """What a pull would come to.

    ``rows`` are a few that would land, with everything personal masked. ``refused`` are a few that would not, with
    their reasons.
    """

    pages: int
    bytes: int
    decisions: Sequence[BatchDecision]
    rows: Sequence[Mapping[str, Any]]
    refused: Sequence[Mapping[str, Any]]


def dry_run(source: Source, ledger: Ledger, settings: Settings, *, full: bool = False) -> DryRun:
    """What a pull of the source would come to now. The ledger is read, and nothing is written to it.

    Raises SourceError or ConfigError where the pull would fail.
    """
    keys = Keys.load(settings.key_dir)
    origin = Fetched(source, settings, None, full=full, connection=None)
    contract_sha256 = source.contract_sha256(keys.pseudonym_fingerprint)
    plan = origin.plan(ledger, contract_sha256)
    terms = Terms(source, contract_sha256, plan, origin.synthetic, settings.home)
    # In the home: what is written there is named by its place in it, and /tmp may be small.
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix=PLACE) as place:
        folder = Path(place)
        with Landing(source, keys, folder, plan=plan, in_force=settings.landing_dir / source.id) as landing:
            with closing(origin.pages(plan)) as pages:
                seen = land(source, pages, landing, coverages_due(source, plan, ledger))
            folders = [folder / f"batch-{nth}" for nth, _ in enumerate(seen.coverages)]
            decisions = Decider(terms, ledger, landing).decide(list(zip(seen.coverages, folders, strict=True)))
        written = [one.files for one in decisions if one.files is not None]
        return DryRun(seen.pages, seen.bytes, decisions, _rows(source, written), _refused(written))


def first_page(source: Source, page: Page, plan: Plan) -> Seen:
    """What one page would come to against the contract. Needs neither ledger nor keys: its pseudonyms are nobody's."""
    keys = Keys(bytes(32), bytes(32))
    with (
        tempfile.TemporaryDirectory(prefix="pilar-first-page-") as place,
        Landing(source, keys, Path(place), plan=plan) as landing,
    ):
        return land(source, [page], landing, frozenset())


def land(source: Source, pages: Iterable[Page], landing: Landing, due: Set[str | None]) -> Seen:
    """Land pages. Raises SourceError when there is none, or one is damaged."""
    count = size = 0
    for page in pages:
        count, size = count + 1, size + len(page.body)
        landing.add(page, coverage_of(source, page), hashlib.sha256(page.body).hexdigest())
    if not count:
        raise no_answer(source)
    return Seen(count, size, landing.finish(due))


def _rows(source: Source, written: Sequence[LandedFiles]) -> Sequence[Mapping[str, Any]]:
    """A few landed rows. What the contract declares personal is masked, also where it is landed in clear."""
    shown = [
        f"{_shown(name, column.personal)} AS {identifier(name)}" for name, column in source.contract.landed.items()
    ]
    return _some(f"_coverage AS coverage, _row AS row, {', '.join(shown)}", [files.rows for files in written])


def _shown(name: str, personal: Any) -> str:
    if personal is None:
        return identifier(name)
    mask = literal(PSEUDONYM if personal == "pseudonym" else MASK)
    return f"CASE WHEN {identifier(name)} IS NOT NULL THEN {mask} END"


def _refused(written: Sequence[LandedFiles]) -> Sequence[Mapping[str, Any]]:
    """A few refused rows: their reasons, whose values were masked when they were written."""
    return _some("_coverage AS coverage, _row AS row, _page AS page, reasons", [files.quarantine for files in written])


def _some(columns: str, files: Sequence[Path]) -> Sequence[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    with duckdb.connect(":memory:") as connection:
        for file in files:
            query = (
                f"SELECT {columns} FROM read_parquet({literal(str(file))}) ORDER BY _row LIMIT {MOST_ROWS - len(found)}"
            )
            found += named_rows(connection.execute(query))
    return found
