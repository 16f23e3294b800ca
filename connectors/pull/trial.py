"""Is a source's system there, does it let us in, and what does its first page look like? Nothing of it is kept."""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Literal
from urllib.parse import urlsplit

from connectors.http.client import Heard, HttpClient, limits_of
from connectors.protocols.base import Page
from connectors.pull.course import no_answer
from connectors.pull.dry_run import first_page
from connectors.source.plan import Plan, plan_of
from connectors.source.protocol import protocol_of
from connectors.source.source import Source
from ledger.errors import SourceError
from ledger.settings import Connection

StepOutcome = Literal["ok", "look", "failed", "unknown"]
PORTS = {
    "http": 80,
    "https": 443,
    "ftp": 21,
    "ftps": 21,
    "sftp": 22,
    "postgresql": 5432,
    "mysql": 3306,
    "mariadb": 3306,
}
CLOSE_SECONDS = 2.0
FAR_SECONDS = 60.0
"""Systems that sign the moment of a request refuse one that is further off than minutes; some take one only."""


@dataclass(frozen=True)
class Step:
    """One step of a trial: ``look`` is worth a look and stops nothing, ``unknown`` says that it could not be told."""

    name: Literal["reach", "login", "first page", "contract", "clock"]
    outcome: StepOutcome
    told: str
    ms: int | None = None


@dataclass
class _Ear:
    """What was heard of a server over HTTP."""

    logins: int = 0
    answers: int = 0
    clock: float | None = None

    def hear(self, heard: Heard) -> None:
        """Note an answer, and how far the server's clock is ahead of ours."""
        self.answers += 1
        self.logins += heard.confidential and heard.verdict.usable
        self.clock = ahead(heard.headers, datetime.now(UTC), heard.ms / 1000)


def try_out(source: Source, link: Connection) -> Sequence[Step]:
    """Reach the system, log in, fetch the first page, hold it against the contract, and compare the clocks.

    Asked once: what is away now is told now. Raises ConfigError where the connection or the arguments make no sense.
    """
    ear = _Ear()
    limits = limits_of(link).model_copy(update={"attempts": 1})
    with HttpClient(link, limits, heard=ear.hear) as http:
        reached = _reach(link, http)
        if reached.outcome == "failed":
            return [reached]
        plan = plan_of(source, None, datetime.now(UTC))
        began = time.monotonic()
        try:
            with closing(_pages(source, link, plan, http)) as pages:
                page = next(islice(pages, 1), None)
            if page is None:
                raise no_answer(source)
        except SourceError as error:
            return [reached, *_not_given(error, link, ear), *_clock(ear)]
        ms = round((time.monotonic() - began) * 1000)
    status = f"HTTP {page.status}, " if page.status else ""
    fetched = Step("first page", "ok", f"{status}{len(page.body)} bytes", ms)
    return [reached, _let_in(link, ear), fetched, _against(source, page, plan), *_clock(ear)]


def _pages(source: Source, link: Connection, plan: Plan, http: HttpClient) -> Generator[Page]:
    yield from protocol_of(source, link, plan.contexts(source.for_each), http).pages()


def _reach(link: Connection, http: HttpClient) -> Step:
    """Whether somebody listens where the connection says."""
    parts = urlsplit(link.url)
    port = parts.port or PORTS.get(parts.scheme)
    if not parts.hostname or port is None:
        return Step("reach", "ok" if parts.scheme == "file" else "unknown", "no host to ask: a place on this machine")
    place, began = f"{parts.hostname}:{port}", time.monotonic()
    try:
        http.dialer.dial(parts.hostname, port, http.limits.connect_s).close()
    except SourceError as error:
        return Step("reach", "failed", str(error))
    except OSError as error:
        do = "Check the connection's URL, the network, and whether the agency lets this machine's address in"
        return Step("reach", "failed", f"{place} does not answer ({error.strerror or error}). {do}")
    return Step("reach", "ok", f"{place} answers", round((time.monotonic() - began) * 1000))


def _let_in(link: Connection, ear: _Ear) -> Step:
    if ear.logins:
        return Step("login", "ok", "the system gave a token")
    if link.login or link.password:
        return Step("login", "ok", "the credentials were taken")
    return Step("login", "ok", "the connection has no credentials, and none were asked for")


def _not_given(error: SourceError, link: Connection, ear: _Ear) -> Iterator[Step]:
    """The steps of a trial that ended before its first page."""
    if error.kind == "auth":
        yield Step("login", "failed", str(error))
        return
    yield _let_in(link, ear) if ear.logins else Step("login", "unknown", "not told before the first page comes")
    yield Step("first page", "failed", str(error))


def _against(source: Source, page: Page, plan: Plan) -> Step:
    """The first page held against the contract."""
    try:
        seen = first_page(source, page, plan)
    except SourceError as error:
        return Step("contract", "failed", str(error))
    received = sum(one.received for one in seen.coverages)
    refused = sum(one.quarantined for one in seen.coverages)
    rules = sorted(
        {" ".join(filter(None, (one.rule, one.field))) for rows in seen.coverages for one in rows.quarantine}
    )
    absent = sorted({name for rows in seen.coverages for name in rows.absent})
    told = f"{received} records: {received - refused} fit, {refused} would be refused"
    told += f" ({', '.join(rules)})" if rules else ""
    told += f"; no record has {', '.join(absent)}" if absent and received else ""
    return Step("contract", "look" if refused or (absent and received) or not received else "ok", told)


def _clock(ear: _Ear) -> Iterator[Step]:
    if ear.clock is None:
        yield Step("clock", "unknown", "the system does not tell its time")
        return
    off = abs(ear.clock)
    if off <= CLOSE_SECONDS:
        yield Step("clock", "ok", f"the server's clock and ours agree within {CLOSE_SECONDS:.0f} s")
        return
    told = f"the server's clock is {off:.0f} s {'ahead of' if ear.clock > 0 else 'behind'} ours"
    do = (
        ". Ask for the time to be set on one of them (NTP): signed requests may be refused" if off > FAR_SECONDS else ""
    )
    yield Step("clock", "look" if off > FAR_SECONDS else "ok", told + do)


def ahead(headers: Mapping[str, str], now: datetime, took_s: float) -> float | None:
    """How many seconds a server's clock is ahead of ours, by its Date header; None where it gives none.

    ``now`` is when the answer had come, and ``took_s`` how long it took. An answer from a cache says its ``Age``.
    """
    try:
        told = parsedate_to_datetime(headers.get("Date", ""))
        age = float(headers.get("Age", "0"))
    except (ValueError, TypeError):
        return None
    if told.tzinfo is None:
        told = told.replace(tzinfo=UTC)
    # The header has whole seconds, and was written somewhere between the question and the answer.
    return (told - now).total_seconds() + age + 0.5 + took_s / 2
