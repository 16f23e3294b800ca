"""The tell of a spreadsheet that swapped days and months.

Typed as day/month into a program that expects month/day, 04/03/2024 becomes the 3rd of April, and 25/03/2024 stays a
text. Then all dates have days up to 12, and all texts a number above 12. Nobody can say which ones were swapped.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.http.redact import quote
from connectors.http.words import known_words
from connectors.protocols.base import Noticed, Uses
from connectors.protocols.files.cells import DateCell

_TEXT = re.compile(r"\s*([0-9]{1,2})[/.-]([0-9]{1,2})[/.-][0-9]{2,4}\b")
_MONTHS = 12
_LEAST = 3


def swapped_dates(records: Sequence[Mapping[str, Any]], uses: Uses) -> Iterator[Noticed]:
    """What to say of columns of dates that look so."""
    for name in (name for name, read_as in uses.items() if "date" in read_as):
        cells = [cell for record in records if (cell := record.get(name)) is not None]
        days = [cell.day for cell in cells if isinstance(cell, DateCell) and cell.day is not None]
        texts = [found for cell in cells if isinstance(cell, str) and (found := _TEXT.match(cell))]
        if not days or not texts or len(days) + len(texts) < _LEAST:
            continue
        if max(days) <= _MONTHS and all(max(int(found[1]), int(found[2])) > _MONTHS for found in texts):
            what = "dates in a column may have day and month swapped: dates have days up to 12, texts have days above"
            do = "Ask the agency to format the column as text before it types the dates, and to send the file again"
            column = known_words(quote(name, 60))
            yield Noticed("dates_swapped", what, do, f"{column}: {len(days)} dates, {len(texts)} texts")
