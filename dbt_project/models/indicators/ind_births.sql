-- Each recorded birth once, in the civil year it happened in, where that year was asked for: a birth that a time zone
-- carries over New Year belongs to the next year's records and waits for them.
with void_states as (
    select code
    from {{ ref("indicator_codes") }}
    where indicator_id = 'liv_births_health_worker' and field = 'status' and part = 'excluded'
),

asked_years as (
    select distinct coverage from {{ ref("stg_dinkes_persalinan") }}
),

births as (
    select
        born.*,
        codes.part
    from {{ ref("stg_dinkes_persalinan") }} as born
    inner join {{ ref("indicator_codes") }} as codes
        on
            born.attendant = codes.code
            and codes.source_id = 'dinkes_persalinan'
            and codes.field = 'penolong'
    where
        born.encounter_status not in (select void_states.code from void_states)
        and cast(born.year as varchar) in (select asked_years.coverage from asked_years)
    qualify
        row_number() over (
            partition by born.region_code, born.encounter_id
            order by born.batch_id desc, born.row_no desc
        ) = 1
),

sums as (
    select
        'liv_births_health_worker' as indicator_id,
        region_code,
        cast(year as varchar) as period,
        count(*) filter (where part = 'numerator') as numerator,
        count(*) as denominator,
        {{ batches() }} as batch_ids,
        bool_or(is_synthetic) as is_synthetic
    from births
    group by region_code, year
)

{{ percentages("sums") }}
