"""What figures say of each other, by the rules of ``definitions/rules.yaml``: queries over the table ``IN_FORCE``.

A suppressed figure is blank there, so that no rule speaks of it.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from definitions.between import Between, Rules
from definitions.indicators import DIVIDED, Indicator
from definitions.records import FIGURES
from ledger.sql import identifier, literal

IN_FORCE = "marts_in_force"
"""The marts in force, as the looks read them: one table of a connection."""

_RULES = {"within": "part_exceeds_whole", "not_equal": "equal_figures"}
_BASE = (
    "region_code, period, array_to_string(source_ids, ', ') as source_id, "
    "list_min(batch_ids) as batch_id, indicator_id as scope, indicator_id as subject, indicator_id"
)


def between_sql(rules: Rules, indicators: Mapping[str, Indicator]) -> str:
    """Figures that cannot stand beside each other in one region and period."""
    return "\nunion all by name\n".join(_between(rules, indicators))


def unchanged_sql(rules: Rules, indicators: Mapping[str, Indicator]) -> str:
    """Values that are the same for years, each run of years once, by its first year."""
    rule = rules.unchanged
    judged = [one.id for one in indicators.values() if one.decimals > 0 and one.id not in rule.except_]
    return (
        "with yearly as (\n"
        f"  select *, cast(period as integer) - row_number() over (partition by indicator_id, region_code, value, "
        "numerator, denominator order by period) as run\n"
        f"  from {IN_FORCE}\n"
        f"  where indicator_id in ({_listed(judged)}) and state = 'measured' and {_YEARLY}\n"
        # Nothing, and all of a whole, are reached and kept.
        "    and value <> 0 and not (unit = '%' and value = 100)\n"
        f"    and coalesce(denominator, {rules.least}) >= {rules.least}\n"
        ")\n"
        "select 'unchanged' as rule, region_code, min(period) as period, indicator_id as scope,\n"
        "  indicator_id as subject, indicator_id, 'value' as field, cast(value as varchar) as published,\n"
        "  cast(count(*) as integer) as row_count, arg_min(array_to_string(source_ids, ', '), period) as source_id,\n"
        "  arg_min(list_min(batch_ids), period) as batch_id\n"
        "from yearly group by region_code, indicator_id, value, numerator, denominator, run\n"
        f"having count(*) >= {rule.years}"
    )


def jump_sql(rules: Rules, indicators: Mapping[str, Indicator]) -> str:
    """Values that moved further against the year before than is usual."""
    steps = {one.id: step for one in indicators.values() if (step := rules.jump.step(one)) is not None}
    rows = ", ".join(
        f"({literal(name)}, {_number(step.points)}, {_number(step.factor)})" for name, step in steps.items()
    )
    return (
        f"select 'jump' as rule, {_aliased('now', _BASE)}, 'value' as field,\n"
        "  cast(now.value as varchar) as published, cast(earlier.value as varchar) as recomputed,\n"
        "  earlier.period as against\n"
        f"from {IN_FORCE} as now inner join {IN_FORCE} as earlier\n"
        "  on now.region_code = earlier.region_code and now.indicator_id = earlier.indicator_id\n"
        "    and try_cast(now.period as integer) = try_cast(earlier.period as integer) + 1\n"
        f"inner join (values {rows}) as step(indicator_id, points, factor) on now.indicator_id = step.indicator_id\n"
        f"where now.state = 'measured' and earlier.state = 'measured' and {_YEARLY.replace('period', 'now.period')}\n"
        f"  and coalesce(least(now.denominator, earlier.denominator), {rules.least}) >= {rules.least}\n"
        "  and (abs(now.value - earlier.value) > step.points\n"
        f"    or (least(now.value, earlier.value) >= {rules.least} and\n"
        "      greatest(now.value, earlier.value) > step.factor * least(now.value, earlier.value)))"
    )


def size_sql(rules: Rules, indicators: Mapping[str, Indicator]) -> str:
    """Counts as large as those of all other regions of the province together."""
    divided = [one.id for one in indicators.values() if one.formula in DIVIDED]
    return (
        "with counts as (\n"
        f"  unpivot (select marts.*, province from {IN_FORCE} as marts\n"
        "    inner join landing._regions using (region_code)\n"
        f"    where state = 'measured' and indicator_id in ({_listed(divided)}))\n"
        "  on numerator, denominator into name field value amount\n"
        "),\n"
        "beside as (\n"
        "  select *, sum(amount) over together - amount as rest, count(*) over together - 1 as others from counts\n"
        "  window together as (partition by province, indicator_id, period, field)\n"
        ")\n"
        f"select 'size_of_province' as rule, {_BASE}, field, cast(amount as varchar) as published,\n"
        "  cast(rest as varchar) as recomputed, province as against\n"
        f"from beside where others >= {rules.size.others} and rest >= {rules.least} and amount >= rest\n"
        # A numerator follows its denominator.
        "qualify field = 'denominator' or count(*) over (partition by region_code, indicator_id, period) = 1"
    )


def differs_sql(indicators: Mapping[str, Indicator]) -> str:
    """Values that records give against what their authority published, beyond half a unit of what is printed.

    Where both come from one published figure, that figure is compared with its own parts instead.
    """
    own = [one.id for one in indicators.values() if one.records == (FIGURES,) and one.formula in DIVIDED]
    shown = "length(rtrim(split_part(cast(marts.published_value as varchar), '.', 2), '0'))"
    printed = f"coalesce(printed.dp, least({shown}, defined.dp))"
    half = "case " + printed + " when 0 then 0.5 when 1 then 0.05 when 2 then 0.005 when 3 then 0.0005 else 0.00005 end"
    return (
        f"select 'differs_from_published' as rule, {_aliased('marts', _BASE)}, 'value' as field,\n"
        "  cast(marts.published_value as varchar) as published, cast(marts.value as varchar) as recomputed,\n"
        "  marts.published_by as against\n"
        f"from {IN_FORCE} as marts inner join definitions.indicators as defined on indicator_id = defined.id\n"
        "left join seeds.published_figures as printed on marts.indicator_id = printed.indicator_id\n"
        "  and marts.region_code = printed.region_code and marts.period = printed.period\n"
        "where marts.state = 'measured' and marts.basis = 'computed'\n"
        f"  and (printed.dp is not null or marts.indicator_id not in ({_listed(own)}))\n"
        f"  and abs(marts.value - marts.published_value) > {half}"
    )


def _between(rules: Rules, indicators: Mapping[str, Indicator]) -> Iterator[str]:
    for rule in rules.between:
        yield _sum(rule, indicators) if rule.kind == "sums" else _pairs(rule, rules.least)


def _pairs(rule: Between, least: int) -> str:
    name, _, part = rule.figure.partition(".")
    own = f"figure.{identifier(part)}"
    broken = f"{own} > {_AMOUNT}" if rule.kind == "within" else f"{own} = {_AMOUNT} and {own} >= {least}"
    return (
        f"select {literal(_RULES[rule.kind])} as rule, {_aliased('figure', _BASE)}, {literal(part)} as field,\n"
        f"  cast({own} as varchar) as published, cast({_AMOUNT} as varchar) as recomputed,\n"
        "  other_id || '.' || other_part as against\n"
        f"from {IN_FORCE} as figure cross join {_named(rule)}\n"
        f"inner join {IN_FORCE} as other on other.indicator_id = other_id\n"
        "  and other.region_code = figure.region_code and other.period = figure.period\n"
        f"where figure.indicator_id = {literal(name)} and figure.state = 'measured' and other.state = 'measured'\n"
        f"  and {broken}"
    )


def _sum(rule: Between, indicators: Mapping[str, Indicator]) -> str:
    name, _, part = rule.figure.partition(".")
    half = Decimal("0.5").scaleb(-indicators[name].decimals)
    own = f"figure.{identifier(part)}"
    return (
        f"select 'parts_do_not_sum' as rule, {_aliased('figure', _BASE)}, {literal(part)} as field,\n"
        f"  cast({own} as varchar) as published, cast(added.amount as varchar) as recomputed,\n"
        f"  {literal(' + '.join(rule.others))} as against\n"
        f"from {IN_FORCE} as figure inner join (\n"
        f"  select other.region_code, other.period, sum({_AMOUNT}) as amount, count({_AMOUNT}) as n\n"
        f"  from {IN_FORCE} as other inner join {_named(rule)}\n"
        "    on other.indicator_id = other_id\n"
        "  where other.state = 'measured' group by other.region_code, other.period\n"
        ") as added on added.region_code = figure.region_code and added.period = figure.period\n"
        f"where figure.indicator_id = {literal(name)} and figure.state = 'measured' and added.n = {len(rule.others)}\n"
        f"  and abs({own} - added.amount) > {half * (len(rule.others) + 1)}"
    )


_AMOUNT = (
    "case other_part when 'numerator' then other.numerator when 'denominator' then other.denominator "
    "else other.value end"
)
_YEARLY = "regexp_full_match(period, '[0-9]{4}')"


def _named(rule: Between) -> str:
    """The others that a rule names, as a table."""
    others = ", ".join(f"({literal(ref.partition('.')[0])}, {literal(ref.partition('.')[2])})" for ref in rule.others)
    return f"(values {others}) as named(other_id, other_part)"


def _aliased(table: str, columns: str) -> str:
    """The columns of one of several tables."""
    for name in ("region_code", "period", "source_ids", "batch_ids"):
        columns = columns.replace(name, f"{table}.{name}")
    return columns.replace("indicator_id", f"{table}.indicator_id")


def _listed(names: list[str]) -> str:
    return ", ".join(map(literal, sorted(names))) or "null"


def _number(value: Decimal | None) -> str:
    return "null::decimal(10, 4)" if value is None else f"{value}::decimal(10, 4)"
