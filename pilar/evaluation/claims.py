"""What sources state against what follows from their own parts: queries over the records of an evaluation's file.

Each part stands for every number that rounds to it, so figures are compared as intervals: with a fixed tolerance 454
correct rows of the East Java budgets would be flagged. Nothing is mended.
"""

from collections.abc import Iterator

from definitions.indicators import DIVIDED
from definitions.records import FIGURES, REGION, SET_ASIDE, Claim, Record
from ledger.sql import identifier, literal
from pilar.evaluation.record_views import NO_REGION, SUPERSEDED, TWICE, UNDECIDED

REGIONS = "(select region_code from landing._regions)"
_FIRST_OF_THEM = (
    "cast(count(*) as integer) as row_count, min(_batch) as batch_id,\n"
    "  arg_min(_page, (_batch, _page, _row)) as page_no, arg_min(_row, (_batch, _page, _row)) as row_no"
)
# Both sides of a comparison: of two wide decimals DuckDB would cut the scale of one.
_EXACT = "decimal(38, 19)"
# As many decimals as a published figure and its parts have at most. Their product must fit in what is exact.
_OF_VALUE, _OF_PART = 13, 4


def claims_sql(record: Record) -> str | None:
    """The claims of a record's rows that do not follow; None where it has none."""
    return "\nunion all by name\n".join(_claims(record)) or None


def agrees(num: str, den: str, stated: str, *, factor: str, halves: tuple[str, str, str]) -> str:
    """SQL: can ``factor * num / den`` be ``stated``, each within its half unit (of num, den, stated)?

    Null where nothing can be said: a part is blank, or the denominator's interval touches zero.
    """
    half_num, half_den, half = halves
    n = f"(({num}) * sign({den}))"

    def widest(bound: str, larger: str, smaller: str) -> str:
        return f"(abs({den}) + case when {bound} >= 0 then {larger} else {smaller} end)"

    high, low = f"({n} + {half_num})", f"({n} - {half_num})"
    return (
        f"case when abs({den}) > {half_den} then\n"
        f"  ({stated} - {half}) * {widest(high, f'-{half_den}', half_den)} <= cast({factor} * {high} as {_EXACT})\n"
        f"  and ({stated} + {half}) * {widest(low, half_den, f'-{half_den}')} >= cast({factor} * {low} as {_EXACT}) end"
    )


def published_sql() -> str:
    """Published figures whose value does not follow from their own numerator and denominator.

    They are rounded to the decimals that their source states, else to those they show. A whole part is a count. How
    the parts are divided says the indicator. Where none is known, the source's unit does: of a percentage alone.
    """
    stated = "coalesce(figure.decimals, " + _shown("figure.value") + ")"
    halves = (
        f"({_half_of_part('figure.numerator')} + case when formula = 'growth' "
        f"then {_half_of_part('figure.denominator')} else 0 end)",
        _half_of_part("figure.denominator"),
        _half(stated, _OF_VALUE),
    )
    num = "(figure.numerator - case when formula = 'growth' then figure.denominator else 0 end)"
    factor = "coalesce(factor, 100)"
    follows = agrees(num, "figure.denominator", "figure.value", factor=factor, halves=halves)
    divided = ", ".join(map(literal, sorted(DIVIDED)))
    return (
        "select 'published_ratio_differs' as rule, _source as source_id, region_code, period, indicator as scope,\n"
        "  indicator as subject, 'value' as field,\n"
        "  regexp_replace(cast(figure.value as varchar), '0{1,9}$', '') as published,\n"
        f"  {num} as num, figure.denominator as den, {factor} as factor, greatest(coalesce(dp, 0), {stated}) as dp,\n"
        "  concat_ws(' ', publisher, figure.vintage) as against, defined.id as indicator_id,\n"
        "  _batch as batch_id, _page as page_no, _row as row_no\n"
        f"from records.{FIGURES} as figure left join definitions.indicators as defined on indicator = defined.id\n"
        f"where case when defined.id is null then figure.unit = '%' else formula in ({divided}) end\n"
        f"  and region_code in {REGIONS} and not ({follows})"
    )


