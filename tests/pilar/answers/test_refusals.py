"""Why a cell was refused, in the agency's words."""

import pytest

from pilar.answers.refusals import _why


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ("a number from 1 to 5", "isi angka dari 1 sampai 5"),
        ("one of: low to middle, a number from 1 to 5", "pilih salah satu: low to middle, a number from 1 to 5"),
    ],
)
def test_the_words_of_an_option_stay_as_they_are(expected: str, told: str) -> None:
    reason = {"rule": "option", "field": "jawaban", "value": "9", "expected": expected}
    assert _why(reason) == f"'9' bukan pilihan pertanyaan ini; {told}"
