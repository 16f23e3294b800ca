"""All indicators as SDMX-CSV 1.0, as offices of statistics exchange them.

Codes of SDMX hold no point and no blank: a region is ``kemendagri-64_02``. States are those of its list CL_OBS_STATUS.
"""

import csv
from collections.abc import Collection, Mapping
from pathlib import Path

from ledger.errors import PublicationError
from ledger.sql import literal
from publication.digests import code_digest, digest_of
from publication.formats.base import Draft, Format, check_rows
from publication.page.words import Text
from publication.tables import ALL_INDICATORS, Table

FILE = "sdmx/indicators.csv"
DATAFLOW = "PILAR:INDICATORS(1.0)"
COLUMNS = (
    *("DATAFLOW", "FREQ", "REF_AREA", "INDICATOR", "TIME_PERIOD", "OBS_VALUE"),
    *("OBS_STATUS", "UNIT_MEASURE", "DECIMALS", "PILLAR", "SIMULATED"),
)
STATUS: Mapping[str, str] = {"measured": "A", "missing": "O", "not_applicable": "M", "suppressed": "Q"}
"""Normal value; missing value; data cannot exist; missing value, suppressed."""
_OBSERVATIONS = """
SELECT {dataflow} AS "DATAFLOW", CASE WHEN length(o.period) = 4 THEN 'A' ELSE 'M' END AS "FREQ",
  replace(o.region_id, '.', '_') AS "REF_AREA", o.indicator_id AS "INDICATOR", o.period AS "TIME_PERIOD",
  o.value AS "OBS_VALUE", {status} AS "OBS_STATUS",
  CASE o.unit WHEN '%' THEN 'PT' ELSE trim(regexp_replace(upper(o.unit), '[^A-Z0-9]+', '_', 'g'), '_') END
    AS "UNIT_MEASURE",
  i.dp AS "DECIMALS", o.pillar AS "PILLAR", CASE WHEN o.synthetic THEN 'Y' ELSE 'N' END AS "SIMULATED"
FROM publication.pillars.all_indicators o JOIN publication.reference.indicators i ON i.id = o.indicator_id
ORDER BY o.region_id, o.indicator_id, o.period
"""


def _write(draft: Draft) -> None:
    cases = " ".join(f"WHEN {literal(state)} THEN {literal(code)}" for state, code in STATUS.items())
    rows = _OBSERVATIONS.format(dataflow=literal(DATAFLOW), status=f"CASE o.state {cases} END")
    reading = draft.content.reading

    def write(target: Path) -> None:
        reading.connection.execute(f"COPY ({rows}) TO {literal(str(target))} (FORMAT csv, HEADER)")

    told = [copied.digest for table, copied in draft.tables.items() if table.name in (ALL_INDICATORS, "indicators")]
    draft.write_file(FILE, digest_of(told, code_digest()), write)


def _check(folder: Path, rows: Mapping[Table, int], made: Collection[str]) -> None:
    if FILE not in made:
        return
    with (folder / FILE).open(encoding="utf-8", newline="") as file:
        found = csv.reader(file)
        if tuple(next(found, ())) != COLUMNS:
            raise PublicationError("the columns are not those of SDMX", where=FILE)
        number = sum(1 for _ in found)
    check_rows(FILE, number, next(expected for table, expected in rows.items() if table.name == ALL_INDICATORS))


FORMAT = Format(
    "sdmx", _write, _check, ((FILE, Text("semua indikator sebagai SDMX-CSV", "all indicators as SDMX-CSV")),)
)
