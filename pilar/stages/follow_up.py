"""The follow-up register of a stage: what agencies are asked to do, what became of it, and who verified it.

Recommendations are drawn from the current publication and from the findings that stand. One has the same id wherever
it is drawn again. Each move is a decision of the ledger, which holds the whole recommendation as it is from then on.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from definitions.follow_up_states import State, Word, moved
from definitions.stage import Stage
from ledger.decision_store import Draft, newest
from ledger.errors import ConfigError
from ledger.masks import mask_words
from ledger.records import Decision, FindingRow
from ledger.sql import literal
from ledger.store import Ledger
from publication.page.quality import FINDINGS
from publication.tables import read_rows

Priority = Literal["high", "medium", "low"]
ORDER: tuple[Priority, ...] = get_args(Priority)
Kind = Literal["refused", "finding", "no_figure", "unanswered", "gap", "own"]
PRIORITIES: Mapping[Kind, Priority] = {
    "refused": "high",
    "finding": "high",
    "no_figure": "medium",
    "unanswered": "medium",
    "gap": "low",
    "own": "medium",
}
_ID_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What an agency is asked to do. ``about`` is a question's key or a finding's id.

    ``owner`` is None where no agency is known. ``state`` and what stands behind it are of the last move.
    """

    instrument: str
    year: int
    stage: str
    region_code: str
    about: str
    kind: Kind
    owner: str | None
    text_id: str
    text_en: str
    priority: Priority
    due: str | None = None
    state: State = "open"
    actor: str = ""
    reason: str = ""

    @property
    def id(self) -> str:
        """What it is known by: the same in every publication."""
        told = (self.instrument, str(self.year), self.stage, self.region_code, self.about)
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:_ID_DIGITS]


# -- what is asked for -------------------------------------------------------------------------------------------------


def draw(publication: Path, findings: Iterable[FindingRow], stage: Stage) -> Sequence[Recommendation]:
    """What a publication and the findings that stand ask agencies to do: one thing for each region and question.

    An answer that was refused comes before a figure that is missing, that before an answer that nobody gave, and that
    before a score that could be higher.
    """
    asked = {
        row["about"]: row
        for row in read_rows(
            publication,
            "select dimension || '/' || position as about, question_text, question_text_en, indicator_id, "
            "coalesce(asked.owner, defined.owner) as owner from reference.questions as asked "
            "left join reference.indicators as defined on asked.indicator_id = defined.id "
            f"where instrument_id = {literal(stage.instrument)} order by all",
        )
    }
    indicators = {row["indicator_id"]: about for about, row in asked.items() if row["indicator_id"] is not None}
    found: dict[tuple[str, str], Recommendation] = {}
    for one in (*_of_questions(publication, asked, stage), *_of_findings(publication, findings, indicators, stage)):
        found.setdefault((one.region_code, one.about), one)
    return list(found.values())


def own(stage: Stage, region_code: str, text: str, *, owner: str | None, priority: str) -> Recommendation:
    """A recommendation of somebody's own. Raises ConfigError for words that say nothing, or a wrong priority."""
    words = mask_words(" ".join(text.split()))
    if not words:
        raise ConfigError("the recommendation says nothing", do="Write what is to be done")
    about = f"own {hashlib.sha256(words.encode()).hexdigest()[:_ID_DIGITS]}"
    where = {**asdict(stage), "region_code": region_code, "about": about}
    return Recommendation(
        **where, kind="own", owner=owner, text_id=words, text_en=words, priority=priority_named(priority)
    )


def priority_named(said: str) -> Priority:
    """A priority by its name. Raises ConfigError where it is none."""
    for priority in ORDER:
        if priority == said:
            return priority
    raise ConfigError(f"there is no priority {said[:20]!r}", where="--priority", do="Write high, medium or low")


def _of_questions(publication: Path, asked: Mapping[str, Any], stage: Stage) -> Iterator[Recommendation]:
    own = f"instrument_id = {literal(stage.instrument)} and year = {stage.year}"
    answers = read_rows(
        publication,
        "select region_code, split_part(question, '#', 1) as about, state from scores.instrument_answers "
        f"where {own} and role = 'opd' and state in ('refused', 'unanswered', 'counted') order by all",
    )
    figures = read_rows(
        publication,
        "select region_code, dimension || '/' || asked.position as about, scored.state, scored.score, "
        "(select max(band.score::decimal(4, 2)) from reference.bands as band "
        "where band.question_key = scored.question_key) as highest "
        "from scores.question_scores as scored inner join reference.questions as asked using (question_key, dimension) "
        f"where rule_set_id in (select rule_set_id from reference.rule_set_methods where {own}) order by all",
    )
    measured = {(row["region_code"], row["about"]) for row in figures if row["score"] is not None}
    yield from (_asking(stage, row, asked, "refused") for row in answers if row["state"] == "refused")
    yield from (_asking(stage, row, asked, "no_figure") for row in figures if row["state"] == "missing")
    for row in answers:
        if row["state"] != "refused" and (row["region_code"], row["about"]) not in measured:
            yield _asking(stage, row, asked, "unanswered")
    for row in figures:
        if row["score"] is not None and row["highest"] is not None and row["score"] < row["highest"]:
            yield _asking(stage, row, asked, "gap")


