"""Why an answer to an instrument is refused, in both languages. The sentences stand here, and nowhere else."""

from collections.abc import Mapping
from types import MappingProxyType

from definitions.words import Wording
from ledger.errors import ConfigError

_SHOWN = {
    "typed": Wording(id="jawaban ini", en="the answer"),
    "code": Wording(id="kode ini", en="this code"),
    "which": Wording(id="dengan kode ini", en="with this code"),
}
"""What readers see in place of what somebody typed."""

REASONS: Mapping[str, Wording] = MappingProxyType(
    {
        "no_instrument": Wording(id="tidak ada instrumen {name!r}", en="there is no instrument {name!r}"),
        "no_question": Wording(
            id="tidak ada pertanyaan atau bagian {which}", en="there is no question or part {which}"
        ),
        "not_asked": Wording(id="{code} tidak dapat dijawab", en="{code} cannot be answered"),
        "other_code": Wording(id="{name} dijawab juga dengan kode lain", en="{name} is answered by another code too"),
        "twice": Wording(id="{code} dijawab dua kali", en="{code} is answered twice"),
        "part_given": Wording(
            id="{name} dijawab, sedangkan bagiannya {part} sudah diberi nilai",
            en="{name} is answered, and its part {part} is given",
        ),
        "not_how": Wording(id="{code} bukan cara menjawabnya", en="{code} is not how it is answered"),
        "part_needs_number": Wording(
            id="{code} adalah bagian, dan memerlukan angka", en="{code} is a part, and needs a number"
        ),
        "needs_number": Wording(id="pertanyaan ini dijawab dengan angka", en="takes a number"),
        "no_number": Wording(
            id="{typed} bukan angka; tulislah 3.41 atau 1/9", en="{typed} is not a number; write it as 3.41 or 1/9"
        ),
        "no_option": Wording(id="{typed} bukan pilihan pada rubrik", en="{typed} is no option of the rubric"),
        "no_band": Wording(
            id="{value} tidak masuk rentang mana pun pada rubrik", en="{value} is in no band of the rubric"
        ),
        "no_rubric": Wording(id="pertanyaan ini tidak memiliki rubrik", en="has no rubric"),
        "one_of_ways": Wording(id="ini salah satu dari beberapa cara ukur", en="is one of several ways to measure"),
        "off_scale": Wording(id="{value} di luar {low} sampai {high}", en="{value} is not from {low} to {high}"),
        "no_mean": Wording(
            id="para asesor memilih {chosen}; huruf tidak dapat dirata-ratakan",
            en="assessors chose {chosen}; letters have no mean",
        ),
    }
)


class AnswerError(ConfigError):
    """An answer that an instrument does not take.

    ``what`` quotes the answer that somebody ``typed`` and its ``code``, for who may see them. ``said`` is for readers,
    and never does.
    """

    said: Wording

    def __init__(
        self, reason: str, *, typed: str = "", code: str = "", where: str = "", do: str = "", **values: object
    ) -> None:
        words = REASONS[reason]
        super().__init__(
            words.en.format(typed=repr(typed), code=repr(code), which=repr(code), **values), where=where, do=do
        )
        self.said = Wording(
            id=words.id.format(**{name: text.id for name, text in _SHOWN.items()}, **values),
            en=words.en.format(**{name: text.en for name, text in _SHOWN.items()}, **values),
        )

    def at(self, where: str) -> "AnswerError":
        """The same, with its place."""
        self.where = where
        self.args = (str(self),)
        return self
