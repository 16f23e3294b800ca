"""From sampled values to columns: names, types, persons, candidate keys. No value of a person leaves this room."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from connectors.landing.sample import Sample, Value
from connectors.source.guess import Guess, few_values, form, guess, with_locale
from connectors.source.persons import kind_of, maybe_a_person, named_like_a_person, plain, shaped_like_a_person
from connectors.source.record_paths import path_steps

_KEYS = re.compile(r"(^|_)(id|kode|kd|no|nomor|npsn|nik|tahun|bulan|tanggal|tgl|semester|periode)(_|$)")
_CODE = re.compile(r"(^|_)(kode|kd|id|npsn|nib|nss|code)(_|$)")
_REGION = re.compile(
    r"(^|_)(prov|provinsi|kab|kabupaten|kota|kabkot|kabkota|kec|kecamatan|desa|kel|kelurahan|wilayah|daerah|region|"
    r"kemendagri|bps)(_|$)"
)
_PROVINCE = re.compile(r"(^|_)(prov|provinsi)(_|$)")
# Kemendagri's and BPS's codes, without and with dots, of a regency, a district or a village; a province has two digits.
_REGION_CODE = re.compile(r"[1-9]\d(\d{2}|\d{4,5}|\d{8}|\.\d{2}(\.\d{2,3}(\.\d{3,4})?)?)")
_STATISTIC = re.compile(r"(^|_)(kbli|kbki|kbji|klui|isic|coicop|hs|icd|icd10|kodepos|pos)(_|$)")
_QUANTITY = re.compile(r"(^|_)(luas|jumlah|jml|total|banyak|banyaknya|persen|persentase|kepadatan|rata)(_|$)")
_PERIOD = re.compile(r"(^|_)(tahun|bulan|semester|periode|triwulan|year|month)(_|$)")
_MOST_KEY_COLUMNS = 3
_CANDIDATES = 10


@dataclass(frozen=True)
class Found:
    """One column as the sample shows it. ``person`` says why it may identify one; ``sure`` when its name says so.

    ``kind`` is the kind of identifier that a person's values spell, where they spell one.
    """

    name: str
    field: str
    position: int | None
    guess: Guess
    values: tuple[str, ...] = ()
    person: str = ""
    kind: str | None = None
    sure: bool = False
    full: bool = False
    negative: bool = False

    @property
    def measure(self) -> bool:
        """Whether it holds quantities, and not periods."""
        return self.guess.type.startswith(("integer", "bigint", "decimal")) and not _PERIOD.search(self.name)


def columns_of(sample: Sample, rows: int) -> tuple[Found, ...]:
    """Every field that holds plain values, in the order of the record."""
    used: set[str] = set()
    found = [_found(sample, field, rows, used) for field in _fields(sample) if sample.kind(field) != "nested"]
    locales = sorted({column.guess.locale for column in found if column.guess.locale is not None})
    return tuple(_in_locale(sample, column, locales[0]) for column in found) if len(locales) == 1 else tuple(found)


def _in_locale(sample: Sample, column: Found, locale: str) -> Found:
    """Text that looks like a plain number is read as its neighbours are: its next value may have a thousands mark."""
    if sample.kind(column.field) != "text" or column.person or _PERIOD.search(column.name):
        return column
    texts = [value.text for value in sample.of(column.field)]
    return replace(column, guess=with_locale(column.guess, texts, locale))


def nested_of(sample: Sample) -> tuple[str, ...]:
    """Fields that hold lists or objects: not read."""
    found = (path_steps(field)[0] for field in _fields(sample) if sample.kind(field) == "nested")
    return tuple(dict.fromkeys(found))


def key_of(
    sample: Sample, columns: Sequence[Found], requests: Mapping[str, Sequence[str]], rows: int
) -> tuple[str, ...]:
    """The fewest columns that tell all sampled records apart; empty where none do.

    ``requests`` are values of the requests row by row; they count where the records alone do not do.
    """
    measures = ("decimal", "boolean", "timestamp")
    full = [column for column in columns if column.full and not column.guess.type.startswith(measures)]
    ranked = sorted(full, key=lambda column: _KEYS.search(column.name) is None)[:_CANDIDATES]
    values = {column.name: [value.text for value in sample.values[column.field]] for column in ranked}
    return _telling(values, rows) or _telling({**values, **requests}, rows)


def _telling(values: Mapping[str, Sequence[str]], rows: int) -> tuple[str, ...]:
    for size in range(1, _MOST_KEY_COLUMNS + 1):
        for chosen in combinations(values, size):
            if len(set(zip(*(values[name] for name in chosen), strict=True))) == rows:
                return chosen
    return ()


def _fields(sample: Sample) -> Iterator[str]:
    yield from dict.fromkeys([*sample.order, *sample.values])


def _found(sample: Sample, field: str, rows: int, used: set[str]) -> Found:
    values: Sequence[Value] = sample.of(field)
    texts = [value.text for value in values]
    positional = re.fullmatch(r"\[(\d+)\]", field)
    name = _name(field, used)
    words = [] if positional else [name, *path_steps(field)]
    guessed = guess(texts, numbers=sample.kind(field) == "number")
    if guessed.type.startswith(("integer", "bigint", "decimal")) and _is_code(name, texts):
        # A code is no quantity: 64.02 is not 64.2, and nobody adds two of them.
        guessed = Guess(pattern=form(texts))
    person, sure = _person(words, texts, guessed)
    return Found(
        name,
        field,
        int(positional[1]) if positional else None,
        guessed,
        () if person or guessed.type != "string" else few_values(texts),
        person,
        kind_of(words, texts) if person else None,
        sure,
        full=len(values) == rows,
        negative=any(text.startswith("-") for text in texts),
    )


def _is_code(name: str, texts: Sequence[str]) -> bool:
    """Whether numbers are codes: by the name, or because a region's name stands over what its codes look like."""
    if _CODE.search(name) or _STATISTIC.search(name):
        return True
    if not _REGION.search(name) or _QUANTITY.search(name) or len({len(text) for text in texts}) != 1:
        return False
    return all(_REGION_CODE.fullmatch(text) or (_PROVINCE.search(name) and len(text) == 2) for text in texts)


def _person(words: Sequence[str], texts: Sequence[str], guessed: Guess) -> tuple[str, bool]:
    """Why a column may identify a person, and whether its name says so."""
    if named_like_a_person(words):
        return "named like something that identifies a person", True
    shape = shaped_like_a_person(texts) if guessed.type in ("string", "bigint") else None
    if shape is not None:
        return f"values look like {shape}", False
    if maybe_a_person(words) and guessed.type == "string":
        return "named like somebody's role", False
    return "", False


def _name(field: str, used: set[str]) -> str:
    steps = path_steps(field)
    found = plain("_".join([steps[0], *re.split(r"[.\[\]]+", "".join(steps[1:]))])) or "kolom"
    if not found[0].isalpha():
        found = f"kolom_{found}"
    name, number = found, 2
    while name in used:
        name, number = f"{found}_{number}", number + 1
    used.add(name)
    return name
