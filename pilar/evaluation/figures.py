"""The figures of a pillar: its indicators' parts, counted over records, for each region and period.

One view a pillar, ``figures.<pillar>``, written beside the records. A record is read once for all indicators of the
pillar: its rows are counted by region, period and batch, and every figure is made from those few rows. How a value
follows from its parts, exactly, is dbt's (`dbt_project/macros/figure_value.sql`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from definitions.indicators import DIVIDED, Each, Indicator, Part, load_indicators
from definitions.records import FIGURES, load_records
from ledger.sql import identifier, literal
from pilar.evaluation.warehouse import View

COLUMNS: Mapping[str, str] = {
    "indicator_id": "VARCHAR",
    "region_code": "VARCHAR",
    "period": "VARCHAR",
    "numerator": "DECIMAL(24,4)",
    "denominator": "DECIMAL(24,4)",
    "amount": "DECIMAL(28,8)",
    "basis": "VARCHAR",
    "published_value": "DECIMAL(24,4)",
    "published_by": "VARCHAR",
    "batch_ids": "VARCHAR[]",
    "source_ids": "VARCHAR[]",
    "is_synthetic": "BOOLEAN",
}
"""``amount`` is a value that is no ratio, unrounded. ``basis``: ``computed`` from records, or ``taken_over``.

``published_value`` is the figure as its authority published it, beside what records give."""

_PUBLISHED = """
published_figures as materialized (
  select indicator, region_code, period, publisher, vintage, numerator, denominator, _batch, _source, _synthetic,
    value as lowest, value as highest, (value is null)::integer as blanks
  from ({published})
  where indicator in ({wanted}) and region_code is not null
),
newest_figures as materialized (
  from published_figures
  qualify vintage is not distinct from max(vintage) over (partition by indicator, region_code, period, publisher)
)"""


_ALL = """
select figures.*, cast(published.published_value as decimal(24, 4)) as published_value, published.published_by
from (from computed union all from taken_over) as figures
left join published using (indicator_id, region_code, period)"""


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows of a record are counted; parts that agree in it are counted together."""

    record: str
    among: str | None
    newest: str | None
    each: Each | None

    @staticmethod
    def of(part: Part) -> "Rows":
        """Without a choice among rows, a condition is the part's own, and one reading serves all."""
        chosen = part.newest is not None or part.each is not None
        return Rows(part.record, part.among if chosen else None, part.newest, part.each)

    def sql(self, period: str) -> str:
        """The rows, with their period as text."""
        inner = f"select *, {period} as _period from records.{identifier(self.record)} where region_code is not null"
        if self.among:
            inner += f" and ({self.among})"
        if self.newest:
            column = identifier(self.newest)
            inner += f" qualify {column} = max({column}) over (partition by region_code, _period)"
        if self.each:
            inner = _latest_of_each(inner, self.each)
        return inner


def _latest_of_each(rows: str, each: Each) -> str:
    """These rows, one of each thing."""
    latest = identifier(each.latest)
    thing = f"partition by region_code, _period, {identifier(each.by)}"
    first = f"qualify row_number() over ({thing} order by {latest} desc nulls last, _batch desc, _row desc) = 1"
    if each.history is None:
        return f"select * from ({rows}) {first}"
    # Sorted where it is kept: with an order of its own, a window would sort and gather the list again for each row.
    step = f"{{'latest': {latest}, 'batch': _batch, 'row': _row, 'step': {each.history}}}"
    return (
        "select * exclude (steps), list_transform(list_sort(steps), lambda one: one.step) as history\n"
        f"from (select *, list({step}) over ({thing}) as steps from ({rows}) {first})"
    )


