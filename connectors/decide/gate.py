"""The source gate: may this batch replace the one in force? Pure policy; reading and writing happen elsewhere.

``held`` keeps the last good batch in force until a person decides; ``rejected`` means that there is nothing to release.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from connectors.decide.facts import Before, Facts, GateDecision, PullRows, Reason
from connectors.source.source import Assertions

ADDED = "drift_added"

MIN_COPY_ROWS = 2
"""One row may honestly be the same under two sources or coverages; more are a copy under another key."""
SILENT_CAPS = frozenset({1_000, 5_000, 10_000, 32_000, 50_000, 65_535, 65_536, 100_000})
"""Row counts at which portals (CKAN: 32,000), spreadsheets and gateways are known to stop without a word."""
_SHOWN = 20


def decide(facts: Facts, assertions: Assertions) -> GateDecision:
    """Judge one batch."""
    if facts.new_rows is not None:
        return _decide_delta(facts, facts.new_rows, assertions)
    if facts.before is not None and _unchanged(facts, facts.before):
        return GateDecision("unchanged")
    if facts.received > 0 and facts.landed == 0:
        return GateDecision("rejected", (_nothing_landed(facts), *facts.drift))
    reasons = tuple(_reasons(facts, assertions))
    return GateDecision("held" if reasons else "accepted", reasons)


def _decide_delta(facts: Facts, new_rows: int, assertions: Assertions) -> GateDecision:
    """Judge a batch that joins what is in force.

    However few its rows are, it removes none: floors and shrinking are for what replaces a coverage. No row at all is
    what a quiet day looks like.
    """
    if facts.received > 0 and facts.before is not None and facts.before.synthetic != facts.synthetic:
        return GateDecision("rejected", (_of_another_kind(facts),))
    if new_rows == 0 and _nothing_else(facts):
        return GateDecision("unchanged")
    if facts.received > 0 and facts.landed == 0:
        return GateDecision("rejected", (_nothing_landed(facts), *facts.drift))
    reasons = (*_about(facts), *_repeated(facts), *_quality(facts, assertions), *facts.drift, *_copies(facts))
    return GateDecision("held" if reasons else "accepted", reasons)


def _nothing_else(facts: Facts) -> bool:
    """Whether a delta without new rows has nothing else to tell: what was refused is a signal, once."""
    if not facts.quarantined and not facts.drift:
        return True
    before = facts.before
    return before is not None and before.contract_sha256 == facts.contract_sha256 and _same_bytes(facts, before)


def too_many(received: int, assertions: Assertions) -> Reason | None:
    """More rows than expected is a finding, not a reason to hold: nothing is lost by it."""
    limit = assertions.rows.max
    if limit is None or received <= limit:
        return None
    return Reason(
        "rows_max", "more rows than expected", "Raise rows.max if this is the new size", str(received), str(limit)
    )


def capped(listings: Sequence[int]) -> Reason | None:
    """A listing of exactly as many rows as many systems give at most, saying nothing of the rest: a finding."""
    found = Counter(rows for rows in listings if rows in SILENT_CAPS)
    if not found:
        return None
    told = (f"{rows} in {times} listings" if times > 1 else str(rows) for rows, times in sorted(found.items()))
    return Reason(
        "silent_cap",
        "exactly as many rows as systems like this give at most",
        "Ask the agency for its own count; page through it, or split it with `for_each`",
        ", ".join(told),
    )


def repeated(count: int, *, announced: bool) -> Reason | None:
    """Rows that came again on a later page: their list has no order, or it changed while it was read.

    Where it is as long as it was ``announced`` to be, as many others never came. Otherwise nobody can know.
    """
    if not count:
        return None
    lost = ", while the list is as long as announced: as many others never came" if announced else ""
    return Reason(
        "repeated",
        f"rows came again on another page of their list{lost}",
        "Have the system sort its list by what no two rows share, its key (a sort parameter in `args`), and pull again",
        str(count),
    )


def _unchanged(facts: Facts, before: Before) -> bool:
    # What a simulator gave is marked; the same rows of the real system are others.
    if (before.contract_sha256, before.synthetic) != (facts.contract_sha256, facts.synthetic):
        return False
    # Some systems write the time of the answer into it: then the bytes differ while every row is the same. A field that
    # nobody declared is no row's difference, and still must be seen.
    same_rows = (
        not any(reason.code == ADDED for reason in facts.drift)
        and before.rows_sha256 == facts.rows_sha256
        and before.quarantined == facts.quarantined == 0
    )
    return same_rows or _same_bytes(facts, before)


def _same_bytes(facts: Facts, before: Before) -> bool:
    same_content = before.content_sha256 == facts.content_sha256 and before.context_sha256 == facts.context_sha256
    # The same bytes may be refused in another number: a cursor that was in the future then need not be now.
    return same_content and before.quarantined == facts.quarantined


def _nothing_landed(facts: Facts) -> Reason:
    return Reason(
        "nothing_landed",
        "no row fits the contract",
        "Look at the quarantine: either the source changed its form, or the contract is wrong",
        f"0 of {facts.received}",
        "1",
    )


def _of_another_kind(facts: Facts) -> Reason:
    return Reason(
        "simulated",
        "rows of a simulator and of the real system would join in one coverage",
        "Read everything again: `pilar pull SOURCE --full`",
        "rows of a simulator" if facts.synthetic else "rows of the real system",
    )


def _reasons(facts: Facts, assertions: Assertions) -> Iterator[Reason]:
    yield from _about(facts)
    yield from _repeated(facts)
    yield from _size(facts, assertions)
    yield from _quality(facts, assertions)
    yield from facts.drift
    yield from _gone(facts, assertions)
    yield from _changed(facts, assertions)
    yield from _copies(facts)


def _about(facts: Facts) -> Iterator[Reason]:
    if facts.coverage is None:
        yield Reason(
            "coverage_unknown",
            "rows do not say what they are about",
            "Mend the coverage column at the source, or release nothing of this batch",
            str(facts.received),
        )
    elif facts.not_after is not None and facts.coverage > facts.not_after and facts.received:
        yield Reason(
            "coverage_future",
            "the period that the rows are about lies far ahead: a mistyped year, or a plan",
            "Mend it at the source and pull again; a source of plans says `coverage: {ahead: 1830d}`",
            facts.coverage,
            facts.not_after,
        )


def _repeated(facts: Facts) -> Iterator[Reason]:
    reason = repeated(facts.repeated, announced=True)
    if reason is not None:
        yield reason


def _size(facts: Facts, assertions: Assertions) -> Iterator[Reason]:
    usual = _usual(facts)
    if facts.vanished:
        yield from _vanished(facts, assertions, usual)
        return
    if facts.received == 0 and usual > 0:
        yield Reason(
            "empty",
            "the source gave nothing where rows stood before",
            "Ask the agency; if it is really empty, release the batch",
            "0",
            f"{usual:g}",
        )
        return
    if facts.received < assertions.rows.min:
        yield Reason(
            "rows_min",
            "fewer rows than the contract's floor",
            "Ask the agency what is missing; on a lawful change lower rows.min to 80 % of the new size, with the date",
            str(facts.received),
            str(assertions.rows.min),
        )
    floor = usual * (1 - assertions.shrink.max)
    if facts.received < floor:
        yield Reason(
            "shrink",
            "many fewer rows than usual",
            "Ask the agency; release the batch if the change is real",
            str(facts.received),
            f"{floor:g} (usually {usual:g})",
        )


def _vanished(facts: Facts, assertions: Assertions, usual: float) -> Iterator[Reason]:
    if facts.before is not None and facts.before.synthetic and not facts.synthetic:
        return  # what a simulator made up is not missed
    may_go = assertions.rows.min == 0 and assertions.shrink.max == 1 and assertions.gone_max == 1
    if facts.pull is not None and not may_go:
        yield Reason(
            "vanished",
            "no row of the pull is of this coverage any more",
            "Ask the agency; release the batch if its rows were really deleted",
            f"0 of {facts.pull.received} rows, where {usual:g} stood",
        )


def _usual(facts: Facts) -> float:
    """The larger of the batch in force and the trailing median: neither one odd batch nor a short history decides."""
    trailing = float(median(facts.trailing)) if facts.trailing else 0.0
    return max(trailing, float(facts.before.received) if facts.before is not None else 0.0)


def _quality(facts: Facts, assertions: Assertions) -> Iterator[Reason]:
    quota = assertions.quarantine.max
    if facts.received and facts.quarantined > quota * facts.received:
        yield Reason(
            "quarantine",
            "too many rows in quarantine",
            "Look at the reasons by rule and field; one rule for all rows is a change of form",
            f"{facts.quarantined} of {facts.received}",
            f"{quota:.1%}",
        )
    elif facts.pull is not None and facts.coverage is not None:
        yield from _unclear(facts, facts.pull, quota)
    if facts.flagged > assertions.flagged.max * facts.landed:
        yield Reason(
            "flagged_max",
            "too many rows break what is only flagged",
            "Look whether a header or a column moved; if all is true, release the batch and raise flagged.max",
            f"{facts.flagged} of {facts.landed}",
            f"{assertions.flagged.max:.1%}",
        )


def _unclear(facts: Facts, pull: PullRows, quota: float) -> Iterator[Reason]:
    """Nobody knows whose they are, so each coverage bears its part of them beside what was refused of its own."""
    clear, received = pull.received - pull.unclear, facts.received or 1
    if not pull.unclear or pull.unclear * received + facts.quarantined * clear <= quota * pull.received * received:
        return
    own = f", and {facts.quarantined} of its own {facts.received} refused" if facts.quarantined else ""
    yield Reason(
        "coverage_unclear",
        "too many rows of the pull do not say what they are about",
        "Mend the coverage column at the source, or in the contract; then pull, or replay",
        f"{pull.unclear} of {pull.received}{own}",
        f"{quota:.1%}",
    )


def _gone(facts: Facts, assertions: Assertions) -> Iterator[Reason]:
    before = facts.before
    if before is None or not before.keys or not facts.received:
        return
    if before.keys_gone > assertions.gone_max * before.keys:
        yield Reason(
            "mass_deletion",
            "many records of the batch in force are not in this one",
            "Ask the agency; release the batch if they were really deleted",
            f"{before.keys_gone} of {before.keys}",
            f"{assertions.gone_max:.1%}",
        )


def _changed(facts: Facts, assertions: Assertions) -> Iterator[Reason]:
    """Labels that were swapped keep every count; record by record they are other values all the same."""
    before, limit = facts.before, assertions.changed
    if before is None or limit is None or before.keys_changed <= limit.max * before.keys:
        return
    yield Reason(
        "mass_change",
        "many records of the batch in force have other values now",
        "Compare some with the agency (revisions.parquet in the batch's folder); release the batch if they hold",
        f"{before.keys_changed} of {before.keys}",
        f"{limit.max:.1%}",
    )


def _copies(facts: Facts) -> Iterator[Reason]:
    if facts.copies and facts.received >= MIN_COPY_ROWS:
        yield Reason(
            "copy",
            "the same content stands under another source or coverage",
            "One of them is wrong, or the system ignores what is asked: compare with the agency before releasing",
            ", ".join(facts.copies[:_SHOWN]),
        )
    if facts.doubled_pages:
        yield Reason(
            "copy_within",
            "the source answered different questions with the same content",
            "Compare the pages' requests; a copied file carries the wrong region or period",
            f"pages {', '.join(map(str, facts.doubled_pages[:_SHOWN]))}",
        )
