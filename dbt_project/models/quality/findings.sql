-- What agencies claim against what follows from their own parts, and what could not be used. Nothing is mended here.
with budget_percentages as (
    select
        _source as source_id,
        'published_percentage_differs' as rule,
        region_code,
        cast(year as varchar) as period,
        'kode_rekening ' || account as subject,
        'published_percentage' as field,
        cast(published_percentage as varchar) as published,
        cast({{ ratio_half_up("realised", "budget", 2, factor=100) }} as varchar) as recomputed,
        1 as row_count,
        _batch as batch_id,
        _page as page_no,
        _row as row_no
    from {{ source("records", "budget_line") }}
    where not {{ percentage_agrees("realised", "budget", "published_percentage", "0.005") }}
),

waste_claims as (
    {% for field, num, pct in [
        ("reduced_percentage", "reduced", "reduced_percentage"),
        ("handled_percentage", "handled", "handled_percentage"),
        ("managed_percentage", "reduced + handled", "managed_percentage"),
        ("recycling_percentage", "recycled + raw_material", "recycling_percentage"),
    ] -%}
        select
            '{{ field }}' as field,
            {{ pct }} as published,
            {{ ratio_half_up(num, "generated", 2, factor=100) }} as recomputed,
            {{ percentage_agrees(num, "generated", pct, "0.005") }} as agrees,
            *
        from {{ source("records", "waste_balance") }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

waste_percentages as (
    select
        _source as source_id,
        case when recomputed is null then 'published_without_parts' else 'published_percentage_differs' end as rule,
        region_code,
        cast(year as varchar) as period,
        cast(null as varchar) as subject,
        field,
        cast(published as varchar) as published,
        cast(recomputed as varchar) as recomputed,
        1 as row_count,
        _batch as batch_id,
        _page as page_no,
        _row as row_no
    from waste_claims
    where published is not null and (recomputed is null or not agrees)
),

-- Three figures rounded apart may miss each other by one and a half units of the last decimal.
waste_sums as (
    select
        _source as source_id,
        'published_sum_differs' as rule,
        region_code,
        cast(year as varchar) as period,
        cast(null as varchar) as subject,
        'managed' as field,
        cast(managed as varchar) as published,
        cast(reduced + handled as varchar) as recomputed,
        1 as row_count,
        _batch as batch_id,
        _page as page_no,
        _row as row_no
    from {{ source("records", "waste_balance") }}
    where abs(managed - reduced - handled) > 0.015
),

regions_out_of_scope as (
    select
        source_id,
        'region_out_of_scope' as rule,
        cast(null as varchar) as region_code,
        period,
        coalesce(region_code, '(none of the installation)') as subject,
        'region_code' as field,
        region_code as published,
        cast(null as varchar) as recomputed,
        row_count,
        batch_id,
        page_no,
        row_no
    from {{ source("figures", "_left_out") }}
)

select * from budget_percentages
union all
select * from waste_percentages
union all
select * from waste_sums
union all
select * from regions_out_of_scope
order by source_id, rule, period, subject, field
