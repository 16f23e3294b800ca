"""What stands behind the scores of one region and pillar: from a score down to what an agency's system answered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

from ledger.names import agency_name
from publication.content import Content, Row, distinct
from publication.meta import SourceBatch
from publication.page.frame import Material, Page
from publication.page.indicators import DIRECTIONS, band_text, mark_of, older, simulated
from publication.page.states import Mark, batch_mark, check_mark, maturity_mark
from publication.page.words import NO_VALUE, Text, amount, clock, number, period, row_sum, source
from publication.paths import COMPARISON, evidence_page, explanation_path, question_anchor, region_page

MOST_REQUESTS = 20
"""How many requests of one batch a page shows; the table of pages has all of them."""
OUTSIDE = Text("Di luar enam pilar", "Outside the six pillars")
RELATIONS = {
    "direct": Text("menjawab pertanyaan secara langsung", "answers the question directly"),
    "proxy": Text("indikator pendekatan (proksi)", "a proxy indicator"),
}
RUBRICS = {
    "official": Text("rubrik resmi", "official rubric"),
    "assumed": Text("rubrik asumsi: batas nilainya belum dari kementerian", "assumed: not the ministry's own bands"),
}


@dataclass(frozen=True, slots=True)
class Band:
    """A band of the rubric; ``own`` where the value lies."""

    edges: Text
    score: Text
    own: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """One question's score, and everything that it follows from."""

    anchor: str
    code: str
    text: Text
    score: Text
    state: Mark
    scored: bool
    older: Text | None
    marks: Sequence[Mark]
    value: Text
    period: Text
    indicator_id: str
    indicator: Text
    definition: Text
    direction: Text | None
    parts: Sequence[tuple[Text, Text]]
    sum: Text | None
    given: Text | None
    published: Text | None
    relation: Text
    note: Text | None
    bands: Sequence[Band]
    rubric: Text
    rubric_version: str
    origin: Text
    citation: str
    held: Text | None
    batches: Sequence[str]
    document: str


@dataclass(frozen=True, slots=True)
class Request:
    """What an agency's system was asked, and the bytes that it answered."""

    text: str
    status: str
    bytes: Text
    sha256: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A batch that the page's scores rest on. ``unshown``: how many of its requests the page leaves out."""

    id: str
    anchor: str
    source: str
    system: str
    opd: str
    agency: str
    coverage: str
    fetched: Text
    state: Mark
    marks: Sequence[Mark]
    rows: Text
    receipt: str
    requests: Sequence[Request]
    answers: Text
    size: Text
    unshown: Text | None
    trace: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """One page of evidence."""

    region: str
    region_code: str
    pillar: Text
    proofs: Sequence[Proof]
    deliveries: Sequence[Delivery]
    gate: Mark | None
    verify: str

    @property
    def scored(self) -> int:
        """How many of the questions have a score."""
        return sum(proof.scored for proof in self.proofs)


def pages(material: Material) -> Iterator[Page]:
    """A page for each region and pillar that has questions."""
    content = material.content
    names: dict[str | None, Text] = {
        str(row["id"]): Text(str(row["name_id"]), str(row["name_en"])) for row in content.pillars
    }
    asked: dict[str, set[str | None]] = {}
    for row in distinct(content.question_scores, "region_code", "pillar"):
        asked.setdefault(str(row["region_code"]), set()).add(row["pillar"] if row["pillar"] in names else None)
    for region in content.regions:
        code, name = str(region["region_code"]), str(region["region_name"])
        own = asked.get(code, set())
        for pillar, title in (names | {None: OUTSIDE}).items():
            if pillar in own:
                yield Page(
                    path=evidence_page(code, pillar),
                    template="evidence.html.j2",
                    title=Text(f"Bukti: {title.id}, {name}", f"Evidence: {title.en}, {name}"),
                    view=partial(_view, content, region, pillar, title),
                    region_code=code,
                    reads=content.newest_years,
                    trail=[(COMPARISON, Text("Semua daerah", "All regions")), (region_page(code), Text(name, name))],
                )


