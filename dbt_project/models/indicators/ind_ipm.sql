-- IPM, new method: 100 * (health * education * expenditure)^(1/3). The only figure that needs binary floats (ln,
-- power); it is cut to 8 decimals, far finer than any published tie, before it is rounded half up.
with components as (
    select
        published.region_code,
        published.year,
        max(published.value) filter (where codes.part = 'uhh') as uhh,
        max(published.value) filter (where codes.part = 'hls') as hls,
        max(published.value) filter (where codes.part = 'rls') as rls,
        max(published.value) filter (where codes.part = 'expenditure') as expenditure,
        {{ batches() }} as batch_ids,
        bool_or(published.is_synthetic) as is_synthetic
    from {{ ref("stg_bps_indikator") }} as published
    inner join {{ ref("indicator_codes") }} as codes
        on
            cast(published.variable as varchar) = codes.code
            and codes.source_id = 'bps_indikator'
            and codes.indicator_id = 'eco_ipm'
    where published.region_code is not null
    group by published.region_code, published.year
),

goalposts as (
    select
        max(value) filter (where parameter = 'uhh_min') as uhh_min,
        max(value) filter (where parameter = 'uhh_max') as uhh_max,
        max(value) filter (where parameter = 'hls_max') as hls_max,
        max(value) filter (where parameter = 'rls_max') as rls_max,
        max(value) filter (where parameter = 'expenditure_min') as expenditure_min,
        max(value) filter (where parameter = 'expenditure_max') as expenditure_max
    from {{ ref("indicator_parameters") }}
    where indicator_id = 'eco_ipm'
),

indices as (
    select
        components.*,
        (cast(components.uhh as double) - posts.uhh_min) / (posts.uhh_max - posts.uhh_min) as health,
        (cast(components.hls as double) / posts.hls_max + cast(components.rls as double) / posts.rls_max) / 2
            as education,
        case
            when components.expenditure > 0
                then
                    (ln(cast(components.expenditure as double)) - ln(cast(posts.expenditure_min as double)))
                    / (ln(cast(posts.expenditure_max as double)) - ln(cast(posts.expenditure_min as double)))
        end as spending
    from components
    cross join goalposts as posts
),

-- Below a lower goalpost the index has no real cube root to speak of: no value then.
computed as (
    select
        *,
        case
            when health >= 0 and education >= 0 and spending >= 0
                then cast(100 * power(health * education * spending, 1.0 / 3) as decimal(18, 8))
        end as ipm
    from indices
)

select
    'eco_ipm' as indicator_id,
    region_code,
    cast(year as varchar) as period,
    cast(null as decimal(24, 4)) as numerator,
    cast(null as decimal(24, 4)) as denominator,
    cast({{ half_up("ipm", 2) }} as decimal(18, 4)) as value,
    batch_ids,
    is_synthetic
from computed
