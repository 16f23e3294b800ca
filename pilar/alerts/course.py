"""The course of one look: see, remember, tell.

May die at any line and be run again. What was sent is noted at once: whoever dies just in between sends it twice.
"""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from ledger.alert_records import AddressState, Alert, Condition
from ledger.errors import LedgerError
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.alerts import words
from pilar.alerts.addresses import OPERATOR, Address, QuietHours
from pilar.alerts.conditions import Seen, blind, conditions
from pilar.alerts.look import look
from pilar.alerts.plan import GATHER, REMEMBERED, Message, backoff, plan
from pilar.alerts.sending import send

log = structlog.get_logger()

PART = "alerts"
LEDGER, LOOKOUT = "ledger", "lookout"
TELLING = "telling"
EVERY_SECONDS = 60.0


def holding(ledger: Ledger, settings: Settings) -> tuple[Condition, ...]:
    """What needs a person now; of parts that are not asked from here, what was seen of them last.

    While the ledger is away that is the one thing that is known.
    """
    try:
        seen = look(ledger, settings)
        known = [one.condition for one in ledger.alerts() if one.condition.kind == "unwell"]
    except LedgerError:
        return (blind(LEDGER, datetime.now(UTC)),)
    return (*(one for one in known if one.subject not in seen.parts), *conditions(seen))


@dataclass(frozen=True)
class Looked:
    """One look: what holds, and what was seen; None where nothing could be."""

    at: datetime
    holding: tuple[Condition, ...]
    seen: Seen | None = None


def look_and_tell(ledger: Ledger, settings: Settings, to: Sequence[Address], quiet: QuietHours) -> Looked:
    """Look, remember what holds, and tell whom it concerns.

    One process at a time tells. What could not be told stays untold, for a later look.
    Raises LedgerError when the ledger is away: see ``Blindness``.
    """
    with ledger.lock(TELLING):
        seen = look(ledger, settings)
        found = conditions(seen)
        ledger.record_conditions(found)
        ledger.beat(PART)
        now = ledger.now()
        alerts = ledger.alerts(over_since=now - REMEMBERED)
        states = ledger.addresses()
        for address in to:
            message = plan(address, alerts, states.get(address.name, AddressState()), now, quiet=quiet.hold(now))
            if message is not None:
                _tell(ledger, address, message)
    return Looked(now, found, seen)


def _tell(ledger: Ledger, address: Address, message: Message) -> None:
    title, body = words.letter(address.whose, message)
    failure = send(address, title, body)
    if failure is not None:
        log.error("not told", address=address.name, way=address.way, why=failure)
        ledger.record_not_told(address.name)
        return
    log.info("told", address=address.name, way=address.way, opened=len(message.opened), over=len(message.over))
    over = [*message.over, *message.passed]
    ledger.record_told(address.name, _ids(message.opened), _ids(over))


def _ids(alerts: Sequence[Alert]) -> list[int]:
    return [one.alert_id for one in alerts]


@dataclass
class Blindness:
    """What is remembered while nothing can be seen, because of ``part``: operators are told of it once.

    The ledger, which remembers everything else, may be what is away. ``file`` keeps it from one process to the next,
    where it can be written.
    """

    file: Path
    part: str = LEDGER
    since: datetime | None = None
    told: set[str] = field(default_factory=set)
    failures: int = 0
    tried_at: datetime | None = None

    @classmethod
    def remembered(cls, settings: Settings) -> "Blindness":
        """What an earlier process knew."""
        found = cls(settings.log_dir / "blind.json")
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(found.file.read_text())
            found.since, found.told, found.part = datetime.fromisoformat(kept["since"]), set(kept["told"]), kept["part"]
        return found

    def begins(self, part: str, to: Sequence[Address], now: datetime) -> Condition:
        """Nothing was seen, because of a part. Operators are told once that lasts two minutes. Returns what holds."""
        self.part, self.since = part, self.since or now
        found = blind(part, self.since)
        waits = self.tried_at is not None and self.failures and now < self.tried_at + backoff(self.failures)
        if now - self.since >= GATHER and not waits:
            untold = [one for one in to if one.whose == OPERATOR and one.name not in self.told]
            message = Message(opened=(Alert(0, found, now),))
            taken = {one.name for one in untold if send(one, *words.letter(OPERATOR, message)) is None}
            self.told |= taken
            self.failures, self.tried_at = (0 if len(taken) == len(untold) else self.failures + 1), now
        self._keep()
        return found

    def ends(self, to: Sequence[Address], now: datetime) -> None:
        """Something was seen again. Who was told that nothing was is told so."""
        if self.since is not None:
            alert = Alert(0, blind(self.part, self.since), self.since, gone_at=now)
            for address in [one for one in to if one.name in self.told]:
                send(address, *words.letter(OPERATOR, Message(over=(alert,))))
            with suppress(OSError):
                self.file.unlink(missing_ok=True)
        self.since, self.told, self.failures, self.tried_at = None, set(), 0, None

    def _keep(self) -> None:
        if self.since is None:
            return
        with suppress(OSError):  # a folder that may only be read: this process alone remembers
            self.file.parent.mkdir(parents=True, exist_ok=True)
            kept = {"since": self.since.isoformat(), "told": sorted(self.told), "part": self.part}
            self.file.write_text(json.dumps(kept))


def tell_once(
    ledger: Ledger, settings: Settings, to: Sequence[Address], quiet: QuietHours, blindness: Blindness
) -> Looked:
    """One look, whatever comes of it: that nothing could be seen is told too."""
    now = datetime.now(UTC)
    try:
        found = look_and_tell(ledger, settings, to, quiet)
    except LedgerError as error:
        log.error("nothing was seen: the ledger is away", error=str(error))
        return Looked(now, (blindness.begins(LEDGER, to, now),))
    except Exception:
        # Whatever was not foreseen: alerts that are silent about themselves would be the worst of all.
        log.exception("nothing was seen: the look stumbled")
        return Looked(now, (blindness.begins(LOOKOUT, to, now),))
    blindness.ends(to, now)
    return found


def watch(
    look_once: Callable[[], object], *, every_seconds: float = EVERY_SECONDS, go_on: Callable[[], bool] = lambda: True
) -> None:
    """Look every minute for as long as ``go_on`` says. What one look did not foresee does not end the next ones."""
    while go_on():
        try:
            look_once()
        except Exception:
            log.exception("a look stumbled")
        end = time.monotonic() + every_seconds
        while go_on() and time.monotonic() < end:
            time.sleep(0.2)
