"""The months in Indonesian words, as agencies write them: whole, shortened, and in the spelling of older forms."""

from datetime import date

MONTHS: tuple[tuple[str, ...], ...] = (
    ("januari", "jan"),
    ("februari", "feb", "pebruari", "peb"),
    ("maret", "mar"),
    ("april", "apr"),
    ("mei",),
    ("juni", "jun"),
    ("juli", "jul"),
    ("agustus", "agu", "agt", "ags"),
    ("september", "sep", "sept"),
    ("oktober", "okt"),
    ("november", "nov", "nopember", "nop"),
    ("desember", "des"),
)
"""The words of each month, in small letters; the first is the whole one."""

_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ENGLISH_OF = {word: english for words, english in zip(MONTHS, _ENGLISH, strict=True) for word in words}
"""The month of each word as strptime's %b reads it."""


def has_month_word(form: str) -> bool:
    """Whether a strptime form reads a month as a word."""
    return "%B" in form or "%b" in form


def written(day: date, form: str, *, in_indonesian: bool) -> str:
    """A day in a form, with its month in Indonesian or in English."""
    if in_indonesian:
        name = MONTHS[day.month - 1][0].capitalize()
        form = form.replace("%B", name).replace("%b", name[:3])
    return day.strftime(form)
