"""A stage of the evaluation by one instrument: what is ready, what is asked of whom, what was given and frozen."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from ledger.names import agency_name
from publication.content import Content, Row, distinct
from publication.meta import Frozen
from publication.page.agency import MOST, Task, tasks
from publication.page.frame import Material, Page
from publication.page.instruments import INDEX
from publication.page.states import NOT_YET, Mark, task_mark
from publication.page.words import ROLES, Text, clock, number
from publication.paths import agency_page, region_page, stage_page

STAGES = ("I", "II")
PURPOSE = {
    "I": Text("Temuan dan rekomendasi", "Findings and recommendations"),
    "II": Text("Penilaian akhir dan indeks", "Final assessment and index"),
}
LACKS = {
    "answer": Text("belum dijawab", "not answered"),
    "returned": Text("dikembalikan, belum dikirim lagi", "returned, and not handed in again"),
    "evidence": Text("belum ada bukti dukung", "no evidence handed in"),
    "fresh_evidence": Text("belum ada bukti dukung yang masih berlaku", "no evidence that is valid and fresh"),
    "contradicted": Text("bertentangan dengan angka resmi", "contradicted by a figure"),
}
ANSWERS = {
    "draft": Text("draf", "draft"),
    "submitted": Text("dikirim", "handed in"),
    "returned": Text("dikembalikan", "returned"),
    "verified": Text("terverifikasi", "verified"),
    "assessed": Text("dinilai asesor", "assessed"),
    "objected": Text("disanggah", "objected to"),
    "final": Text("final", "final"),
}
MOST_LACKING = 1000
"""How many questions a page names that are not ready; beyond that it gives their numbers alone, and says so."""
NOBODY = Text("belum ada OPD yang ditunjuk", "no agency is named")


@dataclass(frozen=True, slots=True)
class Lacking:
    """A question that is not ready."""

    code: str
    text: Text
    state: Text
    evidence: Text | None
    lacks: Text


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an agency has ready for one region and year. ``waiting``: questions whose answer another body gives."""

    agency: Text
    page: str | None
    ready: int
    total: int
    waiting: int
    counts: Sequence[tuple[Text, int]]
    lacking: Sequence[Lacking]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What is ready in one region and year."""

    region: str
    page: str
    year: int
    ready: int
    total: int
    waiting: int
    sheets: Sequence[Sheet]


@dataclass(frozen=True, slots=True)
class Result:
    """One party's result for a region and year."""

    region: str
    page: str
    year: int
    by: Text
    value: Text
    predicate: Text | None
    state: Mark | None
    answered: int
    total: int
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Version:
    """A frozen version of the stage."""

    year: int
    version: int
    at: Text
    publication: str
    list_sha256: str
    check: str


@dataclass(frozen=True, slots=True)
class Stage:
    """The page of a stage."""

    name: Text
    stage: str
    purpose: Text
    other: tuple[str, str]
    readiness: Sequence[Readiness]
    named: bool
    results: Sequence[Result]
    tasks: Sequence[Task]
    asked: int
    open_tasks: int
    counts: Sequence[tuple[Mark, int]]
    versions: Sequence[Version]
    pack: str


def pages(material: Material) -> Iterator[Page]:
    """Pages for both stages of every instrument that somebody has begun with."""
    content = material.content
    meta = content.meta
    begun = {one.instrument for one in meta.follow_ups} | {one.instrument for one in meta.frozen}
    begun |= {str(row["instrument_id"]) for row in distinct(content.readiness, "instrument_id")}
    tables = [content.digests_of(rows, "instrument_id") for rows in (content.readiness, content.instrument_scores)]
    for name, instrument in content.instruments.items():
        for number_ in STAGES if name in begun else ():
            title = Text(f"{instrument['name_id']}, tahap {number_}", f"{instrument['name_en']}, stage {number_}")
            yield Page(
                path=stage_page(name, number_),
                template="stage.html.j2",
                title=title,
                view=partial(stage, content, name, number_),
                reads=[
                    [digests.get(name) for digests in tables],
                    [one.model_dump(mode="json") for one in meta.follow_ups if one.instrument == name],
                    [one.model_dump(mode="json") for one in meta.frozen if one.instrument == name],
                ],
            )


