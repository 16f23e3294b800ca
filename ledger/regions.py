"""Every regency and city of Indonesia: its codes at Kemendagri and at BPS, and how one is found by its name.

The list is a reference table of the project (``ledger/reference``). Which of its regions an installation is about
stands in its settings, as Kemendagri codes. Names are compared without case, blanks and marks, with the usual short
forms written out. Nothing further is guessed: what is not one region's name lists the regions that may be meant.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from ledger.errors import ConfigError

REFERENCE = Path(__file__).parent / "reference"
SYSTEM = "kemendagri"
# What the tables of a warehouse say of a region, and what it is there.
COLUMNS = (
    "region_system",
    "region_code",
    "region_name",
    "kind",
    "province",
    "bps_code",
    "bps_code_before",
    "sipsn_name",
    "sipsn_province",
    "time_zone",
)

_CODE = re.compile(r"\d\d\.\d\d")
_BPS = re.compile(r"bps[ :]*(\d{4})")
_BARE = re.compile(r"\d{4}")
_KINDS = {"kab": "kabupaten", "kabupaten": "kabupaten", "kota": "kota", "prov": "provinsi", "provinsi": "provinsi"}
_WRITTEN_OUT = {
    "kep": "kepulauan",
    "adm": "",
    "administrasi": "",
    "dki": "daerahkhususibukota",
    "di": "daerahistimewa",
}
_MOST_CANDIDATES = 12
_ALIKE = 0.75


@dataclass(frozen=True, slots=True)
class Region:
    """A regency or city. ``code`` is Kemendagri's (``64.02``); BPS's codes (``6403``) are another system's.

    ``bps_code_before`` is BPS's code until 2022, empty where it is still the same. ``time_zone`` is the province's.
    """

    code: str
    name: str
    province: str
    bps_code: str
    bps_code_before: str
    time_zone: str
    sipsn_name: str
    sipsn_province: str

    @property
    def kind(self) -> str:
        """``kabupaten`` or ``kota``."""
        return self.name.split()[0].lower()

    @property
    def digits(self) -> str:
        """Kemendagri's code without its dot, as some systems write it."""
        return self.code.replace(".", "")

    @property
    def shown(self) -> str:
        """The region for a person: name, province and both codes."""
        return f"{self.name}, {self.province} ({self.code}, BPS {self.bps_code})"

    def row(self) -> tuple[str, ...]:
        """Its values of ``COLUMNS``."""
        return (
            *(SYSTEM, self.code, self.name, self.kind, self.province),
            *(self.bps_code, self.bps_code_before, self.sipsn_name, self.sipsn_province, self.time_zone),
        )


@cache
def all_regions() -> Mapping[str, Region]:
    """The 514 regencies and cities by their codes, in the order of these."""
    provinces = {row["code"]: row for row in _rows("provinces.csv")}
    return {row["code"]: _region(row, provinces[row["code"][:2]]) for row in _rows("regions.csv")}


@cache
def provinces() -> Mapping[str, str]:
    """The names of the 38 provinces by their codes."""
    return {row["code"]: row["name"] for row in _rows("provinces.csv")}


def known(codes: Sequence[str]) -> tuple[Region, ...]:
    """The regions of these codes, in the order of the list, each once. Raises ConfigError for a code of no region."""
    for code in codes:
        if code not in all_regions():
            raise ConfigError(
                f"{code!r} is not the Kemendagri code of a regency or city",
                where="PILAR_REGIONS",
                do="Write codes like 64.02, separated by commas; `pilar regions NAME` finds them",
            )
    return tuple(all_regions()[code] for code in sorted(set(codes)))


def find(said: str) -> tuple[Region, ...]:
    """The region that a name or code says; all regions of a province where it names one.

    ``kab malang``, ``Kota Malang``, ``35.73``, ``bps:3573``, ``provinsi Bali`` and ``Malang (Kota)`` are understood.
    Raises ConfigError where it is no name, or the name of several; it then lists those that may be meant.
    """
    words = said.strip().lower()
    found = _by_code(words)
    if found is not None:
        return found
    kind, name = _kind_and_name(words)
    matches = [*_matches(kind, name)] or [*_matches("", _plain(words))]
    if len(matches) == 1:
        return matches[0][1]
    if matches:
        listed = "; ".join(label for label, _ in matches)
        raise _unclear(said, f"is the name of {len(matches)}: {listed}", "Write it with its kind, or give the code")
    near = [*_near(name)]
    if near:
        raise _unclear(said, f"is no region's name. Near it: {'; '.join(near)}", "Write one of them, or give the code")
    raise _unclear(said, "is no region's name", "Write the name as Kemendagri does, like Kabupaten Malang")