def figures_sql(
    indicators: Sequence[Indicator], periods: Mapping[str, str], published: str = f"from records.{FIGURES}"
) -> str:
    """The SQL of a pillar's figures.

    ``periods``: record -> the SQL of its period as text. ``published``: a query of the published figures, with those
    that these indicators read.
    """
    sets = list(dict.fromkeys(Rows.of(part) for part in _record_parts(indicators)))
    counted = {rows: f"counted_{number}" for number, rows in enumerate(sets, start=1)}
    wanted = ", ".join(map(literal, _wanted(indicators))) or "null"
    tables = [_PUBLISHED.strip().format(wanted=wanted, published=published)]
    tables += [_counted(name, rows, periods[rows.record], indicators) for rows, name in counted.items()]
    computed = [_figure(indicator, counted, indicators) for indicator in indicators if indicator.all_parts]
    tables.append("computed as materialized (\n" + ("\nunion all\n".join(computed) or _no_figures()) + "\n)")
    tables.append(_taken_over(indicators))
    return "with " + ",\n".join(tables) + _ALL


def _wanted(indicators: Sequence[Indicator]) -> Sequence[str]:
    """The published figures that these indicators read."""
    own = {indicator.id for indicator in indicators}
    return sorted(own | {part.figure for one in indicators for part in one.all_parts.values() if part.figure})


def _record_parts(indicators: Iterable[Indicator]) -> Iterator[Part]:
    for indicator in indicators:
        yield from (part for part in indicator.all_parts.values() if part.record != FIGURES or part.figure is None)


def _measures(indicators: Iterable[Indicator], rows: Rows) -> Mapping[tuple[str, str, str], str]:
    """What is counted over these rows: (kind, amount, condition) -> a column's stem, each once."""
    found: dict[tuple[str, str, str], str] = {}
    for part in _record_parts(indicators):
        if Rows.of(part) == rows:
            found.setdefault(_measure(part), f"m{len(found)}")
    return found


def _measure(part: Part) -> tuple[str, str, str]:
    chosen = part.newest is not None or part.each is not None
    conditions = [part.where, None if chosen else part.among]
    where = " and ".join(f"({condition})" for condition in conditions if condition) or "true"
    return part.kind, part.of or "1", where


def _counted(name: str, rows: Rows, period: str, indicators: Sequence[Indicator]) -> str:
    columns = []
    for (kind, amount, where), stem in _measures(indicators, rows).items():
        only = f"filter (where {where})"
        lowest = {"count": "count(*)", "sum": f"sum({amount})", "one": f"min({amount})"}[kind]
        columns.append(f"cast({lowest} {only} as decimal(28, 4)) as {stem}_lowest")
        if kind == "one":
            columns.append(f"cast(max({amount}) {only} as decimal(28, 4)) as {stem}_highest")
        columns.append(f"count(*) {only} as {stem}_n")
        blank = "0" if kind == "count" else f"count(*) filter (where {where} and ({amount}) is null)"
        columns.append(f"{blank} as {stem}_blanks")
    shown = ",\n    ".join(columns)
    return (
        f"{name} as materialized (\n"
        f"  select region_code, _period as period, _batch, _source, _synthetic,\n    {shown}\n"
        f"  from ({rows.sql(period)})\n  where _period is not null\n  group by all\n)"
    )


def _figure(indicator: Indicator, counted: Mapping[Rows, str], indicators: Sequence[Indicator]) -> str:
    parts = indicator.all_parts
    figures = _figures_of(indicator)
    queries = [
        _part_rows(number, part, counted, indicators)
        for number, part in enumerate(parts.values())
        if number not in figures
    ]
    if len(figures) > 1:
        queries.append(_of_one_vintage(figures, _vintages_of(indicator)))
    else:
        queries += [_figure_rows(number, part, "newest_figures") for number, part in figures.items()]
    rows = "\n  union all\n".join(queries)
    values = {name: _value(number, part) for number, (name, part) in enumerate(parts.items())}
    if indicator.formula == "expression":
        inner = ", ".join(f"cast({value} as double) as {identifier(name)}" for name, value in values.items())
        fixed = "".join(f", cast({value} as double) as {name}" for name, value in indicator.constants.items())
        numerator, denominator, amount = "null", "null", f"({indicator.expression})"
    else:
        inner, fixed = ", ".join(f"{value} as {name}" for name, value in values.items()), ""
        numerator = "numerator"
        denominator = "denominator" if indicator.formula in DIVIDED else "null"
        amount = "numerator" if indicator.formula == "amount" else "null"
    return (
        f"select {literal(indicator.id)} as indicator_id, region_code, period,\n"
        f"  cast({numerator} as decimal(24, 4)) as numerator, cast({denominator} as decimal(24, 4)) as denominator,\n"
        f"  cast({amount} as decimal(28, 8)) as amount, 'computed' as basis, batch_ids, source_ids, is_synthetic\n"
        f"from (\n  select region_code, period, {inner}{fixed},\n"
        "    list_sort(list_distinct(list(_batch))) as batch_ids,\n"
        "    list_sort(list_distinct(list(_source))) as source_ids, bool_or(_synthetic) as is_synthetic\n"
        f"  from (\n{rows}\n  )\n  group by region_code, period\n  having bool_or(part = 0)\n)"
    )


