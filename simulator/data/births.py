"""Deliveries of 2024 as SATUSEHAT Encounters; synthetic, with the share of health workers fixed per region."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.regions import KOTIM, KUKAR, MALANG, Region

Row = dict[str, object]
YEAR = 2024

# (by health workers, all): synthetic.
BIRTHS = {KUKAR.kemendagri: (494, 500), KOTIM.kemendagri: (369, 400), MALANG.kemendagri: (689, 700)}

_HEALTH_WORKERS = ("dokter", "bidan", "bidan", "bidan", "dokter", "bidan", "perawat")
_OTHERS = ("dukun", "dukun", "lainnya")


@cache
def encounters(region: Region) -> tuple[Row, ...]:
    """The region's Encounter resources in order of their start, which is in UTC."""
    attended, total = BIRTHS[region.kemendagri]
    dice = Dice("persalinan", region.kemendagri)
    helpers = [dice.pick(_HEALTH_WORKERS) for _ in range(attended)]
    helpers += [dice.pick(_OTHERS) for _ in range(total - attended)]
    dice.shuffle(helpers)
    # Between 02:00 and 14:00 UTC: the same day in all three Indonesian time zones.
    days = sorted((dice.whole(0, 365), dice.whole(2 * 3600, 14 * 3600 - 1)) for _ in range(total))
    return tuple(
        _encounter(region, serial, datetime(YEAR, 1, 1, tzinfo=UTC) + timedelta(days=day, seconds=second), helper)
        for serial, ((day, second), helper) in enumerate(zip(days, helpers, strict=True), start=1)
    )


def _encounter(region: Region, serial: int, start: datetime, helper: str) -> Row:
    dice = Dice("ibu", region.kemendagri, serial)
    mother = made_up(dice, region, serial, date(dice.whole(1984, 2004), dice.whole(1, 12), dice.whole(1, 28)), "P")
    end = start + timedelta(minutes=dice.whole(40, 900))
    return {
        "resourceType": "Encounter",
        "id": f"99{region.digits}{serial:06d}",
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "IMP",
            "display": "inpatient encounter",
        },
        "subject": {"reference": f"Patient/P99{region.digits}{serial:06d}", "display": mother.name},
        "participant": [
            {
                "type": [
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
                                "code": "ATND",
                                "display": "attender",
                            }
                        ],
                        "text": helper,
                    }
                ],
                "individual": {"reference": f"Practitioner/N99{region.digits}{serial % 40:04d}"},
            }
        ],
        "period": {"start": _utc(start), "end": _utc(end)},
        "serviceProvider": {"reference": f"Organization/{region.kemendagri}"},
    }


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")
