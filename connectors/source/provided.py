"""Proving what a source provides: against its contract, against the records, and against the other sources."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, combinations
from typing import NamedTuple

from connectors.source.column_types import ColumnType, parse_type
from connectors.source.columns import Column
from connectors.source.provides import COVERAGE, Mapped, Names, Provides
from connectors.source.source import GRAIN_PATTERNS, Source
from definitions.problems import did_you_mean
from definitions.records import Record, RecordColumn

WHOLE_DIGITS = {"integer": 10, "bigint": 19}
_MOST_DIGITS = 38


class Fault(NamedTuple):
    """One thing that is wrong: its place in the file, what, and what to do."""

    where: str
    what: str
    do: str


class _Form(NamedTuple):
    """What a text must look like: some of these are it, and none of those."""

    like: tuple[str, ...]
    unlike: tuple[str, ...]


_FORMS: Mapping[str, _Form] = {
    "region": _Form(("64.02",), ("6402", "64.02.06", "6402060001", "Kab. Malang", "")),
    "kemendagri_plain": _Form(("6402",), ("64.02", "640206", "6402060001", "Kab. Malang", "")),
    "bps": _Form(("6403",), ("64.03", "640306", "Kab. Malang", "")),
    "village": _Form(("6402060001",), ("6402", "64.02", "64.02.06.0001", "Kab. Malang", "")),
    "year": _Form(("2024",), ("20241", "24", "2024-08", "Agustus 2024", "")),
    "month": _Form(("2024-08",), ("2024", "202408", "08-2024", "Agustus 2024", "")),
    "period": _Form(("2024", "2024-08"), ("20241", "24", "08-2024", "Agustus 2024", "")),
    "begins with a year": _Form(("2024", "20241", "2024-08", "2024-08-17"), ("24", "08-2024", "Agustus 2024", "")),
}
_WRITTEN: Mapping[str, str] = {
    "region": "64.02 (else say with `region` whose code it is)",
    "kemendagri_plain": "6402",
    "bps": "6403",
    "village": "6402060001",
    "year": "2024",
    "month": "2024-08",
    "period": "2024 or 2024-08",
    "begins with a year": "20241 or 2024-08",
}


def faults(source: Source, records: Mapping[str, Record]) -> Iterator[Fault]:
    """Everything that is wrong with what one source provides, as far as its own file says."""
    for number, entry in enumerate(source.provides):
        at = f"provides.{number}"
        record = records.get(entry.record)
        if record is None:
            what = f"there is no record {entry.record!r}"
            yield Fault(f"{at}.record", what, did_you_mean(entry.record, list(records)))
            continue
        yield from _columns(at, source, entry, record)
        yield from _where(at, source, entry)
        if source.id in entry.over:
            yield Fault(f"{at}.over", "a source cannot be over itself", "Name other sources, or leave `over` out")


def precedence_faults(sources: Sequence[Source]) -> Iterator[tuple[str, Fault]]:
    """What is wrong between sources of one record, with the id of the source that says it."""
    providers = {(source.id, entry.record) for source in sources for entry in source.provides}
    for source in sources:
        for number, entry in enumerate(source.provides):
            at = f"provides.{number}.over"
            for other in entry.over:
                if other != source.id and (other, entry.record) not in providers:
                    what = f"no source {other!r} provides {entry.record}"
                    known = [one for one, record in providers if record == entry.record and one != source.id]
                    yield source.id, Fault(at, what, did_you_mean(other, known) if known else "Leave it out")
    for record in sorted({record for _, record in providers}):
        above = precedence(sources, record)
        for first, second in sorted((a, b) for a, below in above.items() for b in below if a < b and a in above[b]):
            what = f"{first!r} and {second!r} are each over the other for {record}"
            yield first, Fault("provides", what, "Take one `over` out")


def precedence(sources: Collection[Source], record: str) -> Mapping[str, frozenset[str]]:
    """For each source that provides a record, the sources of it that it is over, directly or through others."""
    named: dict[str, set[str]] = {}
    for source in sources:
        for entry in source.provides:
            if entry.record == record:
                named.setdefault(source.id, set()).update(entry.over)
    return {source_id: frozenset(_reached(source_id, named) & named.keys()) for source_id in named}


def tells_keys_apart(source: Source, record: Record) -> bool:
    """Whether no two landed rows of a source can give one key of a record, as far as its file tells.

    Landing lets a key of the contract stand once in a coverage. The columns of that key, and the coverage, must be
    readable from the record's key again. Two entries must be of other rows, or of other keys.
    """
    entries = [entry for entry in source.provides if entry.record == record.id]
    return all(_tells_rows_apart(source, record, entry) for entry in entries) and all(
        _are_apart(record, first, second) for first, second in combinations(entries, 2)
    )


def _tells_rows_apart(source: Source, record: Record, entry: Provides) -> bool:
    told = {mapped.from_ for mapped in _of_key(record, entry).values() if mapped.from_ and _is_one_to_one(mapped)}
    told |= {name for name, values in entry.where.items() if len(values) == 1}
    # In an incremental source a key stands once in all; a record that counts the newest batch is asked within each.
    once = source.coverage.grain == "all" or source.incremental is not None or record.newest
    return set(source.contract.key) <= told and (once or any(_says_coverage(source, name) for name in told))


def _of_key(record: Record, entry: Provides) -> Mapping[str, Mapped]:
    return {name: entry.columns[name] for name in record.key if name in entry.columns}


def _is_one_to_one(mapped: Mapped) -> bool:
    """Whether two landed values are never read as one. The name of a region may be written in several ways."""
    if mapped.codes is not None:
        return len(set(mapped.codes.values())) == len(mapped.codes)
    return mapped.take is None and mapped.region in (None, "bps", "kemendagri_plain")


def _are_apart(record: Record, first: Provides, second: Provides) -> bool:
    ours, theirs = _of_key(record, first), _of_key(record, second)
    fixed = [(ours[name].is_, theirs[name].is_) for name in ours.keys() & theirs.keys()]
    if any(one is not None and other is not None and one != other for one, other in fixed):
        return True
    mine, others = _chosen(first), _chosen(second)
    return ours == theirs and any(mine[name].isdisjoint(others[name]) for name in mine.keys() & others.keys())


def _chosen(entry: Provides) -> Mapping[str, set[object]]:
    """The values by which an entry chooses its rows, by landed column; a blank may be no value that is left out."""
    named = {one.from_: {None, *one.codes} for one in entry.columns.values() if one.rest and one.codes and one.from_}
    return named | {name: set(values) for name, values in entry.where.items()}


def _reached(start: str, named: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    ahead = set(named[start])
    while ahead:
        found |= ahead
        ahead = set(chain.from_iterable(named.get(one, ()) for one in ahead)) - found
    return found


def _columns(at: str, source: Source, entry: Provides, record: Record) -> Iterator[Fault]:
    for name, column in record.shown.items():
        if column.required and name not in entry.columns:
            yield Fault(f"{at}.columns", f"{record.id} needs {name!r}", "Say which column it comes from")
    for name, mapped in entry.columns.items():
        place = f"{at}.columns.{name}"
        wanted = record.shown.get(name)
        if wanted is None:
            dropped = name in record.columns
            what = f"{record.id} never holds {name!r}, which is personal" if dropped else f"{record.id} has no {name!r}"
            yield Fault(place, what, "Take it out" if dropped else did_you_mean(name, list(record.shown)))
            continue
        unknown = [one for one in mapped.reads if one != COVERAGE and one not in source.contract.landed]
        if unknown:
            yield from (_not_landed(place, one, source) for one in unknown)
            continue
        yield from (Fault(place, what, do) for what, do in _misread(source, entry, mapped, wanted))


def _not_landed(place: str, name: str, source: Source) -> Fault:
    if name in source.contract.columns:
        return Fault(place, f"{name!r} is dropped, so nothing of it is landed", "Take it out, or keep a pseudonym")
    return Fault(place, f"the contract does not land {name!r}", did_you_mean(name, list(source.contract.landed)))


def _misread(source: Source, entry: Provides, mapped: Mapped, wanted: RecordColumn) -> Iterator[tuple[str, str]]:
    """What cannot be read as the record's column: what, and what to do."""
    if mapped.is_ is not None:
        yield from _constant(mapped.is_, wanted)
    elif isinstance(mapped.region, Names):
        yield from _named_region(source, mapped.region, wanted)
    else:
        assert mapped.from_ is not None
        yield from _from(source, entry, mapped, wanted)
    for name in mapped.reads:
        if wanted.required and not _always_there(source, name):
            yield f"{name!r} may be empty, and the record needs it", "Make it `required` in the contract"
    yield from _persons(source, mapped, wanted)