_LINEAGE = "_batch, _source, _synthetic"


def _part_rows(number: int, part: Part, counted: Mapping[Rows, str], indicators: Sequence[Indicator]) -> str:
    rows = Rows.of(part)
    stem = _measures(indicators, rows)[_measure(part)]
    # Where a record's rows are there and none of them counts, the count is nought. A sum of no rows is no sum.
    some = "" if part.kind == "count" else f" where {stem}_n > 0"
    highest = f"{stem}_highest" if part.kind == "one" else f"{stem}_lowest"
    return (
        f"  select {number} as part, region_code, {_period(part)}, {stem}_lowest as lowest, {highest} as highest,\n"
        f"    {stem}_blanks as blanks, {_LINEAGE}\n  from {counted[rows]}{some}"
    )


def _figure_rows(number: int, part: Part, table: str, *more: str) -> str:
    assert part.figure is not None
    amounts = (f"{_cut('lowest')} as lowest", f"{_cut('highest')} as highest")
    shown = ", ".join((*amounts, "blanks", _LINEAGE, *more))
    return (
        f"  select {number} as part, region_code, {_period(part)}, {shown}\n"
        f"  from {table} where indicator = {literal(part.figure)}"
    )


def _period(part: Part) -> str:
    if not part.years_ago:
        return "period"
    return f"cast(cast(left(period, 4) as integer) + {part.years_ago} as varchar) || substr(period, 5) as period"


def _of_one_vintage(figures: Mapping[int, Part], apart: Sequence[str]) -> str:
    """The rows of several published figures, of the newest vintage that has all of those that are there.

    Where none has all, every row stays and counts as blank: the value is missing, and says on which batches it rests.
    ``apart``: a vintage is one for each value of these columns.
    """
    place = ", ".join(("region_code", "period", *apart))
    return (
        f"  select part, region_code, period, lowest, highest, if(whole, blanks, 1) as blanks, {_LINEAGE}\n"
        f"  from ({_by_vintage(figures, apart)})\n"
        f"  qualify rank() over (partition by {place} "
        "order by whole desc, case when whole then vintage end desc nulls last) = 1"
    )


def _by_vintage(figures: Mapping[int, Part], apart: Sequence[str]) -> str:
    """The rows of several published figures, and whether the vintage of each is ``whole``: it has all of them."""
    rows = "\n  union all\n".join(
        _figure_rows(number, part, "published_figures", "publisher", "vintage") for number, part in figures.items()
    )
    place = ", ".join(("region_code", "period", *apart))
    return (
        f"select *, count(distinct part) over (partition by {place}, vintage)"
        f" = count(distinct part) over (partition by {place}) as whole\n  from (\n{rows}\n  )"
    )


def vintages_apart_sql(indicators: Iterable[Indicator]) -> str:
    """The values that are missing since no vintage has all of their published figures, as findings."""
    several = [(one, parts) for one in indicators if len(parts := _figures_of(one)) > 1]
    wanted = ", ".join(sorted({literal(str(part.figure)) for _, parts in several for part in parts.values()}))
    published = _PUBLISHED.strip().format(wanted=wanted or "null", published=f"from records.{FIGURES}")
    queries = [_vintages_apart(indicator, parts) for indicator, parts in several]
    return f"with {published}\n" + "\nunion all by name\n".join(queries)


