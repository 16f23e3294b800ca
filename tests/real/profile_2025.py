"""Source files for the health profile of East Java 2025, made of a list: which column is a share of what.

The tables have up to 43 columns each, numbered in the order of the book (``c07_k1``). ``profile_2025.csv`` says of each
printed percentage the table, the numbers of its columns, and the project's indicator where it is one.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

LIST = Path(__file__).parent / "profile_2025.csv"
FOLDER = "health_profile_jatim_2025"
YEAR = "2025"
# Ten digits are printed, so a percentage has at least this many decimals.
DECIMALS = 6
# Some headings speak of family cards ("kk"): they count them.
COUNTED = {"personal": {"keep": "a number of a whole regency, and no person's"}}


@dataclass(frozen=True)
class Share:
    """A printed percentage: the numbers of its column, of its numerator's and of its denominator's."""

    table: str
    value: int
    numerator: int
    denominator: int
    indicator: str

    @property
    def figure(self) -> str:
        """What it is called as a published figure. Most are no indicator of the project."""
        return self.indicator or f"profile_table_{self.table}_c{self.value:02}"


@cache
def shares() -> Mapping[str, Sequence[Share]]:
    """The printed percentages, by table."""
    found: dict[str, list[Share]] = {}
    with LIST.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            numbers = (int(row[name]) for name in ("value", "numerator", "denominator"))
            found.setdefault(row["table"], []).append(Share(row["table"], *numbers, row["indicator"]))
    return found


def source_id(table: str) -> str:
    return f"profil_2025_{table}"


def write_sources(folder: Path, real_data: Path) -> None:
    """One source file a table, as an engineer would write it."""
    for table in shares():
        path = folder / "dinkes_jatim" / f"{source_id(table)}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(_source(table, header(real_data, table)), sort_keys=False), encoding="utf-8")


def header(real_data: Path, table: str) -> Sequence[str]:
    """The names of a table's columns."""
    with (real_data / FOLDER / f"tabel_{table}.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def _source(table: str, names: Sequence[str]) -> Mapping[str, object]:
    own = shares()[table]
    printed = {share.value for share in own}
    read = sorted({number for share in own for number in (share.value, share.numerator, share.denominator)})
    types = {number: "decimal(27,13)" if number in printed else "decimal(24,4)" for number in read}
    return {
        "id": source_id(table),
        "title": f"Tabel {int(table)}, Jawa Timur {YEAR}",
        "system": "Profil Kesehatan Provinsi Jawa Timur",
        "protocol": "files.csv",
        "connection": "berkas_publik",
        "args": {"folder": FOLDER, "pattern": rf"tabel_{table}\.csv"},
        "for_each": [{"tahun": YEAR, "provinsi": "Jawa Timur"}],
        "load": "snapshot",
        "coverage": {"from": "tahun", "grain": "year"},
        "contract": {
            "key": ["kabupaten"],
            "columns": {
                "kabupaten": {"required": True, "trim": True},
                "provinsi": {"required": True, "context": "provinsi"},
                **{f"c{number:02}": {"from": names[number], "type": types[number], **COUNTED} for number in read},
            },
            "ignore": [name for number, name in enumerate(names) if number not in (0, *read)],
        },
        "provides": [_provided(share) for share in own],
        # 38 regencies and cities; 80 % of that.
        "assertions": {"rows": {"min": 31, "max": 76}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}},
        "freshness": {"due": "end of June of the following year", "warn": "30d", "fail": "120d"},
        "events": {"fallback": "0 5 * * 1"},
        "caveats": ["Every percentage follows from its parts, and some of them are impossible all the same."],
        "runbook": "A field that is in no record: the header changed; compare it with the list of shares.",
    }


def _provided(share: Share) -> Mapping[str, object]:
    return {
        "record": "published_figure",
        "columns": {
            "region_code": {"region": {"name": "kabupaten", "province": "provinsi"}},
            "period": "_coverage",
            "indicator": {"is": share.figure},
            "publisher": {"is": "Dinas Kesehatan Provinsi Jawa Timur"},
            "value": f"c{share.value:02}",
            "numerator": f"c{share.numerator:02}",
            "denominator": f"c{share.denominator:02}",
            "decimals": {"is": DECIMALS},
            "unit": {"is": "%"},
        },
    }
