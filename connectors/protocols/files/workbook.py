"""Cells of a workbook, read by a short-lived process that a hostile file cannot leave."""

import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.http.limits import MIB
from connectors.http.redact import quote
from connectors.protocols.files.cells import DateCell, FormulaCell, NumberCell
from connectors.protocols.files.number_format import NumberFormat, number_format
from connectors.protocols.records import Digits
from ledger.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from connectors.protocols.files.workbook_child import Ask

_ROOM = 768 * MIB  # for the interpreter, and for cells beside the unpacked workbook and its parts
_AGAIN = "Ask the agency to save and send the workbook again"
_REPOSITORY = Path(__file__).resolve().parents[3]
# Isolated and without site-packages' own start-up: neither the environment nor a working directory has a say.
_START = "import sys; sys.path += sys.argv[1:]; from connectors.protocols.files.workbook_child import main; main()"


@dataclass(frozen=True)
class Book:
    """The sheet that was read of a workbook. ``kind`` is the workbook's format, ``hidden`` are rows from 1.

    In ``rows`` numbers are Digits, NumberCell where they show more than that, dates DateCell, empty cells None, and
    formulas FormulaCell where they were asked for. Empty rows have no cells. ``concealed`` says that nobody sees the
    sheet.
    """

    kind: str
    sheet: str
    concealed: bool
    hidden: frozenset[int]
    rows: Sequence[Sequence[Any]]


def read_book(
    body: bytes,
    where: str,
    *,
    sheet: str | int,
    dates_as: str | None,
    plain_rows: int,
    formulas: bool,
    max_unpacked: int,
    seconds: float,
) -> Book:
    """One sheet of a workbook, packed or not; ``formulas``: cells that hold one are told.

    Raises SourceError (damaged) for whatever is no whole workbook within bounds, or takes longer than ``seconds``.
    """
    ask: Ask = {
        "sheet": sheet,
        "dates_as": dates_as,
        "plain_rows": plain_rows,
        "formulas": formulas,
        "max_unpacked": max_unpacked,
        "memory": _ROOM + 3 * max_unpacked,
        "cpu_s": math.ceil(seconds),
    }
    command = [sys.executable, "-I", "-S", "-c", _START, str(_REPOSITORY), _packages()]
    try:
        ended = subprocess.run(
            command,
            input=json.dumps(ask).encode() + b"\n" + body,
            capture_output=True,
            timeout=seconds,
            check=False,
            cwd="/",
            env={name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"},
        )
    except subprocess.TimeoutExpired:
        raise _damaged(f"the workbook was not read within {seconds:g} s", where) from None
    if ended.returncode != 0:
        raise _damaged(f"the workbook breaks its reader (exit {ended.returncode})", where)
    try:
        answer = json.loads(ended.stdout, parse_float=Digits, parse_int=Digits)
    except ValueError:
        raise _damaged("the workbook breaks its reader", where) from None
    if "damaged" in answer:
        raise _damaged(quote(str(answer["damaged"])), where, answer.get("do") or _AGAIN)
    formats = [number_format(code) for code in answer["formats"]]
    return Book(
        answer["kind"],
        answer["sheet"],
        answer["concealed"],
        frozenset(map(int, answer["hidden"])),
        [[_cell(cell, formats) if type(cell) is dict else cell for cell in row] for row in answer["rows"]],
    )


def _cell(cell: dict[str, Any], formats: Sequence[NumberFormat]) -> DateCell | NumberCell | FormulaCell:
    if "formula" in cell:
        return FormulaCell(cell["formula"])
    if "date" in cell:
        return DateCell(cell["date"], int(cell["day"]) if cell["day"] is not None else None)
    if "shown" in cell:
        return NumberCell(cell["number"], cell["shown"], None, cell["percent"])
    form = formats[int(cell["format"])]
    return NumberCell(cell["number"], None, form, form.percent(cell["number"]))


def _packages() -> str:
    """The folder in which the workbook parser is installed."""
    found = importlib.util.find_spec("python_calamine")
    if found is None or found.origin is None:
        raise ConfigError("python-calamine is not installed", where="protocol files.xlsx", do="Run ./run check")
    return str(Path(found.origin).parents[1])


def _damaged(what: str, where: str, do: str = _AGAIN) -> SourceError:
    return SourceError("damaged", what, where=where, do=do)
