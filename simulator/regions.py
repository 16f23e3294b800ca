"""The three regencies the simulator knows, under each system's own code."""

from dataclasses import dataclass
from decimal import Decimal

_PROVINCES = {"35": "Jawa Timur", "62": "Kalimantan Tengah", "64": "Kalimantan Timur"}


@dataclass(frozen=True)
class Region:
    """One regency: ``kemendagri`` is dotted ('64.02'), ``bps`` is not ('6403'), and the two are not interchangeable."""

    kemendagri: str
    bps: str
    name: str
    latitude: Decimal
    longitude: Decimal
    # Ten-digit village codes of Kepmendagri 300.2.2-2138 of 2025, without dots, as OSS writes them.
    villages: tuple[str, ...]

    @property
    def digits(self) -> str:
        """The Kemendagri code without its dot, as OSS and file systems write it."""
        return self.kemendagri.replace(".", "")

    @property
    def province(self) -> str:
        """The name of its province."""
        return _PROVINCES[self.kemendagri[:2]]


KUKAR = Region(
    "64.02",
    "6403",
    "Kutai Kartanegara",
    Decimal("-0.416"),
    Decimal("116.983"),
    ("6402060001", "6402061006", "6402082019", "6402131007"),
)
KOTIM = Region(
    "62.02",
    "6202",
    "Kotawaringin Timur",
    Decimal("-2.539"),
    Decimal("112.957"),
    ("6202011009", "6202032014", "6202062006", "6202092010"),
)
MALANG = Region(
    "35.07",
    "3507",
    "Malang",
    Decimal("-8.132"),
    Decimal("112.571"),
    ("3507012001", "3507042004", "3507062008", "3507102010"),
)

REGIONS = (KUKAR, KOTIM, MALANG)


def by_kemendagri(code: str) -> Region | None:
    """The region of a dotted Kemendagri code; None for any other text, a bare four-digit code included."""
    return next((region for region in REGIONS if region.kemendagri == code), None)