def stage(content: Content, instrument_id: str, number_: str) -> Stage:
    """What a stage of an instrument has come to, in all of its years."""
    instrument = content.instruments[instrument_id]
    own = tasks(content, of=(instrument_id, number_))
    counts = Counter(task.state for task in own)
    frozen = [one for one in content.meta.frozen if (one.instrument, one.stage) == (instrument_id, number_)]
    ready = content.where(content.readiness, instrument_id=instrument_id)
    named = sum(not row["ready"] and row["lacks"] != "waiting" for row in ready) <= MOST_LACKING
    readiness = _readiness(ready, _english(content, instrument_id) if named else None)
    results = _results(content, instrument_id)
    other = next(one for one in STAGES if one != number_)
    return Stage(
        name=Text(str(instrument["name_id"]), str(instrument["name_en"])),
        stage=number_,
        purpose=PURPOSE[number_],
        other=(stage_page(instrument_id, other), other),
        readiness=readiness,
        named=named,
        results=results,
        tasks=own[:MOST],
        asked=len(own),
        open_tasks=sum(task.open for task in own),
        counts=[(mark, counts[mark]) for mark in map(task_mark, _ORDER) if counts[mark]],
        versions=[_version(one) for one in sorted(frozen, key=lambda one: (-one.year, -one.version))],
        pack=f"pilar stages pack {instrument_id} {number_}",
    )


_ORDER = ("open", "in_progress", "done", "verified", "dropped")


def _version(one: Frozen) -> Version:
    folder = f"frozen/{one.instrument}-{one.year}-{one.stage}/v{one.version}"
    return Version(
        one.year, one.version, clock(one.frozen_at), one.publication, one.list_sha256, f"pilar verify frozen {folder}"
    )


def _readiness(rows: Iterable[Row], english: Mapping[str, str] | None) -> list[Readiness]:
    """By year from the newest, region and agency. ``english``: the questions; None: none of them is named."""
    ordered = sorted(
        rows,
        key=lambda row: (-int(row["year"]), str(row["region_code"]), row["owner"] is None, str(row["owner"] or "")),
    )
    found = []
    for (year, code, region), sheet in groupby(
        ordered, key=lambda row: (int(row["year"]), str(row["region_code"]), str(row["region_name"]))
    ):
        sheets = [_sheet(owner, [*own], english) for owner, own in groupby(sheet, key=lambda row: row["owner"])]
        ready, total, waiting = (sum(getattr(one, name) for one in sheets) for name in ("ready", "total", "waiting"))
        found.append(Readiness(region, region_page(code), year, ready, total, waiting, sheets))
    return found


def _sheet(owner: object, rows: Sequence[Row], english: Mapping[str, str] | None) -> Sheet:
    asked = [row for row in rows if row["lacks"] != "waiting"]
    lacking = [row for row in asked if not row["ready"]]
    counts = Counter(str(row["lacks"]) for row in lacking)
    name = agency_name(str(owner)) if owner is not None else ""
    return Sheet(
        agency=Text(name, name) if owner is not None else NOBODY,
        page=agency_page(owner) if owner is not None else None,
        ready=len(asked) - len(lacking),
        total=len(asked),
        waiting=len(rows) - len(asked),
        counts=[(told, counts[kind]) for kind, told in LACKS.items() if counts[kind]],
        lacking=[_lacking(row, english) for row in lacking] if english is not None else [],
    )


def _lacking(row: Row, english: Mapping[str, str]) -> Lacking:
    text = str(row["text"])
    handed, good = int(row["evidence"] or 0), int(row["evidence_good"] or 0)
    return Lacking(
        code=str(row["printed_code"]),
        text=Text(text, english.get(str(row["question"]).partition("#")[0], text)),
        state=ANSWERS.get(str(row["state"]), LACKS["answer"]),
        evidence=Text(f"{good} dari {handed} berlaku", f"{good} of {handed} good") if handed else None,
        lacks=LACKS[str(row["lacks"])],
    )


def _english(content: Content, instrument_id: str) -> Mapping[str, str]:
    """The questions of an instrument in English, by what an answer calls them."""
    return {
        f"{row['dimension']}/{row['position']}": str(row["question_text_en"])
        for row in content.questions.values()
        if row["instrument_id"] == instrument_id and row["question_text_en"]
    }


def _results(content: Content, instrument_id: str) -> list[Result]:
    order = list(ROLES)
    own = content.where(content.instrument_scores, instrument_id=instrument_id, node=INDEX)
    own.sort(key=lambda row: (-int(row["year"]), str(row["region_code"]), order.index(str(row["role"]))))
    return [
        Result(
            region=str(row["region_name"]),
            page=region_page(row["region_code"]),
            year=int(row["year"]),
            by=ROLES[str(row["role"])],
            value=number(row["value"], 2),
            predicate=Text(str(row["predicate"]), str(row["predicate_en"])) if row["predicate"] is not None else None,
            state=NOT_YET if row["value"] is None else None,
            answered=int(row["questions"]) - int(row["unanswered"]) - int(row["waiting"]),
            total=int(row["questions"]),
            synthetic=bool(row["synthetic"]),
        )
        for row in own
    ]
