"""What a check of a file says, before an agency sends it. How it is checked is handed in: nothing here pulls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refused:
    """One reason for which one row would be refused.

    ``row`` is its number among the file's records, from 1; ``line`` says where in the file it stands, empty where that
    cannot be told. ``value`` is masked where a person may stand in it.
    """

    row: int
    line: str
    field: str
    rule: str
    value: str | None
    expected: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file would come to. ``schema`` says what the contract asks of each column.

    ``unknown`` are fields that nobody declared, ``absent`` declared ones that no row has. ``refused`` are the first
    reasons; ``all_told`` says whether they are all.
    """

    source: str
    schema: Sequence[Mapping[str, Any]]
    rows_received: int
    rows_good: int
    rows_refused: int
    unknown: Sequence[str]
    absent: Sequence[str]
    refused: Sequence[Refused]
    all_told: bool


@dataclass(frozen=True)
class Checker:
    """``opd_of`` names the agency of a source, None where there is none.

    ``check`` lands a file (its source, its name, its bytes) by the source's contract in a folder that is thrown away.
    It raises SourceError for a file that cannot be read, and ConfigError for a source that takes no files.
    """

    opd_of: Callable[[str], str | None]
    check: Callable[[str, str, bytes], Checked]
