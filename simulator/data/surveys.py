"""What enumerators entered in the field, as survey tools keep it, and an office's sheet: all synthetic."""

from datetime import datetime, timedelta
from functools import cache

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.regions import KUKAR

Row = dict[str, object]
HOUSEHOLDS, HOUSES, POINTS = 120, 55, 24
DISTRICTS = ("Tenggarong", "Loa Janan", "Muara Badak", "Samboja")
_SOURCES = ("pdam", "sumur_bor", "sumur_gali", "mata_air", "sungai")
_FIRST = datetime(2024, 8, 5, 7, 30)  # noqa: DTZ001 - KoboToolbox tells UTC without saying so


@cache
def households() -> tuple[Row, ...]:
    """Interviews about drinking water as KoboToolbox gives them: a group's name stands before its questions."""
    dice = Dice("survei air minum")
    return tuple(_interview(dice, serial) for serial in range(1, HOUSEHOLDS + 1))


def _interview(dice: Dice, serial: int) -> Row:
    person = made_up(dice, KUKAR, 7000 + serial, _FIRST.date().replace(year=dice.whole(1950, 2000)))
    entered = _FIRST + timedelta(minutes=17 * serial)
    return {
        "_id": 880000 + serial,
        "_uuid": f"00000000-0000-4000-8000-{serial:012d}",
        "formhub/uuid": "c0ffee00c0ffee00",
        "__version__": "vSimulasi1",
        "responden/nama": person.name,
        "lokasi/kecamatan": dice.pick(DISTRICTS),
        "air/sumber": dice.pick(_SOURCES),
        "air/jarak_m": str(dice.whole(0, 400)),
        "anggota": str(dice.whole(1, 8)),
        "_submission_time": f"{entered:%Y-%m-%dT%H:%M:%S}",
        "_submitted_by": "enumerator1",
        "_validation_status": {},
        "_attachments": [],
        "_geolocation": [None, None],
    }


@cache
def houses() -> tuple[Row, ...]:
    """Houses that were looked at, as ODK Central gives them over OData: groups are objects."""
    dice = Dice("rumah tidak layak huni")
    return tuple(_house(dice, serial) for serial in range(1, HOUSES + 1))


def _house(dice: Dice, serial: int) -> Row:
    entered = _FIRST + timedelta(minutes=41 * serial)
    return {
        "__id": f"uuid:11111111-1111-4111-8111-{serial:012d}",
        "__system": {
            "submissionDate": f"{entered:%Y-%m-%dT%H:%M:%S}.000Z",
            "updatedAt": None,
            "submitterId": "12",
            "reviewState": dice.pick(("approved", "approved", "hasIssues")),
        },
        "meta": {"instanceID": f"uuid:11111111-1111-4111-8111-{serial:012d}"},
        "kecamatan": dice.pick(DISTRICTS),
        "bangunan": {"lantai": dice.pick(("tanah", "semen", "papan")), "luas_m2": dice.whole(12, 90)},
    }


@cache
def wifi_points() -> tuple[tuple[str, ...], ...]:
    """A sheet of public Wi-Fi points, its header first: numbers as an Indonesian sheet shows them."""
    dice = Dice("titik wifi")
    header = ("kode_titik", "lokasi", "kecamatan", "kecepatan_mbps", "aktif")
    rows = (
        (
            f"W{serial:03d}",
            f"Taman {serial}",
            dice.pick(DISTRICTS),
            f"{dice.whole(10, 200)},{dice.whole(0, 9)}",
            dice.pick(("ya", "ya", "tidak")),
        )
        for serial in range(1, POINTS + 1)
    )
    return header, *rows
