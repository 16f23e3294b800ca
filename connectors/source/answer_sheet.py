"""Rows that are answers to an instrument's questions, in a workbook that Pilar wrote for one agency."""

from functools import cached_property
from typing import Annotated

from pydantic import Field

from definitions.instruments import find_instrument
from definitions.questionnaire import AskedOf, asked_of
from definitions.words import Name, Strict


class AnswerSheet(Strict):
    """Which agency is asked what, and which columns say it.

    ``instrument``, ``question``, ``fingerprint`` and ``answer`` are columns. A row is refused whose question its agency
    is not asked, or is asked in other words now, and whose answer is none of the question's. All of that follows from
    the definitions, so it stands in no source file.
    """

    opd: Name
    instruments: Annotated[tuple[str, ...], Field(min_length=1)]
    instrument: Name = "instrumen"
    question: Name = "kode"
    fingerprint: Name = "sidik"
    answer: Name = "jawaban"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return self.instrument, self.question, self.fingerprint, self.answer

    @cached_property
    def questions(self) -> tuple[AskedOf, ...]:
        """Every question that the agency is asked: they are read when a row is landed, or the source is checked.

        Raises ConfigError for an unknown instrument, and for an agency that is asked nothing.
        """
        return tuple(one for name in self.instruments for one in asked_of(find_instrument(name), self.opd))
