"""What a contract expects where a row was refused, in the agency's words and both languages."""

from collections.abc import Callable, Iterator, Mapping

from connectors.authoring.contracts.phrases import (
    AT_LEAST,
    AT_MOST,
    ONE_OF,
    PATTERN,
    Both,
    rules_of,
    type_words,
    unit_words,
)
from connectors.source.columns import Column
from connectors.source.contract import Contract
from definitions.words import Language

_FILLED = Both("nilai yang terisi", "a value")
_ONE_KEY = Both("satu baris untuk setiap {key}", "one row for each {key}")
_FOLLOWS = Both("memenuhi {rule}", "what holds: {rule}")
_NO_PERSON = Both("tanpa nomor seperti NIK, nomor KK, atau nomor kartu", "no number with the form of a NIK, KK or card")
_TEXT = Both("teks UTF-8 seperti terlihat pada berkas", "text in UTF-8, as the file shows it")
_ASKED = Both(
    "data tentang yang diminta (tahun atau daerah itu)", "data about what was asked for (that year or region)"
)
_FITS = Both("baris yang sesuai dengan judul kolomnya", "a row that fits the header")

_OF_A_ROW: Mapping[str, Both] = {
    "unreadable": _FITS,
    "empty_record": _FILLED,
    "option": Both("salah satu pilihan pada daftar di lembar jawaban", "one of the options that the workbook lists"),
    "question": Both("pertanyaan yang ditujukan kepada OPD ini", "a question that this agency is asked"),
    "question_changed": Both("pertanyaan seperti pada lembar terbaru", "the question as the newest workbook has it"),
}
_OF_A_COLUMN: Mapping[str, Callable[[Column, Language], str]] = {
    "required": lambda _, language: _FILLED.to(language),
    "values": lambda column, language: ONE_OF.to(language).format(values=", ".join(column.values or ())),
    "pattern": lambda column, language: PATTERN.to(language).format(pattern=column.pattern),
    "min": lambda column, language: AT_LEAST.to(language).format(bound=_with_unit(column.min, column, language)),
    "max": lambda column, language: AT_MOST.to(language).format(bound=_with_unit(column.max, column, language)),
    "personal_undeclared": lambda _, language: _NO_PERSON.to(language),
    "encoding": lambda _, language: _TEXT.to(language),
    "cell": lambda _, language: _TEXT.to(language),
    "context": lambda _, language: _ASKED.to(language),
}


def expected(contract: Contract, rule: str, field: str) -> Both | None:
    """What was expected where ``rule`` was broken on ``field``; None where the contract does not say it."""
    found = [text for text in (_in(contract, rule, field, "id"), _in(contract, rule, field, "en")) if text]
    return Both(*found) if len(found) == 2 else None


def _in(contract: Contract, rule: str, field: str, language: Language) -> str | None:
    if rule in _OF_A_ROW:
        return _OF_A_ROW[rule].to(language)
    if rule == "duplicate_key":
        return _ONE_KEY.to(language).format(key=", ".join(contract.key))
    if rule in ("rule", "ratio"):
        formulas = list(_formulas(contract, field))
        return "; ".join(_FOLLOWS.to(language).format(rule=one) for one in formulas) or None
    column = contract.landed.get(field)
    if column is None:
        return None
    if rule in _OF_A_COLUMN:
        return _OF_A_COLUMN[rule](column, language)
    return ", ".join([type_words(column.sql_type, language), *rules_of(column, language)]).replace("`", "")


def _formulas(contract: Contract, field: str) -> Iterator[str]:
    """The rules within a row that are told on this field."""
    yield from (rule.rule for rule in contract.rules if rule.parsed.left[0] == field)
    yield from (ratio.formula for ratio in contract.ratios if ratio.value == field)


def _with_unit(bound: str | None, column: Column, language: Language) -> str:
    return f"{bound} {unit_words(column, language)}".strip()
