-- Total, number and growth of the investment declared with filed projects.
with years as (
    select
        region_code,
        year,
        {{ sum_or_missing("investment") }} as invested,
        count(*) as projects,
        {{ batches() }} as batch_ids,
        bool_or(is_synthetic) as is_synthetic
    from {{ ref("stg_dpmptsp_proyek") }}
    group by region_code, year
),

growth as (
    select
        this_year.region_code,
        cast(this_year.year as varchar) as period,
        this_year.invested as numerator,
        before.invested as denominator,
        list_sort(list_distinct(list_concat(this_year.batch_ids, before.batch_ids))) as batch_ids,
        this_year.is_synthetic or before.is_synthetic as is_synthetic
    from years as this_year
    inner join years as before
        on this_year.region_code = before.region_code and this_year.year = before.year + 1
)

select
    'bra_investment_total' as indicator_id,
    region_code,
    cast(year as varchar) as period,
    cast(invested as decimal(24, 4)) as numerator,
    cast(null as decimal(24, 4)) as denominator,
    cast(invested as decimal(18, 4)) as value,
    batch_ids,
    is_synthetic
from years
union all
select
    'bra_investment_projects' as indicator_id,
    region_code,
    cast(year as varchar) as period,
    cast(projects as decimal(24, 4)) as numerator,
    cast(null as decimal(24, 4)) as denominator,
    cast(projects as decimal(18, 4)) as value,
    batch_ids,
    is_synthetic
from years
union all
select
    'bra_investment_growth' as indicator_id,
    region_code,
    period,
    cast(numerator as decimal(24, 4)) as numerator,
    cast(denominator as decimal(24, 4)) as denominator,
    cast({{ ratio_half_up("numerator - denominator", "denominator", 2, factor=100) }} as decimal(18, 4)) as value,
    batch_ids,
    is_synthetic
from growth