def left_out_sql(record: Record) -> str:
    """What no region of the installation counts: by source, region and period, with the first row of each."""
    period = f"cast({identifier(record.period)} as varchar)"
    name = record.id
    return (
        "select 'region_out_of_scope' as rule, _source as source_id, null as region_code, "
        f"{period} as period, {literal(name)} || ' ' || _source as scope,\n"
        "  coalesce(region_code, '(none of the installation)') as subject, 'region_code' as field,\n"
        f"  region_code as published, {_FIRST_OF_THEM}\n"
        f"from (from records.{identifier(name)} where region_code not in {REGIONS}\n"
        f"  union all by name from records.{identifier(name + SET_ASIDE)} where _because = {literal(NO_REGION)})\n"
        f"group by _source, region_code, {period}"
    )


def set_aside_sql(record: Record) -> str:
    """Rows that do not count since their key came twice: how many, by source and reason."""
    other = f"substr(_because, {len(SUPERSEDED) + 1})"
    return (
        f"select case _because when {literal(TWICE)} then 'key_given_twice' when {literal(UNDECIDED)} "
        "then 'key_of_two_sources' else 'rows_superseded' end as rule, _source as source_id,\n"
        f"  null as region_code, null as period, {literal(record.id)} || ' ' || _source as scope,\n"
        f"  {literal(record.id)} as subject, if(starts_with(_because, {literal(SUPERSEDED)}), {other},\n"
        f"    {literal(', '.join(record.key))}) as field, null as published, {_FIRST_OF_THEM}\n"
        f"from records.{identifier(record.id + SET_ASIDE)}\n"
        f"where _because <> {literal(NO_REGION)} and region_code in {REGIONS} group by _source, _because"
    )


def _claims(record: Record) -> Iterator[str]:
    own = [name for name in record.key if name not in (REGION, record.period)]
    told = [f"cast({identifier(name)} as varchar)" for name in own if record.columns[name].personal is None]
    subject = f"concat_ws(' ', {', '.join(told)})" if told else "null"
    for claim in record.claims:
        column = identifier(claim.column)
        num = "(" + " + ".join(map(identifier, claim.terms)) + ")"
        den = identifier(claim.of) if claim.of is not None else "null"
        yield (
            f"select {_rule(record, claim, num, den)} as rule, _source as source_id, region_code,\n"
            f"  cast({identifier(record.period)} as varchar) as period, {literal(record.id)} as scope,\n"
            f"  {subject} as subject, {literal(claim.column)} as field, cast({column} as varchar) as published,\n"
            f"  {num} as num, {den if claim.of else 1} as den, {100 if claim.of else 1} as factor, "
            f"{_decimals(record, claim)} as dp,\n"
            "  _batch as batch_id, _page as page_no, _row as row_no\n"
            f"from records.{identifier(record.id)}\n"
            f"where region_code in {REGIONS} and {column} is not null and rule is not null"
        )


def _rule(record: Record, claim: Claim, num: str, den: str) -> str:
    """SQL: the rule that a row breaks, or null. Of a sum blank parts say nothing: they may be nought."""
    column = identifier(claim.column)
    half = _half_literal(_decimals(record, claim))
    half_num = " + ".join(_half_literal(_scale(record, name)) for name in claim.terms)
    if claim.of is None:
        return f"case when abs({column} - {num}) > {half} + {half_num} then 'published_sum_differs' end"
    halves = (f"({half_num})", _half_literal(_scale(record, claim.of)), half)
    follows = agrees(num, den, column, factor="100", halves=halves)
    return (
        f"case when {num} is null or {den} is null then 'published_without_parts'\n"
        f"  when not ({follows}) then 'published_percentage_differs' end"
    )


def _decimals(record: Record, claim: Claim) -> int:
    return _scale(record, claim.column) if claim.decimals is None else claim.decimals


def _scale(record: Record, column: str) -> int:
    decimal = record.columns[column].decimal
    assert decimal is not None, column
    return decimal[1]


def _half_literal(scale: int) -> str:
    """Half a unit of the last of so many decimals."""
    return f"0.{'0' * scale}5"


def _half(decimals: str, most: int) -> str:
    """As ``_half_literal``, where SQL gives the decimals, and so many at most."""
    cases = " ".join(f"when {scale} then {_half_literal(scale)}" for scale in range(most))
    return f"(case {decimals} {cases} else {_half_literal(most)} end)"


def _half_of_part(part: str) -> str:
    return f"(case when {_shown(part)} = 0 then 0 else {_half(_shown(part), _OF_PART)} end)"


def _shown(decimal: str) -> str:
    """SQL: how many decimals a number shows."""
    return f"length(rtrim(split_part(cast({decimal} as varchar), '.', 2), '0'))"
