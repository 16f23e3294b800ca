"""Faults on demand: what goes wrong, at which system, how often."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, TypeVar

from simulator.errors import SimulatorError

T = TypeVar("T")

SYSTEMS = (
    *("sipd", "dapodik", "satusehat", "sipsn", "oss", "bps", "diskominfo", "bpjs", "sicantik"),
    *("eppgbm_sftp", "perkim_db"),
)

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "down": "the system answers 503 (SATUSEHAT: 504 as text); SFTP drops every login",
        "reset": "the connection is reset (TCP RST) before any answer; SFTP: while a file is read",
        "wrong_token": "every credential is refused, in the system's own words",
        "quota": "429 with Retry-After of `value` seconds (HTTP only)",
        "html": "200 with a login page in HTML; SFTP: the login page under the workbook's name",
        "half_page": "Content-Length promises more bytes than come; SFTP: the workbook is cut off",
        "cut_json": "the body stops in the middle, with a Content-Length that agrees (HTTP only)",
        "empty": "an empty list where rows stood",
        "unknown_column": "every row has a field `kolom_baru` (positional rows: one value more)",
        "broken_workbook": "the workbook is not a readable ZIP any more (SFTP only)",
        "slow_drip": "the body comes 64 bytes at a time, `value` seconds apart",
        "drop_ratio": "the share `value` of the rows is missing",
        "loop": "the next page is the same page, for ever (SATUSEHAT and the SPBE list)",
        "elsewhere": "the next page is on another host (SATUSEHAT and the SPBE list)",
    }
)
_HTTP_ONLY = ("quota", "cut_json", "loop", "elsewhere")
_SFTP_ONLY = ("broken_workbook",)
_DATABASE = ("empty", "unknown_column", "drop_ratio")
_VALUES: Mapping[str, float] = MappingProxyType({"quota": 1.0, "slow_drip": 0.2, "drop_ratio": 0.5})

NEW_COLUMN = "kolom_baru"
ELSEWHERE = "http://lain.contoh.invalid"


@dataclass(frozen=True)
class Fault:
    """One fault.

    ``times`` requests are hit (None: all until cleared), after the first ``after``; only those whose path and query
    contain ``match``. ``value`` is seconds for quota and slow_drip, the missing share for drop_ratio. Requests of
    files and of the database are not counted: ``times``, ``after`` and ``match`` are for HTTP systems.
    """

    kind: str
    value: float | None = None
    times: int | None = None
    after: int = 0
    match: str = ""

    @property
    def amount(self) -> float:
        """``value``, or the usual one of this kind."""
        return _VALUES.get(self.kind, 0.0) if self.value is None else self.value


class Faults:
    """The faults that are on now, one a system; safe to change from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[str, Fault] = {}
        self._watchers: dict[str, Callable[[Fault | None], object]] = {}

    def watch(self, system: str, react: Callable[[Fault | None], object]) -> None:
        """Call ``react`` when this system's fault changes, for systems that are not asked each time."""
        self._watchers[system] = react

    def unwatch(self) -> None:
        """Forget who watches."""
        self._watchers.clear()

    def set(self, system: str, kind: str, **options: Any) -> Fault:
        """Switch a fault on, in place of the one that was on; raises SimulatorError for one that cannot be played."""
        fault = _checked(system, kind, options)
        with self._lock:
            self._active[system] = fault
        self._tell([system])
        return fault

    def clear(self, system: str | None = None) -> None:
        """Switch one system's fault off, or all of them."""
        with self._lock:
            cleared = [name for name in self._active if system in {None, name}]
            for name in cleared:
                del self._active[name]
        self._tell(cleared)

    def active(self, system: str) -> Fault | None:
        """The fault that is on, without counting a request."""
        with self._lock:
            return self._active.get(system)

    def take(self, system: str, target: str) -> Fault | None:
        """The fault that hits this request (path with query), counted; None when it goes through."""
        with self._lock:
            fault = self._active.get(system)
            if fault is None or fault.match not in target:
                return None
            if fault.after > 0:
                self._active[system] = replace(fault, after=fault.after - 1)
                return None
            if fault.times == 1:
                del self._active[system]
            elif fault.times is not None:
                self._active[system] = replace(fault, times=fault.times - 1)
            return fault

    def listing(self) -> dict[str, dict[str, Any]]:
        """What is on, for the control path."""
        with self._lock:
            return {system: asdict(fault) for system, fault in self._active.items()}

    def _tell(self, systems: Sequence[str]) -> None:
        for system in systems:
            react = self._watchers.get(system)
            if react is not None:
                react(self.active(system))


def disturb(rows: Sequence[Mapping[str, object]], fault: Fault | None) -> list[dict[str, object]]:
    """The rows as a disturbed system would give them: none, fewer, or with a field nobody announced."""
    kept = [dict(row) for row in thin(rows, fault)]
    if fault is not None and fault.kind == "unknown_column":
        return [row | {NEW_COLUMN: "baru"} for row in kept]
    return kept


def thin(rows: Sequence[T], fault: Fault | None) -> Sequence[T]:
    """All rows, or none or fewer of them when such a fault is on."""
    if fault is None or fault.kind not in {"empty", "drop_ratio"}:
        return rows
    return rows[: 0 if fault.kind == "empty" else round(len(rows) * (1 - fault.amount))]


def _checked(system: str, kind: str, options: Mapping[str, Any]) -> Fault:
    if system not in SYSTEMS:
        raise SimulatorError(f"no system {system!r} here. Known: {', '.join(SYSTEMS)}")
    possible = [name for name in KINDS if _playable(system, name)]
    if kind not in possible:
        raise SimulatorError(f"{system} cannot play the fault {kind!r}. It can play: {', '.join(possible)}")
    known = {field.name: field.type for field in fields(Fault)}
    wrong = [name for name, value in options.items() if name not in known or isinstance(value, bool)]
    if wrong:
        raise SimulatorError(f"unknown fault option: {', '.join(wrong)}. Known: value, times, after, match")
    return _typed(kind, options)


def _typed(kind: str, options: Mapping[str, Any]) -> Fault:
    try:
        value = options.get("value")
        times = options.get("times")
        fault = Fault(
            kind,
            value=None if value is None else float(value),
            times=None if times is None else int(times),
            after=int(options.get("after", 0)),
            match=str(options.get("match", "")),
        )
    except (TypeError, ValueError):
        raise SimulatorError("a fault's value, times and after are numbers") from None
    if fault.amount < 0 or fault.after < 0 or (fault.times is not None and fault.times < 1):
        raise SimulatorError("a fault's value and after are not negative, and times is 1 or more")
    if kind == "drop_ratio" and fault.amount > 1:
        raise SimulatorError("the missing share of drop_ratio is between 0 and 1")
    return fault


def _playable(system: str, kind: str) -> bool:
    if system == "perkim_db":
        return kind in _DATABASE
    if system == "eppgbm_sftp":
        return kind not in _HTTP_ONLY
    if kind in {"loop", "elsewhere"}:
        return system in {"satusehat", "diskominfo"}
    return kind not in _SFTP_ONLY
