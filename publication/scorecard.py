"""An agency's scorecard to be sent: as PDF and as a workbook, made from the document that a publication has of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from definitions.words import Language
from ledger.errors import ConfigError, PublicationError
from publication import xlsx
from publication.page.agency import Agency
from publication.page.words import Text, row_count
from publication.paths import agency_document

Rows = Sequence[Sequence[str | int]]
Say = Callable[[str, str], str]


def read_scorecard(publication: Path, agency: str) -> Agency:
    """An agency's scorecard in a publication.

    Raises ConfigError where the publication knows no such agency, PublicationError where the document is damaged.
    """
    path = publication / agency_document(agency)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Agency)
    except FileNotFoundError:
        known = ", ".join(sorted(one.stem for one in path.parent.glob("*.json")))
        raise ConfigError(
            f"the publication has no agency {agency[:40]!r}", where=publication.name, do=f"Name one of: {known}"
        ) from None
    except (OSError, msgspec.MsgspecError) as error:
        raise PublicationError(
            f"the scorecard cannot be read ({type(error).__name__})", where=str(path), do="Run `pilar verify`"
        ) from error


class Sheet(msgspec.Struct, frozen=True):
    """A part of the scorecard: its name, what is said before it, its columns with their widths, and its rows."""

    name: str
    note: str
    columns: Sequence[tuple[str, int]]
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Teller:
    """What is said, in one language."""

    language: Language

    def __call__(self, text: Text | None) -> str:
        return "-" if text is None else text.id if self.language == "id" else text.en

    def say(self, indonesian: str, english: str) -> str:
        return indonesian if self.language == "id" else english

    def shown(self, shown: int, whole: int) -> str:
        """How many of how many are listed."""
        return str(whole) if shown == whole else self.say(f"{shown} dari {whole}", f"{shown} of {whole}")


def sheets(card: Agency, language: Language) -> list[Sheet]:
    """The parts of a scorecard in one language."""
    tell = _Teller(language)
    parts = (_sources, _refusals, _missing, _findings, _tasks)
    return [part(card, tell, tell.say) for part in parts]


def _sources(card: Agency, tell: _Teller, say: Say) -> Sheet:
    columns = [
        (say("Sumber", "Source"), 34),
        (say("Ketepatan waktu", "Timeliness"), 16),
        (say("Tenggat", "Due"), 26),
        (say("Terakhir diterima", "Last accepted"), 24),
        (say("Baris", "Rows"), 10),
        (say("Dipakai", "Used"), 10),
        (say("Ditolak", "Refused"), 10),
    ]
    rows = [
        (
            one.title,
            tell(one.silence.text),
            tell(one.due),
            tell(one.answered),
            *(tell(row_count(count)) if count is None else count for count in (one.received, one.landed)),
            one.quarantined,
        )
        for one in card.sources
    ]
    count = len(card.sources)
    note = say(f"{card.in_time} dari {count} sumber tepat waktu.", f"{card.in_time} of {count} sources are in time.")
    return Sheet(say("Sumber", "Sources"), note, columns, rows)


def _refusals(card: Agency, tell: _Teller, say: Say) -> Sheet:
    columns = [
        (say("Sumber", "Source"), 20),
        (say("Kolom", "Column"), 18),
        (say("Alasan", "Reason"), 24),
        (say("Baris", "Rows"), 9),
        (say("Yang diharapkan", "Expected"), 34),
        (say("Yang perlu dilakukan", "What to do"), 34),
    ]
    rows = [
        (one.source, one.field or "-", tell(one.rule), one.rows, tell(one.expected), tell(one.to_do))
        for one in card.refusals
    ]
    note = say(
        f"{card.quarantined} baris ditolak, dengan {card.reasons} alasan.",
        f"{card.quarantined} rows were refused, for {card.reasons} reasons.",
    )
    if card.reasons_differ is not None:
        note += f" {tell(card.reasons_differ)}"
    return Sheet(say("Baris yang ditolak", "Refused rows"), note, columns, rows)


def _missing(card: Agency, tell: _Teller, say: Say) -> Sheet:
    columns = [
        (say("Indikator", "Indicator"), 50),
        (say("Belum ada untuk", "Missing for"), 20),
        (say("Daerah", "Regions"), 50),
        (say("Dinilai instrumen", "Scored"), 14),
    ]
    yes, no = say("ya", "yes"), say("tidak", "no")
    rows = [(tell(one.name), tell(one.without), tell(one.regions), yes if one.asked else no) for one in card.missing]
    note = say(
        f"{card.filled} dari {card.cells} angka indikator terisi.",
        f"{card.filled} of {card.cells} indicator figures are there.",
    )
    return Sheet(say("Indikator belum lengkap", "Missing indicators"), note, columns, rows)


def _findings(card: Agency, tell: _Teller, say: Say) -> Sheet:
    columns = [
        (say("Temuan", "Finding"), 36),
        (say("Tingkat", "Severity"), 20),
        (say("Tentang", "About"), 60),
        (say("Sejak", "Since"), 18),
        (say("Sumber", "Source"), 22),
    ]
    rows = [(tell(one.rule), tell(one.severity), tell(one.about), tell(one.since), one.source) for one in card.findings]
    return Sheet(
        say("Temuan", "Findings"), f"{tell.shown(len(rows), card.found)} {say('temuan', 'findings')}.", columns, rows
    )


def _tasks(card: Agency, tell: _Teller, say: Say) -> Sheet:
    columns = [
        (say("Rekomendasi", "Recommendation"), 56),
        (say("Daerah", "Region"), 24),
        (say("Tahap", "Stage"), 22),
        (say("Prioritas", "Priority"), 11),
        (say("Tenggat", "Due"), 16),
        (say("Keadaan", "State"), 20),
        ("id", 14),
    ]
    rows = [
        (tell(one.text), one.region, one.stage, tell(one.priority), tell(one.due), tell(one.state.text), one.id)
        for one in card.tasks
    ]
    return Sheet(
        say("Tindak lanjut", "Follow-ups"),
        f"{tell.shown(len(rows), card.asked)} {say('rekomendasi', 'recommendations')}.",
        columns,
        rows,
    )


def facts(card: Agency, language: Language) -> list[tuple[str, str]]:
    """The scorecard in four lines."""
    tell = _Teller(language)
    say, valid = tell.say, tell(card.valid)
    landed, received = row_count(card.landed), row_count(card.received)
    return [
        (
            say("Kelengkapan", "Completeness"),
            say(
                f"{card.filled} dari {card.cells} angka indikator terisi",
                f"{card.filled} of {card.cells} indicator figures are there",
            ),
        ),
        (
            say("Ketepatan waktu", "Timeliness"),
            say(
                f"{card.in_time} dari {len(card.sources)} sumber tepat waktu",
                f"{card.in_time} of {len(card.sources)} sources are in time",
            ),
        ),
        (
            say("Keabsahan", "Validity"),
            say(
                f"{valid} baris dapat dipakai ({tell(landed)} dari {tell(received)})",
                f"{valid} of rows can be used ({tell(landed)} of {tell(received)})",
            ),
        ),
        (
            say("Perlu ditindaklanjuti", "To be acted on"),
            say(
                f"{card.open_tasks} rekomendasi terbuka, {card.found} temuan",
                f"{card.open_tasks} open recommendations, {card.found} findings",
            ),
        ),
    ]


def write_pdf(card: Agency, path: Path, language: Language) -> None:
    """The scorecard as PDF."""
    from publication.pdf import Document

    tell = _Teller(language)
    title = tell.say(f"Rapor data {card.name}", f"Data scorecard: {card.name}")
    document = Document(title, language=language, foot=f"{card.name}, {card.publication_id}")
    document.paragraph(
        tell.say(
            f"Keadaan sejak terbitan {card.publication_id}, {card.made.id}.",
            f"As it stands since publication {card.publication_id}, {card.made.en}.",
        )
    )
    document.facts(facts(card, language))
    for sheet in sheets(card, language):
        head, widths = [name for name, _ in sheet.columns], [width for _, width in sheet.columns]
        document.part(sheet.name, sheet.note, head, sheet.rows, widths)
        if not sheet.rows:
            document.paragraph(tell.say("Tidak ada.", "None."))
    document.output(str(path))


def write_workbook(card: Agency, path: Path, language: Language) -> None:
    """The scorecard as a workbook: numbers as numbers, and no text that a spreadsheet would run as a formula."""
    tell, parts = _Teller(language), sheets(card, language)
    told = [*facts(card, language), *((part.name, part.note) for part in parts)]
    first = xlsx.Sheet(tell.say("Ringkasan", "Summary"), (card.name, card.publication_id), told, (28, 80))
    others = [
        xlsx.Sheet(
            part.name, [name for name, _ in part.columns], part.rows, widths=[width for _, width in part.columns]
        )
        for part in parts
    ]
    xlsx.write_workbook(path, [first, *others])