def _vintages_apart(indicator: Indicator, parts: Mapping[int, Part]) -> str:
    apart = _vintages_of(indicator)
    name = literal(indicator.id)
    return (
        f"select 'vintages_apart' as rule, {name} as scope, {name} as subject, {name} as indicator_id, region_code,\n"
        "  period, 'vintage' as field, min(_source) as source_id, min(_batch) as batch_id,\n"
        "  array_to_string(list_sort(list_distinct(list(coalesce(vintage, '-')))), ', ') as published,\n"
        "  cast(count(*) as integer) as row_count\n"
        f"from ({_by_vintage(parts, apart)})\n"
        "where region_code in (select region_code from landing._regions)\n"
        f"group by {', '.join(('region_code', 'period', *apart))} having not bool_or(whole)"
    )


def _figures_of(indicator: Indicator) -> Mapping[int, Part]:
    """The parts that are published figures, by their number."""
    return {number: part for number, part in enumerate(indicator.all_parts.values()) if part.figure is not None}


def _vintages_of(indicator: Indicator) -> Sequence[str]:
    """Whose vintages are told apart: each publisher's, where the indicator does not say that none may be mixed."""
    return () if indicator.vintage else ("publisher",)


def _value(number: int, part: Part) -> str:
    only = f"filter (where part = {number})"
    if part.kind == "count" and part.figure is None:
        return f"sum(lowest) {only}"
    whole = f"sum(blanks) {only} = 0"
    if part.kind == "sum":
        return f"case when {whole} then sum(lowest) {only} end"
    return f"case when {whole} and min(lowest) {only} = max(highest) {only} then min(lowest) {only} end"


def _taken_over(indicators: Sequence[Indicator]) -> str:
    ids = ", ".join(literal(indicator.id) for indicator in indicators) or "null"
    return f"""published as materialized (
  select indicator as indicator_id, region_code, period,
    cast(case when min(numerator) = max(numerator) then min(numerator) end as decimal(24, 4)) as numerator,
    cast(case when min(denominator) = max(denominator) then min(denominator) end as decimal(24, 4)) as denominator,
    case when min(lowest) = max(highest) and sum(blanks) = 0 then min(lowest) end as published_value,
    array_to_string(list_sort(list_distinct(list(publisher))), ', ') as published_by,
    list_sort(list_distinct(list(_batch))) as batch_ids, list_sort(list_distinct(list(_source))) as source_ids,
    bool_or(_synthetic) as is_synthetic
  from newest_figures
  where indicator in ({ids})
  group by indicator, region_code, period
),
taken_over as (
  select indicator_id, region_code, period, numerator, denominator, {_cut("published_value")} as amount,
    'taken_over' as basis, batch_ids, source_ids, is_synthetic
  from published anti join computed using (indicator_id, region_code, period)
)"""


def _cut(value: str) -> str:
    """Eight decimals of a published figure, not rounded: rounded half up later, it is what the whole figure is."""
    return f"cast({value} - {value} % 0.00000001 as decimal(28, 8))"


def _no_figures() -> str:
    own = {name: kind for name, kind in COLUMNS.items() if not name.startswith("published")}
    fields = ", ".join(f"null::{kind} as {name}" for name, kind in own.items())
    return f"select {fields} where false"


def period_sql() -> Mapping[str, str]:
    """For every record the SQL of its period as text: 2024, or 2024-08."""
    return {record.id: f"cast({identifier(record.period)} as varchar)" for record in load_records().values()}


def figures_views(records: Mapping[str, View], published: Callable[..., View]) -> Mapping[str, View]:
    """``figures.<pillar>`` over the records that its indicators read.

    - ``records`` are the views of the records, by qualified name.
    - ``published`` gives the view of the published figures as far as it can hold these: a pillar is reached by what
      brings its own figures, and not by every publication.
    """
    periods = period_sql()
    views = {}
    for pillar, indicators in load_indicators().items():
        read = sorted({record for indicator in indicators for record in indicator.records} - {FIGURES})
        own = published(wanted=_wanted(indicators))
        below = (*(records[f"records.{record}"] for record in read), own)
        views[f"figures.{pillar}"] = _view(figures_sql(indicators, periods, own.sql), COLUMNS, below)
    return views


def _view(sql: str, columns: Mapping[str, str], below: tuple[View, ...]) -> View:
    return View(sql, tuple(file for view in below for file in view.files), columns, below)