def _view(content: Content, region: Row, pillar: str | None, title: Text) -> Evidence:
    pillars = {row["id"] for row in content.pillars}
    own = content.of_region(content.question_scores, str(region["region_code"]))
    rows = [row for row in own if (row["pillar"] if row["pillar"] in pillars else None) == pillar]
    return evidence(content, region, title, rows)


def evidence(content: Content, region: Row, title: Text, rows: Sequence[Row]) -> Evidence:
    """What stands behind these scores of a region, all of one pillar or outside all of them."""
    code = str(region["region_code"])
    order = {str(row["id"]): int(row["position"]) for row in content.dimensions}
    asked: list[tuple[Row, Row]] = [(content.questions.get(str(row["question_key"]), {}), row) for row in rows]
    asked.sort(key=lambda pair: (order.get(str(pair[1]["dimension"]), 0), int(pair[0].get("position", 0))))
    values = _values(content, code, {str(content.indicators[str(row["indicator_id"])]["pillar"]) for row in rows})
    named = {batch for row in rows for batch in row["batch_ids"] or ()}
    gate = next((one for one in content.meta.gates if one.gate == rows[0]["pillar"]), None)
    return Evidence(
        region=str(region["region_name"]),
        region_code=code,
        pillar=title,
        proofs=[_proof(content, question, row, values) for question, row in asked],
        deliveries=[_delivery(content.batch_of[name]) for name in sorted(named & content.batch_of.keys())],
        gate=check_mark(gate.outcome) if gate is not None else None,
        verify="pilar verify",
    )


def _values(content: Content, code: str, pillars: set[str]) -> Mapping[tuple[str, str], Row]:
    """A region's figures by indicator and period, of these pillars: a question's own may be another."""
    return {
        (str(row["indicator_id"]), str(row["period"])): row
        for rows in (content.marts[pillar] for pillar in sorted(pillars & content.marts.keys()))
        for row in content.of_region(rows, code)
    }


def _proof(content: Content, question: Row, row: Row, values: Mapping[tuple[str, str], Row]) -> Proof:
    definition: Row = content.indicators[str(row["indicator_id"])]
    value = values.get((str(row["indicator_id"]), str(row["period"])), {})
    unit, places = str(row["unit"] or definition["unit"]), int(definition["dp"])
    measured = row["state"] == "measured"
    bands = content.bands_of(str(row["question_key"]), str(row["rubric_version"]))
    note = str(question.get("relation_note") or "")
    parts = _parts(definition, value)
    synthetic = simulated(row, "value")
    text = str(row["question_text"])
    return Proof(
        anchor=question_anchor(row["question_key"]),
        code=str(question.get("printed_code", row["question_key"])),
        text=Text(text, str(question.get("question_text_en") or text)),
        score=number(row["score"]),
        state=mark_of(content, str(row["state"]), str(definition["id"])),
        scored=measured,
        older=older(content, row),
        marks=[synthetic] if synthetic is not None else [],
        value=amount(row["value"], unit, places),
        period=period(row["period"]),
        indicator_id=str(definition["id"]),
        indicator=Text(str(definition["name_id"]), str(definition["name_en"])),
        definition=Text(
            str(definition.get("definition_id") or definition["definition"]), str(definition["definition"])
        ),
        direction=DIRECTIONS.get(str(definition["direction"])),
        parts=parts,
        sum=follows(definition, value) if parts else None,
        given=_given(value),
        published=_published(value, unit, places),
        relation=RELATIONS[str(row["relation"])],
        note=Text(str(question.get("relation_note_id") or note), note) if note else None,
        bands=[_band(band, unit, row["score"] if measured else None) for band in bands],
        rubric=RUBRICS["official" if row["rubric_status"] == "official" else "assumed"],
        rubric_version=str(row["rubric_version"]),
        origin=source(str(definition["source_text"])),
        citation=str(definition["citation"] or ""),
        held=_held(value),
        batches=list(row["batch_ids"] or ()),
        document=explanation_path(row["region_code"]),
    )


