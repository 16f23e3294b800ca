-- The index of each region under each of its rule sets, and the improvement on the previous year's result.
with dimension_values as (
    select
        region_code || '|' || basis as row_key,
        rule_set_id,
        dimension,
        value
    from {{ ref("dimension_scores") }}
    where weight is not null
),

index_rows as (
    select
        region_system,
        region_code,
        region_name,
        rule_set_id,
        basis,
        region_code || '|' || basis as row_key,
        bool_or(synthetic) as synthetic
    from {{ ref("dimension_scores") }}
    group by region_system, region_code, region_name, rule_set_id, basis
),

weighted as (
    {{ weighted_index("index_rows", "dimension_values") }}
),

indexed as (
    select
        index_rows.*,
        methods.year,
        methods.improvement,
        weighted.index_value,
        weighted.resummed_value
    from index_rows
    inner join weighted on index_rows.row_key = weighted.row_key and index_rows.rule_set_id = weighted.rule_set_id
    inner join {{ source("definitions", "rule_set_methods") }} as methods
        on index_rows.rule_set_id = methods.rule_set_id
),

previous as (
    select
        region_code,
        year,
        resummed_value
    from indexed
    where basis = 'reported'
)

select
    indexed.region_system,
    indexed.region_code,
    indexed.region_name,
    indexed.rule_set_id,
    indexed.basis,
    indexed.index_value,
    cast({{ improvement("indexed.improvement", "indexed.index_value", "previous.resummed_value") }} as decimal(4, 2))
        as improvement,
    cast(figures.value as decimal(4, 2)) as published_value,
    figures.publisher as published_by,
    case when indexed.index_value is null then 'missing' else 'measured' end as state,
    case
        when indexed.index_value is not null then null
        when ruled.basis = 'listed' then 'dimension_missing'
        else ruled.basis
    end as missing_because,
    indexed.synthetic
from indexed
inner join {{ ref("int_region_rule_sets") }} as ruled
    on indexed.region_code = ruled.region_code and indexed.rule_set_id = ruled.rule_set_id
left join previous on indexed.region_code = previous.region_code and indexed.year = previous.year + 1
left join {{ ref("published_figures") }} as figures
    on
        figures.indicator_id = 'index'
        and indexed.region_system = figures.region_system
        and indexed.region_code = figures.region_code
        and cast(indexed.year as varchar) = figures.period
order by indexed.region_code, indexed.year, indexed.basis