def _from(source: Source, entry: Provides, mapped: Mapped, wanted: RecordColumn) -> Iterator[tuple[str, str]]:
    kind = _type(source, mapped.from_ or "")
    if mapped.codes is not None:
        yield from _coded(source, entry, mapped, wanted)
    elif mapped.region is not None:
        assert isinstance(mapped.region, str)
        yield from _coded_region(source, mapped.from_ or "", mapped.region, wanted)
    elif mapped.take is not None:
        yield from _taken(source, mapped, wanted, kind)
    elif mapped.times is not None:
        yield from _multiplied(mapped.times, kind, wanted)
    else:
        yield from _as_it_is(source, mapped.from_ or "", kind, wanted)


def _constant(value: str | int, wanted: RecordColumn) -> Iterator[tuple[str, str]]:
    if wanted.codes is not None:
        if value not in wanted.codes:
            yield f"{value!r} is none of the record's codes", did_you_mean(str(value), list(wanted.codes))
    elif not _is_of(value, wanted):
        yield f"{value!r} cannot be read as {wanted.type}", "Write it as the record's column is"


def _is_of(value: str | int, wanted: RecordColumn) -> bool:
    match wanted.type:
        case "text":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "year" | "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "region" | "month" | "period":
            patterns = {"region": r"\d\d\.\d\d", "month": r"\d{4}-\d\d", "period": r"\d{4}(-\d\d)?"}
            return isinstance(value, str) and re.fullmatch(patterns[wanted.type], value) is not None
    return wanted.decimal is not None and not isinstance(value, bool) and _number_fits(str(value), wanted.decimal)