def _band(band: Row, unit: str, score: Decimal | None) -> Band:
    return Band(band_text(band, unit), number(band["score"]), own=score is not None and band["score"] == score)


def _parts(definition: Row, value: Row) -> list[tuple[Text, Text]]:
    """Numerator and denominator with what they count. Their words stand in English; Indonesian has its own terms."""
    found = []
    for name, word in (("numerator", "Pembilang"), ("denominator", "Penyebut")):
        if value.get(name) is not None:
            said = str(definition[name] or name)
            unit = "rupiah" if "rupiah" in said else ""
            text = amount(value[name], unit, None) if unit else number(value[name])
            exact = number(value[name])
            label = Text(word, said)
            found.append((label, text if text == exact else Text(f"{text.id} ({exact.id})", f"{text.en} ({exact.en})")))
    return found if value.get("value") is not None else []


def follows(definition: Row, value: Row) -> Text | None:
    """How the value follows from its parts, written as a sum; None where it does not, or has no such form."""
    upper, lower, printed = value.get("numerator"), value.get("denominator"), value.get("value")
    if upper is None or not lower or printed is None:
        return None
    places, formula = int(definition["dp"]), str(definition["formula"])
    factor = Decimal(int(definition["factor"] or 1)) if formula == "ratio" else Decimal(100)
    if formula not in ("share", "percent", "ratio", "growth"):
        return None
    exact = factor * (upper - lower if formula == "growth" else upper) / lower
    if exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) != printed.quantize(Decimal(1).scaleb(-places)):
        return None
    made = []
    for language in ("id", "en"):
        one, two, times = (getattr(number(part), language) for part in (upper, lower, factor))
        top = f"({one} − {two})" if formula == "growth" else one
        result = getattr(number(printed, places), language)
        by = f" × {times}" if factor != 1 else ""
        made.append(f"{top} ÷ {two}{by} = {result}")
    return Text(*made)


def _given(value: Row) -> Text | None:
    """Said of a figure that is no sum of rows."""
    if value.get("basis") != "taken_over":
        return None
    return Text(
        "Angka ini dikutip apa adanya dari penerbitnya, tidak dihitung ulang dari baris data.",
        "This figure is taken over from its publisher as it stands, and is not computed from rows.",
    )


def _published(value: Row, unit: str, places: int) -> Text | None:
    if value.get("published_value") is None or value.get("basis") == "taken_over":
        return None
    text, by = amount(value["published_value"], unit, places), str(value["published_by"] or "")
    return Text(f"{text.id} ({by})", f"{text.en} ({by})")


def _held(value: Row) -> Text | None:
    since = value.get("held_since")
    if since is None:
        return None
    at = clock(since)
    return Text(
        f"Versi baik terakhir, karena yang lebih baru ditahan sejak {at.id}.",
        f"This is the last good version: later ones are held since {at.en}.",
    )


def _delivery(batch: SourceBatch) -> Delivery:
    size = sum(page.bytes for page in batch.pages)
    left = len(batch.pages) - MOST_REQUESTS
    marks = [maturity_mark(batch.maturity)] if batch.maturity is not None else []
    return Delivery(
        id=batch.batch_id,
        anchor=f"kiriman-{batch.batch_id}",
        source=batch.source,
        system=batch.system,
        opd=batch.opd,
        agency=agency_name(batch.opd),
        coverage=batch.coverage or NO_VALUE,
        fetched=clock(batch.fetched_at),
        state=batch_mark(batch.status),
        marks=marks,
        rows=row_sum(batch.rows_received, batch.rows_landed, batch.rows_quarantined),
        receipt=batch.receipt_sha256 or NO_VALUE,
        requests=[
            Request(page.request, str(page.status or NO_VALUE), number(page.bytes), page.sha256)
            for page in batch.pages[:MOST_REQUESTS]
        ],
        answers=number(len(batch.pages)),
        size=number(size),
        unshown=number(left) if left > 0 else None,
        trace=f"pilar trace {batch.batch_id} 1",
    )