_TEXTS: Mapping[Kind, tuple[str, str]] = {
    "refused": ("Perbaiki jawaban yang ditolak: {id}", "Mend the answer that was refused: {en}"),
    "no_figure": ("Kirimkan data: {id}", "Deliver the data: {en}"),
    "unanswered": ("Jawab pertanyaan: {id}", "Answer the question: {en}"),
    "gap": ("Tingkatkan: {id} (skor {score_id} dari {highest_id})", "Improve: {en} (score {score} of {highest})"),
}


def _asking(stage: Stage, row: Mapping[str, Any], asked: Mapping[str, Any], kind: Kind) -> Recommendation:
    about = str(row["about"])
    question = asked.get(about, {"question_text": about, "question_text_en": about, "owner": None})
    words = {"id": question["question_text"], "en": question["question_text_en"]}
    for name in ("score", "highest"):
        words |= {name: str(row.get(name)), f"{name}_id": str(row.get(name)).replace(".", ",")}
    text_id, text_en = (text.format(**words) for text in _TEXTS[kind])
    return Recommendation(
        **asdict(stage),
        region_code=row["region_code"],
        about=about,
        kind=kind,
        owner=question["owner"],
        text_id=text_id,
        text_en=text_en,
        priority=PRIORITIES[kind],
    )


def _of_findings(
    publication: Path, findings: Iterable[FindingRow], indicators: Mapping[str, str], stage: Stage
) -> Iterator[Recommendation]:
    """Findings in what is published of the installation's regions, but those about indicators of other instruments."""
    regions = {row["region_code"] for row in read_rows(publication, "select region_code from reference.regions")}
    measured = {row["id"] for row in read_rows(publication, "select id from reference.indicators")}
    for one in findings:
        if one.region_code not in regions or (one.subject in measured and one.subject not in indicators):
            continue
        # A finding of an earlier version may follow a rule that no longer has words.
        rule = FINDINGS.get(one.rule)
        where = " ".join(part for part in (one.period, one.subject, one.field) if part)
        yield Recommendation(
            **asdict(stage),
            region_code=str(one.region_code),
            about=f"finding {one.finding_id}",
            kind="finding",
            owner=one.owner,
            text_id=f"Perbaiki data: {rule.id if rule is not None else one.rule} ({where})",
            text_en=f"Mend the data: {rule.en if rule is not None else one.rule} ({where})",
            priority="high" if one.severity == "contradiction" else "low",
        )


# -- the register ------------------------------------------------------------------------------------------------------


def register(decisions: Iterable[Decision], stage: Stage | None = None) -> Sequence[Recommendation]:
    """Every recommendation (of a stage) as its newest decision says, by agency, priority and id."""
    found = (Recommendation(**link.told) for link in newest(decisions).values())
    return sorted((one for one in found if stage is None or of(one) == stage), key=_place)


def of(one: Recommendation) -> Stage:
    """The stage that a recommendation is of."""
    return Stage(one.instrument, one.year, one.stage)


def _place(one: Recommendation) -> tuple[str, int, str]:
    return one.owner or "~", ORDER.index(one.priority), one.id


def open_drawn(
    ledger: Ledger, drawn: Sequence[Recommendation], *, actor: str, due: date | None
) -> tuple[Sequence[Recommendation], Sequence[Recommendation]]:
    """Enter what is not in the register, and open again what was verified and stands all the same. Returns both.

    A second call changes nothing. What is at work stays as it is, and what was dropped stays dropped.
    """
    known = newest(ledger.decisions("follow_up"))
    new = [
        replace(one, due=due.isoformat() if due is not None else None, actor=actor)
        for one in drawn
        if one.id not in known
    ]
    again = [
        replace(old, state="open", actor=actor, reason="found again in a later publication")
        for one in drawn
        if one.id in known and (old := Recommendation(**known[one.id].told)).state == "verified"
    ]
    drafts: list[Draft] = [(one.id, known.get(one.id), asdict(one)) for one in (*new, *again)]
    ledger.decide("follow_up", drafts)
    return new, again


def move(
    ledger: Ledger, name: str, word: Word, *, actor: str, reason: str = "", changes: Mapping[str, Any] | None = None
) -> Recommendation:
    """Move one recommendation, named by its id or its first digits; ``changes`` are of owner, priority and due.

    Raises ConfigError where there is none, or the table of states does not allow it. Nothing is then written.
    """
    link = _named(ledger, name)
    one = Recommendation(**link.told)
    to = moved(one.state, word, actor=actor, last_actor=one.actor, reason=reason)
    after = replace(one, state=to, actor=actor, reason=mask_words(reason), **(changes or {}))
    ledger.decide("follow_up", [(one.id, link, asdict(after))])
    return after


def verify(ledger: Ledger, publication: Path, name: str, *, actor: str, reason: str = "") -> Recommendation:
    """Verify what was done. What the current publication still finds wrong needs a reason.

    Raises ConfigError as ``move`` does.
    """
    one = Recommendation(**_named(ledger, name).told)
    standing = {two.id for two in draw(publication, ledger.findings(), of(one)) if two.kind != "gap"}
    if one.id in standing and not reason:
        raise ConfigError(
            "the current publication still asks for it", where=one.id, do="Evaluate first, or say why with --reason"
        )
    return move(ledger, one.id, "verify", actor=actor, reason=reason)


def _named(ledger: Ledger, name: str) -> Decision:
    known = newest(ledger.decisions("follow_up"))
    found = [link for subject, link in known.items() if name and subject.startswith(name)]
    if len(found) != 1:
        what = "no recommendation has this id" if not found else f"{len(found)} recommendations have ids that begin so"
        raise ConfigError(what, where=name, do="See `pilar followup list`")
    return found[0]