def _number_fits(text: str, decimal: tuple[int, int]) -> bool:
    found = re.fullmatch(r"-?(\d+)(?:\.(\d+))?", text)
    precision, scale = decimal
    return found is not None and len(found[1]) <= precision - scale and len(found[2] or "") <= scale


def _coded(source: Source, entry: Provides, mapped: Mapped, wanted: RecordColumn) -> Iterator[tuple[str, str]]:
    assert mapped.codes is not None
    assert mapped.from_ is not None
    for value in dict.fromkeys(mapped.codes.values()):
        yield from _constant(value, wanted)
    yield from _agency_values(source, mapped.from_, list(mapped.codes))
    if mapped.rest is not None:
        return
    allowed = entry.where.get(mapped.from_) or _values(source, mapped.from_)
    if allowed is None:
        yield f"the contract allows any {mapped.from_!r}", "Say `rest: leave_out`, or give the contract its `values`"
        return
    open_ = [str(value) for value in allowed if value not in mapped.codes]
    if open_:
        yield f"{mapped.from_!r} may be {', '.join(open_)}, which has no code", "Give it one, or say `rest: leave_out`"


def _agency_values(source: Source, name: str, values: Sequence[str | int]) -> Iterator[tuple[str, str]]:
    """Values of a landed column that it cannot hold."""
    kind = _type(source, name)
    if kind.kind not in ("string", "integer", "bigint"):
        yield f"{name!r} is {kind.name}, and codes are texts or whole numbers", "Map another column"
        return
    of_text = kind.kind == "string"
    for value in values:
        if isinstance(value, str) is not of_text:
            do = "Put it in quotes" if of_text else "Write it without quotes"
            yield f"{value!r} is no value of {name!r}, which is {kind.name}", do
    known = _values(source, name)
    if known is not None:
        for value in (value for value in values if value not in known):
            yield f"the contract allows no {name!r} {value!r}", did_you_mean(str(value), list(known))


def _coded_region(source: Source, name: str, region: str, wanted: RecordColumn) -> Iterator[tuple[str, str]]:
    if wanted.type != "region":
        yield "`region` reads a region's code, and the record's column is none", "Take it out"
    elif not _looks(source, name, region):
        yield _not_proven(name, region)


def _named_region(source: Source, names: Names, wanted: RecordColumn) -> Iterator[tuple[str, str]]:
    if wanted.type != "region":
        yield "`region` finds a region, and the record's column is none", "Take it out"
    for name in (names.name, names.province):
        if _type(source, name).kind != "string":
            yield f"{name!r} is no text, so it is no name", "Name the column of the name"


def _taken(source: Source, mapped: Mapped, wanted: RecordColumn, kind: ColumnType) -> Iterator[tuple[str, str]]:
    fits = {"year": ("year", "period"), "month": ("month", "period"), "date": ("date",)}
    name, take = mapped.from_ or "", mapped.take or ""
    if wanted.type not in fits[take]:
        yield f"a {take} cannot be read as {wanted.type}", "Take what the record's column is"
    elif kind.kind == "string" and take == "year":
        if not _looks(source, name, "begins with a year"):
            yield _not_proven(name, "begins with a year")
    elif kind.kind not in ("timestamp", "date"):
        yield f"no {take} can be taken of {name!r}, which is {kind.name}", "Take it of a moment or a day"


