"""The records of an evaluation: one view over all sources that provide a record, ``records.<record>``.

The mapping of each source stands in its file and is applied here, over what it landed: a mended mapping needs no new
pull. Where two sources give the same key, the one that is declared to be over the other counts. Without such a word
neither does: nothing is guessed. Nor does a key count that one source gives twice. It is looked for where the source's
file does not rule it out. What does not count is in ``records.<record>__set_aside``, with the reason.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from types import MappingProxyType

from connectors.source.provided import faults, precedence, tells_keys_apart
from connectors.source.provides import Mapped, Names, Provides
from connectors.source.source import Source
from definitions.records import FIGURES, REGION, SET_ASIDE, Record, RecordColumn, load_records
from ledger.regions import Region
from ledger.sql import identifier, literal
from pilar.evaluation.warehouse import View, empty, refusal

REGIONS = "landing._regions"
CIVIL_TIME_ZONE = "Asia/Jakarta"
"""The civil calendar of a region that is none of the installation's."""

LINEAGE: Mapping[str, str] = MappingProxyType(
    {
        "_source": "VARCHAR",
        "_batch": "VARCHAR",
        "_page": "INTEGER",
        "_row": "BIGINT",
        "_coverage": "VARCHAR",
        "_flags": "VARCHAR[]",
        "_synthetic": "BOOLEAN",
        "_maturity": "VARCHAR",
    }
)
"""Where a row of a record came from: columns behind its own."""

BECAUSE = "_because"
UNDECIDED = "two sources without precedence"
TWICE = "its source gives the key twice"
SUPERSEDED = "superseded by "
NO_REGION = "no region of the installation"


