"""What is told to one address now, if anything. Nothing here asks, sends or writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.alert_records import AddressState, Alert
from pilar.alerts.addresses import OPERATOR, Address
from pilar.alerts.conditions import FOR_OWNERS, SEVERE

GATHER = timedelta(minutes=2)
"""How long something must hold before it is told: what passes sooner needs nobody, and a burst is told at once."""
AT_MOST_EVERY = timedelta(minutes=10)
"""An address gets one message in this time, but for what is severe."""
FIRST_BACKOFF = timedelta(minutes=1)
LONGEST_BACKOFF = timedelta(hours=1)
REMEMBERED = timedelta(days=7)
"""For how long it is told of something that is over already."""


@dataclass(frozen=True)
class Message:
    """What one address is told: what holds, what it knew of and is over, and what came and went without its knowing."""

    opened: tuple[Alert, ...] = ()
    over: tuple[Alert, ...] = ()
    passed: tuple[Alert, ...] = ()


def plan(
    address: Address, alerts: Sequence[Alert], state: AddressState, now: datetime, *, quiet: bool
) -> Message | None:
    """The message for one address; None when there is nothing to tell, or not now.

    In quiet hours only what is severe is told, and that it is over. An address that could not be reached is tried
    again, each time after a longer wait of up to an hour.
    """
    if state.failures and state.tried_at is not None and now < state.tried_at + backoff(state.failures):
        return None
    name = address.name
    mine = [one for one in alerts if concerns(address.whose, one) and (not quiet or one.condition.kind in SEVERE)]
    found = Message(
        opened=tuple(one for one in mine if one.gone_at is None and name not in one.told),
        over=tuple(one for one in mine if one.gone_at and name in one.told and name not in one.told_over),
        passed=tuple(one for one in mine if _passed(one, name)),
    )
    ripe = [one for one in found.opened if now - one.seen_at >= GATHER]
    if not (ripe or found.over or found.passed):
        return None
    severe = any(one.condition.kind in SEVERE for one in ripe)
    if not severe and state.told_at is not None and now < state.told_at + AT_MOST_EVERY:
        return None
    return found


def concerns(whose: str, alert: Alert) -> bool:
    """Whether somebody is told of it: operators of everything, an agency of what is in its data."""
    if whose == OPERATOR:
        return True
    facts = alert.condition.facts
    ours = facts.get("error_kind") in ("machine", "died")
    return alert.condition.owner == whose and alert.condition.kind in FOR_OWNERS and not ours


def backoff(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * (1 << min(failures - 1, 10)))


def _passed(alert: Alert, name: str) -> bool:
    if alert.gone_at is None or name in alert.told or name in alert.told_over:
        return False
    return alert.gone_at - alert.seen_at >= GATHER