def _multiplied(times: str, kind: ColumnType, wanted: RecordColumn) -> Iterator[tuple[str, str]]:
    if not kind.numeric or wanted.decimal is None:
        yield "`times` turns a number into a decimal of another unit", "Take it out"
        return
    whole, _, part = times.partition(".")
    scale = kind.scale + len(part)
    digits = (kind.precision or WHOLE_DIGITS[kind.kind]) + len(whole) + len(part)
    if scale > wanted.decimal[1]:
        yield f"the product has {scale} decimals, and {wanted.type} would round it", "Write a factor without decimals"
    elif digits > _MOST_DIGITS:
        yield f"the product has {digits} digits, and {_MOST_DIGITS} are exact", "Give the contract a narrower type"


def _as_it_is(source: Source, name: str, kind: ColumnType, wanted: RecordColumn) -> Iterator[tuple[str, str]]:
    if wanted.codes is not None:
        allowed = _values(source, name)
        strange = [value for value in allowed or () if value not in wanted.codes]
        if allowed is None or strange:
            yield f"{name!r} is not in the record's codes", f"Map it: {{from: {name}, codes: {{...}}}}"
    elif wanted.type == "period" and kind.kind == "integer":
        return
    elif wanted.type in ("region", "month", "period"):
        if not _looks(source, name, wanted.type):
            yield _not_proven(name, wanted.type)
    elif not _reads(kind, wanted):
        yield f"{name!r} is {kind.name}, which cannot be read as {wanted.type}", "Map another column, or widen a type"


def _reads(kind: ColumnType, wanted: RecordColumn) -> bool:
    """Whether every value of a landed type is one of the record's, unchanged."""
    if wanted.decimal is not None:
        precision, scale = wanted.decimal
        digits = (kind.precision or WHOLE_DIGITS.get(kind.kind, 0)) - kind.scale
        return kind.numeric and kind.scale <= scale and digits <= precision - scale
    readable = {
        "text": ("string", "integer", "bigint"),
        "year": ("integer",),
        "integer": ("integer",),
        "date": ("date",),
        "timestamp": ("timestamp",),
        "boolean": ("boolean",),
    }
    return kind.kind in readable[wanted.type]


def _persons(source: Source, mapped: Mapped, wanted: RecordColumn) -> Iterator[tuple[str, str]]:
    pseudonyms = [_column(source, name).pseudonym for name in mapped.reads if name != COVERAGE]
    if wanted.personal == "pseudonym" and pseudonyms != [True]:
        yield "the record holds a pseudonym here", "Give the contract's column `personal: pseudonym`, and map that one"
    if wanted.personal is None and any(pseudonyms):
        yield "a pseudonym says who a person is, and the record's column is for everybody", "Take it out"


def _not_proven(name: str, form: str) -> tuple[str, str]:
    return (
        f"{name!r} need not be written {_WRITTEN[form]}",
        "Give the contract's column a `pattern` that says so, or map it in another way",
    )


def _looks(source: Source, name: str, form: str) -> bool:
    """Whether a landed text can only be of a form, as its pattern, its values or its coverage's grain say."""
    like, unlike = _FORMS[form]
    if _type(source, name).kind != "string":
        return False
    values = _values(source, name)
    if values is not None:
        return {_shape(value) for value in values} <= {_shape(text) for text in like}
    pattern = _pattern(source, name)
    try:
        return any(re.search(pattern, text) for text in like) and not any(re.search(pattern, text) for text in unlike)
    except re.error:  # DuckDB reads it, and Python does not: nothing is proven
        return False


def _shape(text: str) -> str:
    return re.sub(r"[0-9]", "0", text)


def _pattern(source: Source, name: str) -> str:
    """What a landed text must match; everything where nothing is said."""
    own = None if name == COVERAGE else _column(source, name).pattern
    return own or (f"^({GRAIN_PATTERNS[source.coverage.grain]})$" if _says_coverage(source, name) else "")


def _says_coverage(source: Source, name: str) -> bool:
    said_by = source.coverage.from_
    return name == COVERAGE or (said_by is not None and said_by in (name, _column(source, name).context))


def _values(source: Source, name: str) -> tuple[str, ...] | None:
    return None if name == COVERAGE else _column(source, name).values


def _always_there(source: Source, name: str) -> bool:
    """Whether a landed row always has the value."""
    if name == COVERAGE or name in source.contract.key:
        return True
    column = _column(source, name)
    return column.required or column.context is not None


def _type(source: Source, name: str) -> ColumnType:
    return parse_type("string") if name == COVERAGE else _column(source, name).sql_type


def _column(source: Source, name: str) -> Column:
    return source.contract.landed[name]


def _where(at: str, source: Source, entry: Provides) -> Iterator[Fault]:
    for name, values in entry.where.items():
        place = f"{at}.where.{name}"
        if name not in source.contract.landed:
            yield _not_landed(place, name, source)
            continue
        yield from (Fault(place, what, do) for what, do in _agency_values(source, name, values))