def find_one(said: str) -> Region:
    """The one region that a name or code says. Raises ConfigError as ``find`` does, and for a province of several."""
    found = find(said)
    if len(found) > 1:
        raise _unclear(said, f"is a province with {len(found)} regions", f"Name one of them, like {found[0].name}")
    return found[0]


def _by_code(words: str) -> tuple[Region, ...] | None:
    if _CODE.fullmatch(words):
        return known((words,))
    of_bps = _BPS.fullmatch(words)
    if of_bps:
        found = tuple(region for region in all_regions().values() if region.bps_code == of_bps[1])
        if found:
            return found
        raise _unclear(words, "is not BPS's code of a regency or city", "Look it up by its name")
    if _BARE.fullmatch(words):
        raise _unclear(
            words,
            "may be a code of Kemendagri or of BPS, which often name two regions",
            f"Write {words[:2]}.{words[2:]} for Kemendagri's, bps:{words} for that of BPS",
        )
    return None


def _matches(kind: str, name: str) -> Iterator[tuple[str, tuple[Region, ...]]]:
    """Everything of exactly this name, of the kind where one was said."""
    for region, names in _names().items():
        if kind in ("", region.kind) and name in names:
            yield region.shown, (region,)
    for code, province in provinces().items():
        if kind in ("", "provinsi") and name == _plain(province.lower()):
            inside = tuple(region for region in all_regions().values() if region.code.startswith(f"{code}."))
            yield f"Provinsi {province} (all of its {len(inside)})", inside


def _near(name: str) -> Iterator[str]:
    """Regions whose names hold this one or look like it, the likest first."""
    ranked = []
    for region, (own, *_) in _names().items():
        likeness = 1.0 if len(name) > 2 and name in own else SequenceMatcher(None, name, own).ratio()
        if likeness >= _ALIKE:
            ranked.append((-likeness, region.shown))
    yield from (shown for _, shown in sorted(ranked)[:_MOST_CANDIDATES])


@cache
def _names() -> Mapping[Region, tuple[str, ...]]:
    """What each region is called without its kind, its own name first."""
    regions = all_regions().values()
    return {
        region: tuple(_kind_and_name(name.lower())[1] for name in (region.name, region.sipsn_name))
        for region in regions
    }


def _kind_and_name(words: str) -> tuple[str, str]:
    """The kind that is said, before the name or behind it, and the plain name without it."""
    parts = re.findall(r"[^\W\d_]+", words)
    for place in (0, -1):
        kind = _KINDS.get(parts[place]) if len(parts) > 1 else None
        if kind is not None:
            return kind, _plain(" ".join(parts[1:] if place == 0 else parts[:-1]))
    return "", _plain(words)


def _plain(words: str) -> str:
    """A name without blanks and marks, its short forms written out: two spellings of one name are then equal."""
    joined = re.sub(r"\bd\.\s*i\.", "di", words)
    return "".join(_WRITTEN_OUT.get(part, part) for part in re.findall(r"[^\W\d_]+", joined))


def _unclear(said: str, what: str, do: str) -> ConfigError:
    return ConfigError(f"{said.strip()[:60]!r} {what}", where="region", do=do)


def _region(row: Mapping[str, str], province: Mapping[str, str]) -> Region:
    return Region(
        code=row["code"],
        name=row["name"],
        province=province["name"],
        bps_code=row["bps_code"],
        bps_code_before=row["bps_code_before"],
        time_zone=province["time_zone"],
        sipsn_name=row["sipsn_name"] or _as_sipsn_writes(row["name"]),
        sipsn_province=province["sipsn_name"] or province["name"],
    )


def _as_sipsn_writes(name: str) -> str:
    return name.replace("Kabupaten ", "Kab. ").replace(" Administrasi ", " Adm. ")


def _rows(file: str) -> Iterator[Mapping[str, str]]:
    with (REFERENCE / file).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
