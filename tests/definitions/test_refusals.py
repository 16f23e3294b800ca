"""Why an answer is refused: one sentence in each language, and nothing that somebody typed in either."""

import string

import pytest

from definitions.refusals import REASONS, AnswerError


def fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_says_the_same_in_both_languages(reason: str) -> None:
    words = REASONS[reason]
    assert fields(words.id) == fields(words.en)
    assert words.id != words.en
    typed = fields(words.en) & {"typed", "code", "which"}
    values = dict.fromkeys(map(str, fields(words.en) - typed), "1")
    error = AnswerError(reason, typed="it's Siti", code="Siti's", where="here", do="Mend it", **values)
    assert ("Siti" in error.what) is bool(typed)
    assert "Siti" not in f"{error.said.id} {error.said.en}"


def test_a_place_is_added_to_what_is_said() -> None:
    error = AnswerError("no_rubric", do="Give a score").at("pemdi-2026, I1")
    assert str(error) == "has no rubric [pemdi-2026, I1]. Give a score"
    assert error.args == (str(error),)
