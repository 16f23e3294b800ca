"""Faults on demand: what goes wrong, at which system, how often."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, TypeVar

from simulator.errors import SimulatorError

T = TypeVar("T")

# What a wire does to any answer; simulator.mishaps plays them.
WIRE: Mapping[str, str] = MappingProxyType(
    {
        "down": "the system answers 503 (SATUSEHAT: 504 as text); SFTP drops every login",
        "reset": "the connection is reset (TCP RST) before any answer; SFTP: while a file is read",
        "closed": "the connection is closed before any answer",
        "silence": "nothing comes for `value` seconds, then the connection is closed",
        "slow_drip": "the body comes at most 64 bytes at a time, `value` seconds apart",
        "half_page": "Content-Length promises more bytes than come; SFTP: the workbook is cut off",
        "half_chunk": "a chunk ends before its announced end",
        "cut_json": "the body stops in the middle, with a Content-Length that agrees",
        "no_http": "the greeting of an FTP server",
        "status": "the status `value`, with words that repeat the credentials",
        "quota": "429 with Retry-After of `value` seconds",
        "quota_until": "429 with a date `value` seconds from now in Retry-After",
        "quota_until_past": "429 with a date `value` seconds ago in Retry-After",
        "html": "200 with a login page in HTML; SFTP: the login page under the workbook's name",
        "outage": "a page about maintenance in HTML, with the status `value`",
        "outage_as_json": "the same, called JSON",
        "words": "200 with a sentence",
        "pdf": "200 with a PDF",
        "no_body": "200 with an empty body",
        "no_content": "204",
        "json_as_html": "the right answer, called HTML",
        "other_charset": "the right answer, called UTF-16",
        "json_and_more": "the right answer, and a warning in HTML behind it",
        "byte_order_mark": "the right answer behind a byte order mark",
        "large": "`value` blanks, announced",
        "large_unannounced": "the right answer and `value` blanks, without a length",
        "gzip_bomb": "five million blanks, packed",
        "gzip_cut": "a packed answer that breaks off",
        "packed_otherwise": "an answer packed in a way that nobody asked for",
        "redirect_elsewhere": "307 to another host",
        "redirect_to_login": "302 to a login page",
        "redirect_in_circle": "307 to the same address",
    }
)
# What a system does to the JSON of its answer, by changing a value of the first record; simulator.systems.common.
TEXT: Mapping[str, str] = MappingProxyType(
    {
        "nul": "a text holds NUL",
        "lone_surrogate": "a text holds half a character",
        "not_a_number": "NaN stands where a value stood",
        "infinity": "-Infinity stands where a value stood",
        "nested": "three thousand lists in lists stand where a value stood",
        "field_twice": "a record names a field twice",
        "envelope_twice": "the envelope names its first member twice",
    }
)
# What a system does to its list.
LIST: Mapping[str, str] = MappingProxyType(
    {
        "wrong_token": "every credential is refused, in the system's own words",
        "empty": "an empty list where rows stood",
        "unknown_column": "every row has a field `kolom_baru` (positional rows: one value more)",
        "drop_ratio": "the share `value` of the rows is missing",
        "page_repeated": "every request is answered as the first one was",
        "loop": "the link to the next page leads to the same page, for ever",
        "elsewhere": "the link to the next page leads to another host",
        "endless": "there is always a next page",
    }
)
FILES: Mapping[str, str] = MappingProxyType({"broken_workbook": "the workbook is not a readable ZIP any more"})
KINDS: Mapping[str, str] = MappingProxyType({**WIRE, **TEXT, **LIST, **FILES})

HTTP = frozenset({*WIRE, *TEXT, *LIST})
DATABASE = frozenset({"empty", "unknown_column", "drop_ratio"})
SFTP_LINE = frozenset({"down", "reset", "wrong_token", "slow_drip"})
SFTP = SFTP_LINE | DATABASE | {"html", "half_page", "broken_workbook"}

_VALUES: Mapping[str, float] = MappingProxyType(
    {
        "quota": 1.0,
        "quota_until": 3600.0,
        "quota_until_past": 3600.0,
        "slow_drip": 0.2,
        "silence": 0.5,
        "drop_ratio": 0.5,
        "status": 500.0,
        "outage": 200.0,
        "large": 40_000.0,
        "large_unannounced": 40_000.0,
    }
)

NEW_COLUMN = "kolom_baru"
ELSEWHERE = "http://lain.contoh.invalid"


@dataclass(frozen=True)
class Fault:
    """One fault.

    ``times`` requests are hit (None: all until cleared), after the first ``after``; only those whose path and query
    contain ``match``. ``value`` is what its kind says, for instance seconds. Requests of files and of the database are
    not counted: ``times``, ``after`` and ``match`` are for HTTP systems.
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
    """The faults that are on now, one a system; safe to change from any thread. ``playable``: which each can play."""

    def __init__(self, playable: Mapping[str, Collection[str]]) -> None:
        self._playable = playable
        self._lock = threading.Lock()
        self._active: dict[str, Fault] = {}
        self._watchers: dict[str, Callable[[Fault | None], object]] = {}

    @property
    def systems(self) -> list[str]:
        """The systems that can misbehave."""
        return list(self._playable)

    def watch(self, system: str, react: Callable[[Fault | None], object]) -> None:
        """Call ``react`` when this system's fault changes, for systems that are not asked each time."""
        self._watchers[system] = react

    def unwatch(self) -> None:
        """Forget who watches."""
        self._watchers.clear()

    def set(self, system: str, kind: str, **options: Any) -> Fault:
        """Switch a fault on, in place of the one that was on; raises SimulatorError for one that cannot be played."""
        fault = self._checked(system, kind, options)
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

    def _checked(self, system: str, kind: str, options: Mapping[str, Any]) -> Fault:
        if system not in self._playable:
            raise SimulatorError(f"no system {system!r} here. Known: {', '.join(self._playable)}")
        if kind not in self._playable[system]:
            possible = ", ".join(name for name in KINDS if name in self._playable[system])
            raise SimulatorError(f"{system} cannot play the fault {kind!r}. It can play: {possible}")
        known = {field.name for field in fields(Fault)}
        wrong = [name for name, value in options.items() if name not in known or isinstance(value, bool)]
        if wrong:
            raise SimulatorError(f"unknown fault option: {', '.join(wrong)}. Known: value, times, after, match")
        return _typed(kind, options)

    def _tell(self, systems: Sequence[str]) -> None:
        for system in systems:
            react = self._watchers.get(system)
            if react is not None:
                react(self.active(system))


def thin(rows: Sequence[T], fault: Fault | None) -> Sequence[T]:
    """All rows, or none or fewer of them when such a fault is on."""
    if fault is None or fault.kind not in {"empty", "drop_ratio"}:
        return rows
    return rows[: 0 if fault.kind == "empty" else round(len(rows) * (1 - fault.amount))]


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
