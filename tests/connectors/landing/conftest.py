"""Landing pages that the test writes, and reading back what landed."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.landing.counts import LandedCoverage
from connectors.landing.landing import Landing
from connectors.protocols.base import Page
from connectors.source.source import Source
from ledger.keys import Keys

Row = dict[str, Any]
KEYS = Keys(pseudonym_key=bytes(range(32)), page_key=bytes(32))


@dataclass(frozen=True)
class Result:
    """One landed coverage, read back from its files."""

    counts: LandedCoverage
    rows: list[Row]
    quarantine: list[Row]
    files: tuple[Path, Path]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """(rule, field) of every reason, row by row."""
        return [(reason["rule"], reason["field"]) for row in self.quarantine for reason in row["reasons"]]

    @property
    def columns(self) -> dict[str, str]:
        """Name and type of the landed file's columns."""
        described = duckdb.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(self.files[0])]).fetchall()
        return {row[0]: row[1] for row in described}


def source_of(columns: Mapping[str, Any], key: Sequence[str], **more: Any) -> Source:
    """A source with this contract; ``coverage`` and ``rules`` and the like go through ``more``."""
    contract = {"key": list(key), "columns": dict(columns)}
    contract |= {name: more.pop(name) for name in ("rules", "ratios", "ignore", "drift") if name in more}
    return Source.model_validate(
        {
            "id": "sample",
            "opd": "sample_opd",
            "system": "sample",
            "title": "sample",
            "protocol": "rest",
            "connection": "sample",
            "coverage": {"grain": "all"},
            "contract": contract,
            "assertions": {"rows": {"min": 0}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}},
            "freshness": {"due": "monthly", "warn": "3d", "fail": "10d"},
            "events": {"fallback": "0 2 * * *"},
            "caveats": ["made for a test"],
            "runbook": "Nothing to do: this source exists for a test only.",
            **more,
        }
    )


def page_of(records: Any, seq: int = 0, path: str = "$", context: Mapping[str, str] | None = None) -> Page:
    """A page whose text is given, or made of Python values."""
    body = records if isinstance(records, bytes) else json.dumps(records).encode()
    return Page(seq, body, body, path, context or {}, f"GET page {seq}", 200, 1)


def read(path: Path) -> list[Row]:
    """The rows of a Parquet file in their order."""
    found = duckdb.execute("SELECT * FROM read_parquet(?) ORDER BY _row", [str(path)])
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


Land = Callable[..., Result]


@pytest.fixture
def land(tmp_path: Path) -> Land:
    """Land pages (or records of one page) of a contract; the only coverage, or the one named."""

    def _land(
        columns: Mapping[str, Any], records: Any, key: Sequence[str] = ("id",), about: str = "all", **more: Any
    ) -> Result:
        source = source_of(columns, key, **more)
        pages = records if records and isinstance(records[0], Page) else [page_of(records)]
        return land_pages(source, pages, tmp_path, about)

    return _land


def land_pages(source: Source, pages: Sequence[Page], folder: Path, coverage: str = "all") -> Result:
    """Land pages and read back one coverage."""
    name = source.coverage_context
    with Landing(source, KEYS, folder) as landing:
        for page in pages:
            about = None if source.coverage_column else (page.context[name] if name else "all")
            landing.add(page, about, hashlib.sha256(page.body).hexdigest())
        counted = {counts.coverage: counts for counts in landing.finish()}
        files = landing.write(coverage, folder / "batch")
    return Result(counted[coverage], read(files.rows), read(files.quarantine), (files.rows, files.quarantine))
