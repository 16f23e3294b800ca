"""What assessors complain of in surveys, as queries over the record ``survey_answer``. Respondents are pseudonyms.

How many respondents a finding is about is told from five on: fewer may be known by it.
"""

from collections.abc import Iterator, Mapping

from definitions.between import Alike
from definitions.claimed import claimed
from definitions.instrument import Instrument, Sample
from ledger.sql import literal

FEW = 5
SCALE = (1, 4)
"""Answers lie on it. 9, and whatever else a form writes for no answer, is none."""

_FORMS = """
with answered as (
  select *, coalesce(service, '-') as judged from records.survey_answer
  where region_code in (select region_code from landing._regions)
)
"""
_ONE = "region_code, cast(year as varchar) as period, instrument as scope"
_PLACE = "min(_source) as source_id, min(_batch) as batch_id, min(_page) as page_no, min(_row) as row_no"
_ON_SCALE = f"answer between {SCALE[0]} and {SCALE[1]}"


def survey_sql(instruments: Mapping[str, Instrument], alike: Alike) -> Mapping[str, str]:
    """Every query by its name."""
    found = {
        "survey off scale": _off_scale(),
        "survey users": _more_than_users(),
        "survey staff": _staff(),
        "survey minute": _same_minute(),
        "survey alike": _alike(alike),
    }
    for name, instrument in instruments.items():
        if instrument.sample is not None:
            found[f"survey sample of {name}"] = _too_few(instrument, instrument.sample)
    return found


def is_percent_of_mean(instrument: Instrument, code: str, value: str) -> bool:
    """Whether a mean of a survey is printed with the sign for percent: 3,28 persen, on a scale to 4."""
    key, _ = instrument.targets.get(code.casefold(), ("", ""))
    asked, node = instrument.asked.get(key), instrument.nodes.get(key)
    surveyed = asked.answered == "survey" if asked is not None else node is not None and node.answered == "survey"
    claim = claimed(value)
    return surveyed and claim is not None and claim.percent and claim.number is not None and claim.number <= SCALE[1]


def _off_scale() -> str:
    """Answers that are none, such as 9 and 0, among those that count."""
    return (
        f"{_FORMS} select 'survey_off_scale' as rule, {_ONE}, judged as subject, 'answer' as field,\n"
        "  string_agg(distinct answer::varchar, ', ' order by answer::varchar) as published,\n"
        f"  null::varchar as recomputed, {_PLACE}\n"
        f"from answered where answer is not null and not ({_ON_SCALE}) group by region_code, year, instrument, judged"
    )


def _more_than_users() -> str:
    return (
        f"{_FORMS} select 'survey_more_than_users' as rule, {_ONE}, judged as subject, 'respondents' as field,\n"
        "  cast(count(distinct respondent_id) as varchar) as published, cast(max(users) as varchar) as recomputed,\n"
        f"  {_PLACE}\n"
        "from answered group by region_code, year, instrument, judged\n"
        "having count(distinct respondent_id) > max(users)"
    )


def _staff() -> str:
    staff = "count(distinct respondent_id) filter (where respondent = 'staff')"
    return (
        f"{_FORMS} select 'survey_staff' as rule, {_ONE}, judged as subject, 'respondent' as field,\n"
        f"  {_told(staff)} as published, cast(count(distinct respondent_id) as varchar) as recomputed, {_PLACE}\n"
        f"from answered group by region_code, year, instrument, judged having {staff} > 0"
    )


def _same_minute() -> str:
    """One respondent for several services within one minute; services that shared respondents are one finding."""
    return (
        f"{_FORMS}, hasty as (\n"
        "  select region_code, year, instrument, respondent_id, date_trunc('minute', answered_at) as minute_of,\n"
        "    string_agg(distinct judged, ' + ' order by judged) as services,\n"
        "    min(_source) as _source, min(_batch) as _batch, min(_page) as _page, min(_row) as _row\n"
        "  from answered where answered_at is not null\n"
        "  group by region_code, year, instrument, respondent_id, minute_of having count(distinct judged) > 1\n"
        ")\n"
        f"select 'survey_same_minute' as rule, {_ONE}, services as subject, 'answered_at' as field,\n"
        f"  {_told('count(distinct respondent_id)')} as published, null::varchar as recomputed, {_PLACE}\n"
        "from hasty group by region_code, year, instrument, services"
    )


def _alike(rule: Alike) -> str:
    return (
        f"{_FORMS}, forms as (\n"
        "  select region_code, year, instrument, judged, respondent_id, min(answer) = max(answer) as same,\n"
        "    min(_source) as _source, min(_batch) as _batch, min(_page) as _page, min(_row) as _row\n"
        f"  from answered where {_ON_SCALE} group by region_code, year, instrument, judged, respondent_id\n"
        f"  having count(*) >= {rule.questions}\n"
        ")\n"
        f"select 'survey_all_the_same' as rule, {_ONE}, judged as subject, 'answer' as field,\n"
        f"  {_told('count(*) filter (where same)')} as published, cast(count(*) as varchar) as recomputed, {_PLACE}\n"
        "from forms group by region_code, year, instrument, judged\n"
        f"having count(*) filter (where same) >= {rule.share} * count(*)"
    )


def _too_few(instrument: Instrument, sample: Sample) -> str:
    """Fewer different respondents than the sample asks, for each dimension or sub-dimension that anybody answered."""
    groups = ", ".join(f"({literal(code)}, {literal(group)})" for code, group in _groups(instrument, sample))
    return (
        f"{_FORMS} select 'survey_too_few' as rule, {_ONE}, asked.part as subject, 'respondents' as field,\n"
        "  cast(count(distinct respondent_id) as varchar) as published,\n"
        f"  '{sample.respondents}' as recomputed, {_PLACE}\n"
        f"from answered inner join (values {groups}) as asked(code, part) on lower(answered.code) = asked.code\n"
        f"where instrument = {literal(instrument.id)} and {_ON_SCALE}\n"
        "group by region_code, year, instrument, asked.part\n"
        f"having count(distinct respondent_id) < {sample.respondents}"
    )


def _groups(instrument: Instrument, sample: Sample) -> Iterator[tuple[str, str]]:
    """Every name of a surveyed question, and the dimension or sub-dimension that counts its respondents."""
    for name, (key, _) in instrument.targets.items():
        asked = instrument.asked.get(key)
        if asked is not None and asked.answered == "survey":
            yield name, str(asked.pillar if sample.per == "pillar" else asked.question.sub_dimension)


def _told(count: str) -> str:
    return f"case when {count} < {FEW} then '< {FEW}' else cast({count} as varchar) end"