def record_views(
    sources: Mapping[str, Source],
    landing: Mapping[str, View],
    regions: Sequence[Region],
    unread: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Mapping[str, View]:
    """``records.<record>`` and ``records.<record>__set_aside`` for every record, over the landing's views.

    - ``landing`` are the views below by name: ``landing.<source>`` of every source, and ``landing._regions``.
    - ``regions`` are the installation's.
    - ``unread``: sources with data whose file cannot be read, and the records that it may provide. These records fail
      when they are read, and stop the pillars that read them: their rows would be missing without a word (promise P3).

    A source whose mapping is wrong fails in the same way.
    """
    views: dict[str, View] = {}
    for record in load_records().values():
        views |= record_view(record, sources, landing, regions, unread)
    return views


def record_view(
    record: Record,
    sources: Mapping[str, Source],
    landing: Mapping[str, View],
    regions: Sequence[Region],
    unread: Mapping[str, Collection[str]] = MappingProxyType({}),
    *,
    only: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Mapping[str, View]:
    """As ``record_views``, of one record.

    ``only``: the rows with these values of a column of the key alone. Whoever reads no others is reached by nothing
    else, as far as the mappings tell.
    """
    records = load_records()
    moved = any(region.bps_code_before for region in regions)
    own = [source for _, source in sorted(sources.items()) if _provides(source, record.id)]
    wrong = {source.id for source in own if any(faults(source, records))}
    lost = sorted(wrong | {source_id for source_id, named in unread.items() if record.id in named})
    sound = [source for source in own if source.id not in wrong]
    branches = [
        branch.among(only) for source in sound for branch in _branches(record, source, moved) if branch.may_give(only)
    ]
    below = tuple(landing[name] for name in sorted({name for branch in branches for name in branch.below}))
    files = tuple(dict.fromkeys(chain.from_iterable(view.files for view in below)))
    columns = {**record.sql_types, **LINEAGE}
    doubted = {source.id for source in sound if not tells_keys_apart(source, record)}
    counting, aside = _judged(record, branches, precedence(sound, record.id), doubted)
    counting += [refusal(columns, f"{source_id}: its mapping to {record.id} is not in order") for source_id in lost]
    views = {}
    for name, parts, shown in (
        (record.id, counting, columns),
        (f"{record.id}{SET_ASIDE}", aside, {**columns, BECAUSE: "VARCHAR"}),
    ):
        sql = "\nunion all\n".join(f"({part})" for part in parts) or empty(shown)
        views[f"records.{name}"] = View(sql, files, shown, below) if parts else View(sql, columns=shown)
    return views


def published_figures(
    sources: Mapping[str, Source],
    landing: Mapping[str, View],
    regions: Sequence[Region],
    unread: Mapping[str, Collection[str]] = MappingProxyType({}),
    *,
    wanted: Collection[str],
) -> View:
    """The view of the published figures as far as it can hold these; what brings others only is not below it."""
    record = load_records()[FIGURES]
    return record_view(record, sources, landing, regions, unread, only={"indicator": wanted})[f"records.{FIGURES}"]


@dataclass(frozen=True, slots=True)
class _Branch:
    """Rows of a record from one source, in one query. ``fixed``: columns of the key that are the same in every row.

    ``elsewhere`` are the rows whose region, looked up in the list of regions, is none of the installation's.
    """

    source: str
    sql: str
    elsewhere: str | None
    fixed: Mapping[str, str]
    below: tuple[str, ...]

    def may_give(self, only: Mapping[str, Collection[str]]) -> bool:
        """Whether it can give a row with these values."""
        return all(name not in self.fixed or self.fixed[name] in map(repr, values) for name, values in only.items())

    def among(self, only: Mapping[str, Collection[str]]) -> "_Branch":
        """The same, of the rows with these values alone: none is weighed against others for whoever reads no others."""
        open_ = {name: values for name, values in only.items() if name not in self.fixed}
        if not open_:
            return self
        listed = " and ".join(f"{identifier(name)} in ({', '.join(map(literal, open_[name]))})" for name in open_)
        return replace(self, sql=f"select * from ({self.sql}) where {listed}")

    def may_meet(self, other: "_Branch") -> bool:
        """Whether both can give the same key: not where a column of it is fixed, and another in each."""
        return all(other.fixed.get(name, value) == value for name, value in self.fixed.items())


def _provides(source: Source, record: str) -> bool:
    return any(entry.record == record for entry in source.provides)


def _branches(record: Record, source: Source, moved: bool) -> Iterator[_Branch]:
    for entry in source.provides:
        if entry.record == record.id:
            for one in _unfolded(entry, record.key):
                yield _branch(record, source, one, moved)


def _unfolded(entry: Provides, key: Collection[str]) -> Iterator[Provides]:
    """An entry for each code of a column of the key, where other values are left out anyway.

    A reader of one indicator then meets only what can hold it: no other source, and no other one's damaged file.
    """
    for name in key:
        mapped = entry.columns.get(name)
        if mapped is None or mapped.codes is None or mapped.from_ is None:
            continue
        if mapped.rest is None and mapped.from_ not in entry.where:
            continue
        wanted = entry.where.get(mapped.from_, tuple(mapped.codes))
        for ours in dict.fromkeys(mapped.codes.values()):
            theirs = tuple(code for code, own in mapped.codes.items() if own == ours and code in wanted)
            if theirs:
                columns = {**entry.columns, name: Mapped(is_=ours)}
                where = {**entry.where, mapped.from_: theirs}
                yield from _unfolded(entry.model_copy(update={"columns": columns, "where": where}), key)
        return
    yield entry


def _branch(record: Record, source: Source, entry: Provides, moved: bool) -> _Branch:
    region = _region(entry.columns[REGION])
    fields = [
        f"{_value(source, entry.columns.get(name), column, region)} as {identifier(name)}"
        for name, column in record.shown.items()
    ]
    lineage = [literal(source.id) + " as _source", *(f"landed.{name}" for name in LINEAGE if name != "_source")]
    joins = list(_joins(source, entry, region))
    where = [*_where(entry), *_left_out(record, entry)]
    looked_up = region == "placed.region_code"
    # Where BPS changed a code, an answer may hold a figure under each: the one under the new code counts.
    twice = moved and entry.columns[REGION].region == "bps"

    def query(shown: Sequence[str], *more: str) -> str:
        conditions = [*where, *more]
        rows = f"select {', '.join(shown)}\nfrom landing.{identifier(source.id)} as landed"
        return (
            rows
            + "".join(f"\n{join}" for join in joins)
            + (f"\nwhere {' and '.join(conditions)}" if conditions else "")
        )

    shown = [*fields, *lineage]
    sql = query([*shown, *(["placed.is_new"] if twice else [])], *([f"{region} is not null"] if looked_up else []))
    if twice:
        key = ", ".join(map(identifier, record.key))
        sql = f"select {_names(record)} from ({sql})\nqualify is_new or not bool_or(is_new) over (partition by {key})"
    elsewhere = query(shown, f"{region} is null") if looked_up else None
    fixed = {name: repr(one.is_) for name, one in entry.columns.items() if name in record.key and one.is_ is not None}
    return _Branch(source.id, sql, elsewhere, fixed, (f"landing.{source.id}", *([REGIONS] if joins else [])))


def _names(record: Record) -> str:
    return ", ".join(map(identifier, [*record.shown, *LINEAGE]))


def _region(mapped: Mapped) -> str:
    """The SQL of a row's region."""
    if mapped.is_ is not None:
        return literal(str(mapped.is_))
    column = f"landed.{identifier(mapped.from_)}" if mapped.from_ is not None else ""
    match mapped.region:
        case None:
            return column
        case "kemendagri_plain" | "village":
            return f"(left({column}, 2) || '.' || substr({column}, 3, 2))"
        case _:
            return "placed.region_code"


def _joins(source: Source, entry: Provides, region: str) -> Iterator[str]:
    """The lists of regions that a branch reads."""
    how = entry.columns[REGION].region
    if how == "bps":
        codes = (
            f"select bps_code as code, region_code, true as is_new from {REGIONS} union all "
            f"select bps_code_before, region_code, false from {REGIONS} where bps_code_before is not null"
        )
        column = identifier(entry.columns[REGION].from_ or "")
        yield f"left join ({codes}) as placed on landed.{column} = placed.code"
    elif isinstance(how, Names):
        # Without regard to case and blanks; the kind is part of the name, since a regency and a city share names.
        yield (
            f"left join {REGIONS} as placed on {_plain(f'landed.{identifier(how.name)}')} = "
            f"{_plain('placed.sipsn_name')} and {_plain(f'landed.{identifier(how.province)}')} = "
            f"{_plain('placed.sipsn_province')}"
        )
    if any(_is_moment(source, mapped) for mapped in entry.columns.values()):
        yield f"left join {REGIONS} as civil on {region} = civil.region_code"


def _plain(expression: str) -> str:
    return f"lower(trim(regexp_replace({expression}, '\\s+', ' ', 'g')))"


def _is_moment(source: Source, mapped: Mapped) -> bool:
    return mapped.take is not None and _kind(source, mapped) == "timestamp"


def _kind(source: Source, mapped: Mapped) -> str:
    column = source.contract.landed.get(mapped.from_ or "")
    return column.sql_type.kind if column is not None else "string"


def _value(source: Source, mapped: Mapped | None, column: RecordColumn, region: str) -> str:
    """The SQL of one column of the record."""
    if mapped is None:
        return f"null::{column.sql}"
    if mapped.is_ is not None:
        return f"{_literal(mapped.is_)}::{column.sql}"
    return f"{region if mapped.region is not None else _read(source, mapped)}::{column.sql}"


def _read(source: Source, mapped: Mapped) -> str:
    """The SQL of a landed column, read as the mapping says."""
    landed = f"landed.{identifier(mapped.from_ or '')}"
    if mapped.codes is not None:
        return _coded(source, mapped, landed)
    if mapped.take is not None:
        return f"({_taken(source, mapped, landed)})"
    if mapped.times is not None:
        whole, _, part = mapped.times.partition(".")
        return f"({landed} * {literal(mapped.times)}::decimal({len(whole) + len(part)}, {len(part)}))"
    return landed


def _coded(source: Source, mapped: Mapped, landed: str) -> str:
    assert mapped.codes is not None
    cases = " ".join(f"when {_literal(code)} then {_literal(own)}" for code, own in mapped.codes.items())
    # Landed under an older contract, for instance: it is neither one of the codes nor nothing.
    said = literal(f"{source.id}: {mapped.from_} has a value that `provides` gives no code")
    return f"(case {landed} {cases} else case when {landed} is not null then error({said}) end end)"


def _taken(source: Source, mapped: Mapped, landed: str) -> str:
    kind = _kind(source, mapped)
    if kind == "string":
        return f"left({landed}, 4)"
    day = landed
    if kind == "timestamp":
        day = f"timezone(coalesce(civil.time_zone, {literal(CIVIL_TIME_ZONE)}), {landed})"
    taken = {"year": f"year({day})", "month": f"strftime({day}, '%Y-%m')", "date": f"cast({day} as date)"}
    return taken[mapped.take or ""]


def _where(entry: Provides) -> Iterator[str]:
    for name, values in entry.where.items():
        yield f"landed.{identifier(name)} in ({', '.join(map(_literal, values))})"


def _left_out(record: Record, entry: Provides) -> Iterator[str]:
    for name, mapped in entry.columns.items():
        if mapped.rest is not None and mapped.codes is not None:
            landed = f"landed.{identifier(mapped.from_ or '')}"
            named = f"{landed} in ({', '.join(map(_literal, mapped.codes))})"
            yield named if record.columns[name].required else f"({landed} is null or {named})"


def _literal(value: str | int) -> str:
    """A value of a mapping as SQL reads it."""
    return literal(value) if isinstance(value, str) else str(value).lower()


def _judged(
    record: Record, branches: Sequence[_Branch], over: Mapping[str, Collection[str]], doubted: Collection[str]
) -> tuple[list[str], list[str]]:
    """The queries of the rows that count, and of those that are set aside.

    ``doubted`` are the sources that may give a key twice.
    """
    counting, aside = [], []
    for together in _meeting(branches):
        by_source = {source: [one.sql for one in together if one.source == source] for source in _sources(together)}
        parts = []
        for source, queries in by_source.items():
            rows = "\nunion all\n".join(queries)
            if source in doubted:
                aside.append(_given_twice(record, rows, f"*, {literal(TWICE)} as {BECAUSE}", "semi"))
                rows = _given_twice(record, rows, "*", "anti")
            parts.append(_newest(record, rows) if record.newest else rows)
        if len(parts) == 1:
            counting.append(parts[0])
            continue
        weighed = _weighed(record, parts, list(by_source), over)
        names = _names(record)
        counting.append(f"select {names} from ({weighed}) where {BECAUSE} is null")
        aside.append(f"select {names}, {BECAUSE} from ({weighed}) where {BECAUSE} is not null")
    aside += [
        f"select *, {literal(NO_REGION)} as {BECAUSE} from ({branch.elsewhere})"
        for branch in branches
        if branch.elsewhere
    ]
    return counting, aside


def _sources(branches: Sequence[_Branch]) -> Sequence[str]:
    return list(dict.fromkeys(branch.source for branch in branches))


def _meeting(branches: Sequence[_Branch]) -> Sequence[Sequence[_Branch]]:
    """The branches in groups: two of different groups can never give the same key."""
    groups: list[list[_Branch]] = []
    for branch in branches:
        met = [group for group in groups if any(branch.may_meet(other) for other in group)]
        groups = [group for group in groups if group not in met] + [[*chain.from_iterable(met), branch]]
    return groups


def _given_twice(record: Record, rows: str, shown: str, join: str) -> str:
    """Those of one source's rows whose key it gives twice (``semi``), or the others (``anti``).

    A later batch may give a key again where the newest counts. What a simulator gave hides no row of a real system.
    """
    key = [*record.key, "_synthetic", *(["_batch"] if record.newest else [])]
    listed = ", ".join(map(identifier, key))
    twice = f"select {listed} from ({rows}) group by {listed} having count(*) > 1"
    return f"select {shown} from ({rows}) as given {join} join ({twice}) as met on {_same(record, key)}"


def _same(record: Record, key: Sequence[str]) -> str:
    """The condition that ``given`` and ``met`` have one key."""
    # A column that may be blank is the same in two rows without it. The others are compared faster.
    blank = {name for name in key if name in record.columns and not record.columns[name].required}
    return " and ".join(
        f"given.{identifier(name)} {'is not distinct from' if name in blank else '='} met.{identifier(name)}"
        for name in key
    )


def _newest(record: Record, rows: str) -> str:
    """Of the rows of one source each key once, by its newest batch.

    A window and no grouping: a column that nobody reads is then not computed, and stops nobody.
    """
    key = ", ".join(map(identifier, record.key))
    newest = f"row_number() over (partition by {key} order by _batch desc, _row desc) = 1"
    return f"select * from ({rows})\nqualify {newest}"


def _weighed(record: Record, parts: Sequence[str], sources: Sequence[str], over: Mapping[str, Collection[str]]) -> str:
    """The rows of several sources, each with the reason why it does not count, or none."""
    key = ", ".join(map(identifier, record.key))
    given_by = {source: f"bool_or(_source = {literal(source)})" for source in sources}
    flags = ", ".join(f"{given} as {identifier(f'_from_{source}')}" for source, given in given_by.items())
    several = " + ".join(f"{given}::integer" for given in given_by.values())
    return (
        "with given as (\n" + "\nunion all\n".join(f"({part})" for part in parts) + "\n),\n"
        f"met as (select {key}, {flags} from given group by {key} having {several} > 1)\n"
        f"select given.*, {_because(sources, over)} as {BECAUSE}\n"
        f"from given left join met on {_same(record, record.key)}"
    )


def _because(sources: Sequence[str], over: Mapping[str, Collection[str]]) -> str:
    """Why a row does not count, by its own source and the others that give its key. Each is over those it names."""
    cases = []
    for own in sources:
        others = [one for one in sources if one != own]
        above = [one for one in others if own in over[one] and one not in over[own]]
        below = [one for one in others if one in over[own] and own not in over[one]]
        cases += [(own, one, UNDECIDED) for one in others if one not in above and one not in below]
        cases += [(own, one, f"{SUPERSEDED}{one}") for one in above]
    written = " ".join(
        f"when given._source = {literal(own)} and met.{identifier(f'_from_{one}')} then {literal(said)}"
        for own, one, said in cases
    )
    return f"case {written} end"
