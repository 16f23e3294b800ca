-- Shares of the waste generated. A blank part leaves its sum blank: not data is not zero.
with reported as (
    select *
    from {{ ref("stg_dlh_sipsn") }}
    where region_code is not null
),

parts as (
    select
        'env_waste_managed' as indicator_id,
        reduced + handled as numerator,
        *
    from reported
    union all
    select
        'env_waste_reduction' as indicator_id,
        reduced as numerator,
        *
    from reported
    union all
    select
        'env_waste_handled' as indicator_id,
        handled as numerator,
        *
    from reported
    union all
    select
        'env_recycling_rate' as indicator_id,
        recycled + raw_material as numerator,
        *
    from reported
),

sums as (
    select
        indicator_id,
        region_code,
        cast(year as varchar) as period,
        numerator,
        generated as denominator,
        [batch_id] as batch_ids,
        is_synthetic
    from parts
)

{{ percentages("sums") }}
