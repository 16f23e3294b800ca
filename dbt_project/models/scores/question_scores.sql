-- One row per region and answered question of the instrument: the indicator's value in its reference year, put into a
-- band of the rubric. The reference year is the latest any region has data for; a region without data in that year is
-- missing, since an older value would pass for a current one. Within the year its latest value counts.
with asked as (
    select *
    from {{ source("definitions", "questions") }}
    where instrument_id = '{{ var("instrument") }}' and indicator_id is not null
),

available as (
    select
        *,
        cast(left(period, 4) as integer) as period_year
    from {{ source("promoted", "marts") }}
    {% if var("through_year") is not none -%}
        where cast(left(period, 4) as integer) <= {{ var("through_year") }}
    {%- endif %}
),

reference_years as (
    select
        indicator_id,
        max(period_year) as period_year
    from available
    group by indicator_id
),

latest as (
    select available.*
    from available
    inner join reference_years
        on
            available.indicator_id = reference_years.indicator_id
            and available.period_year = reference_years.period_year
    qualify
        row_number() over (
            partition by available.region_code, available.indicator_id
            order by available.state = 'missing', available.period desc
        ) = 1
),

rubrics as (
    select
        question_key,
        rubric_version,
        status
    from {{ source("definitions", "bands") }}
    group by question_key, rubric_version, status
)

select
    ruled.region_system,
    ruled.region_code,
    ruled.rule_set_id,
    asked.year as instrument_year,
    asked.dimension,
    asked.pillar,
    asked.question_key,
    asked.question_text,
    asked.indicator_id,
    latest.period,
    cast(latest.value as decimal(24, 4)) as value,
    defined.unit,
    cast(bands.score as decimal(4, 2)) as score,
    coalesce(latest.state, 'missing') as state,
    rubrics.rubric_version,
    rubrics.status as rubric_status,
    asked.relation,
    coalesce(latest.batch_ids, []) as batch_ids,
    coalesce(latest.synthetic, false) as synthetic
from {{ ref("int_region_rule_sets") }} as ruled
inner join asked on ruled.year = asked.year
inner join {{ source("definitions", "indicators") }} as defined on asked.indicator_id = defined.id
inner join rubrics on asked.question_key = rubrics.question_key
left join latest on ruled.region_code = latest.region_code and asked.indicator_id = latest.indicator_id
left join {{ source("definitions", "bands") }} as bands
    on
        asked.question_key = bands.question_key
        and latest.state = 'measured'
        and {{ in_band("latest.value", "bands") }}
order by ruled.region_code, asked.dimension, asked.position
