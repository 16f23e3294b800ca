"""The e-PPGBM workbooks as files in folders: one folder for a healthy system, one more for each fault met."""

import os
import shutil
import tempfile
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from simulator.data.children import IDENTITY, MONTHS, columns, sheet
from simulator.errors import SimulatorError
from simulator.faults import NEW_COLUMN, Fault, thin
from simulator.mishaps import LOGIN_PAGE
from simulator.regions import REGIONS, Region
from simulator.xlsx import Cell, workbook

# When the healthy workbooks were last changed; a damaged one is a day younger, as an upload that went wrong would be.
CHANGED = datetime(2024, 9, 5, 1, 0, tzinfo=UTC)
_POSSIBLE = tuple(f"2024-{number:02d}" for number in range(3, 13))


def file_name(region: Region, month: str) -> str:
    """The name of a region's workbook of a month."""
    return f"eppgbm_{region.kemendagri}_{month}.xlsx"


def render(region: Region, month: str, fault: Fault | None = None) -> bytes:
    """One workbook's bytes, as a system with this fault would give them."""
    if fault is not None and fault.kind == "html":
        return LOGIN_PAGE
    header: list[Cell] = [*columns(month)]
    rows = list(thin(sheet(region, month), fault))
    if fault is not None and fault.kind == "unknown_column":
        place = len(IDENTITY)
        header.insert(place, NEW_COLUMN)
        rows = [[*row[:place], "baru", *row[place:]] for row in rows]
    body = workbook([header, *rows])
    if fault is not None and fault.kind == "half_page":
        return body[: len(body) // 2]
    if fault is not None and fault.kind == "broken_workbook":
        # The directory of the archive is at its end; without a readable one no file is found inside.
        return body[:-200] + b"\0" * 200
    return body


class Workbooks:
    """Folders of workbooks, made when they are first asked for; removed by ``close``."""

    def __init__(self, months: tuple[str, ...] = MONTHS) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="simulator-eppgbm-"))
        self._lock = threading.Lock()
        self._months = list(months)
        self._folders: dict[tuple[object, ...], Path] = {}

    def folder(self, fault: Fault | None = None) -> Path:
        """The folder to show to a client that logs in now."""
        with self._lock:
            damaged = fault is not None and render(REGIONS[0], self._months[0], fault) != render(
                REGIONS[0], self._months[0]
            )
            key = (*self._months, *((fault.kind, fault.amount) if fault is not None and damaged else ()))
            if key not in self._folders:
                self._folders[key] = self._write(self._root / str(len(self._folders)), fault if damaged else None)
            return self._folders[key]

    def arrive(self, month: str) -> list[str]:
        """Put one more month's workbooks there, as an agency would; gives the new file names."""
        if month not in _POSSIBLE:
            raise SimulatorError(f"no workbook of {month!r} can arrive. Possible: {_POSSIBLE[0]} to {_POSSIBLE[-1]}")
        with self._lock:
            if month not in self._months:
                self._months.append(month)
        return [file_name(region, month) for region in REGIONS]

    def close(self) -> None:
        """Remove every folder."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _write(self, folder: Path, fault: Fault | None) -> Path:
        folder.mkdir()
        changed = (CHANGED + timedelta(days=0 if fault is None else 1)).timestamp()
        for name, body in self._bodies(fault).items():
            path = folder / name
            path.write_bytes(body)
            os.utime(path, (changed, changed))
        return folder

    def _bodies(self, fault: Fault | None) -> Mapping[str, bytes]:
        return {file_name(region, month): render(region, month, fault) for month in self._months for region in REGIONS}
