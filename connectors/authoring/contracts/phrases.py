"""The words of the agency's page and the dictionary, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.source.column_types import ColumnType
from connectors.source.columns import Column, Keep
from connectors.source.months import written
from definitions.words import Language

EXAMPLE_MOMENT = datetime(2024, 8, 31, 7, 5, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Both:
    """One phrase in Indonesian and English."""

    id: str
    en: str

    def to(self, language: Language) -> str:
        """The phrase in one language."""
        return self.id if language == "id" else self.en


TYPES: Mapping[str, Both] = {
    "string": Both("teks", "text"),
    "integer": Both("bilangan bulat", "whole number"),
    "bigint": Both("bilangan bulat", "whole number"),
    "decimal": Both("bilangan desimal", "decimal number"),
    "date": Both("tanggal", "date"),
    "timestamp": Both("waktu", "time"),
    "boolean": Both("true atau false", "true or false"),
}
DECIMALS = Both("maksimal {scale} angka di belakang koma", "at most {scale} decimals")
LOCALES: Mapping[str, Both] = {
    "id": Both("ditulis 1.234,5", "written 1.234,5"),
    "en": Both("ditulis 1,234.5", "written 1,234.5"),
}
WHOLE_LOCALES: Mapping[str, Both] = {
    "id": Both("ditulis 1.234", "written 1.234"),
    "en": Both("ditulis 1,234", "written 1,234"),
}
FORM = Both("ditulis seperti {form}", "like {form}")
UNITS: Mapping[str, str] = {
    "month": "bulan",
    "degree": "derajat",
    "point": "poin",
    "t/year": "t/tahun",
    "people": "orang",
}
"""Units whose sign is an English word, in Indonesian."""
ONE_OF = Both("salah satu dari {values}", "one of {values}")
PATTERN = Both("sesuai pola {pattern}", "pattern {pattern}")
AT_LEAST = Both("minimal {bound}", "at least {bound}")
AT_MOST = Both("maksimal {bound}", "at most {bound}")
ZONE = Both(
    "dibaca dalam zona waktu {zone} bila selisih UTC tidak ditulis", "time zone {zone} where no offset is given"
)
AFFIX = Both("boleh disertai {affix}", "may come with {affix}")

PERSONAL: Mapping[str, Both] = {
    "drop": Both("dihapus sebelum disimpan", "dropped before anything is stored"),
    "pseudonym": Both("disimpan sebagai pseudonim (nomor samaran)", "kept as a keyed pseudonym"),
    "keep": Both("disimpan apa adanya karena diperlukan", "kept because it is needed"),
}

PROTOCOLS: Mapping[str, Both] = {
    "rest": Both("layanan API (REST/JSON) sistem Anda", "your system's JSON service (REST)"),
    "sql": Both("basis data Anda (hak akses baca saja)", "your database, with the right to read only"),
    "files.csv": Both("berkas CSV di folder yang disepakati", "CSV files in the agreed folder"),
    "files.xlsx": Both("berkas Excel (XLSX) di folder yang disepakati", "Excel workbooks (XLSX) in the agreed folder"),
}
SYSTEM = Both("layanan {system}", "the {system} service")


def type_words(kind: ColumnType, language: Language) -> str:
    """A type in the agency's words."""
    return TYPES[kind.kind].to(language)


def unit_words(column: Column, language: Language) -> str:
    """A column's unit; empty where it has none."""
    unit = column.unit or ""
    return UNITS.get(unit, unit) if language == "id" else unit


def rules_of(column: Column, language: Language) -> list[str]:
    """What must hold for one column's values, each in a few words."""
    found: list[str] = []
    kind = column.sql_type
    if kind.kind == "decimal":
        found.append(DECIMALS.to(language).format(scale=kind.scale))
    if column.locale is not None and kind.numeric:
        numbers = WHOLE_LOCALES if kind.kind in {"integer", "bigint"} else LOCALES
        found.append(numbers[column.locale].to(language))
    found += [
        FORM.to(language).format(form=f"`{written(EXAMPLE_MOMENT, form, in_indonesian=column.locale == 'id')}`")
        for form in column.formats
    ]
    if column.values is not None:
        found.append(ONE_OF.to(language).format(values=", ".join(f"`{value}`" for value in column.values)))
    if column.identifier is not None:
        found.append(Both(column.identifier.words_id, column.identifier.words).to(language))
    if column.pattern is not None:
        found.append(PATTERN.to(language).format(pattern=f"`{column.pattern}`"))
    unit = f" {unit_words(column, language)}" if column.unit else ""
    if column.min is not None:
        found.append(AT_LEAST.to(language).format(bound=f"{column.min}{unit}"))
    if column.max is not None:
        found.append(AT_MOST.to(language).format(bound=f"{column.max}{unit}"))
    if column.timezone is not None:
        found.append(ZONE.to(language).format(zone=column.timezone))
    affixes = [affix for affix in (column.prefix, *column.suffixes) if affix]
    if affixes:
        found.append(AFFIX.to(language).format(affix=", ".join(f"`{affix}`" for affix in affixes)))
    return found


def personal_words(column: Column, language: Language) -> str:
    """What becomes of a personal value; empty where it is none. The reason for keeping one is stated in English."""
    if column.personal is None:
        return ""
    if isinstance(column.personal, Keep):
        return PERSONAL["keep"].to(language) + (f": {column.personal.keep}" if language == "en" else "")
    return PERSONAL[column.personal].to(language)


def cell(text: str) -> str:
    """A text as a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
