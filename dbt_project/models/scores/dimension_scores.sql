-- Two sets of dimension values per region and rule set. 'reported': as the assessors gave them. 'computed': the same,
-- with the dimensions the instrument's questions were scored for put in from the indicators; value_from tells which.
with reported as (
    select
        ruled.region_code,
        ruled.rule_set_id,
        assessed.dimension,
        assessed.value,
        [assessed._batch] as batch_ids,
        assessed._synthetic as is_synthetic
    from {{ ref("int_region_rule_sets") }} as ruled
    inner join {{ source("records", "assessor_score") }} as assessed
        on
            ruled.region_code = assessed.region_code
            and ruled.year = assessed.year
            and ruled.basis = 'listed'
),

computed as (
    select
        region_code,
        rule_set_id,
        dimension,
        cast({{ half_up_mean("score", 2) }} as decimal(4, 2)) as value,
        cast(count(score) as integer) as questions_scored,
        {{ merged_lists(only="score is not null") }} as batch_ids,
        coalesce(bool_or(synthetic) filter (where score is not null), false) as is_synthetic
    from {{ ref("question_scores") }}
    group by region_code, rule_set_id, dimension
),

dimension_sizes as (
    select
        year,
        dimension,
        cast(count(*) as integer) as questions_total
    from {{ source("definitions", "questions") }}
    where instrument_id = '{{ var("instrument") }}'
    group by year, dimension
),

bases as (
    select
        ruled.*,
        'reported' as value_basis
    from {{ ref("int_region_rule_sets") }} as ruled
    union all
    select
        ruled.*,
        'computed' as value_basis
    from {{ ref("int_region_rule_sets") }} as ruled
    where ruled.year = {{ instrument_year() }}
),

grid as (
    select
        bases.*,
        dimensions.id as dimension,
        dimensions.position,
        weights.weight,
        bases.value_basis = 'computed' and coalesce(computed.questions_scored, 0) > 0 as is_computed,
        computed.value as computed_value,
        computed.questions_scored,
        computed.batch_ids as computed_batch_ids,
        computed.is_synthetic as computed_synthetic
    from bases
    cross join {{ source("definitions", "dimensions") }} as dimensions
    left join {{ source("definitions", "rule_sets") }} as weights
        on bases.rule_set_id = weights.rule_set_id and dimensions.id = weights.dimension
    left join computed
        on
            bases.region_code = computed.region_code
            and bases.rule_set_id = computed.rule_set_id
            and dimensions.id = computed.dimension
),

valued as (
    select
        grid.*,
        case when grid.is_computed then grid.computed_value else reported.value end as value,
        case when grid.is_computed then grid.computed_batch_ids else reported.batch_ids end as batch_ids,
        case when grid.is_computed then grid.computed_synthetic else reported.is_synthetic end as synthetic
    from grid
    left join reported
        on
            grid.region_code = reported.region_code
            and grid.rule_set_id = reported.rule_set_id
            and grid.dimension = reported.dimension
)

select
    valued.region_system,
    valued.region_code,
    valued.region_name,
    valued.rule_set_id,
    valued.dimension,
    cast(case when valued.weight is not null then valued.value end as decimal(4, 2)) as value,
    cast(valued.weight as decimal(5, 4)) as weight,
    valued.value_basis as basis,
    case
        when valued.weight is null then 'not_applicable'
        when valued.value is null then 'missing'
        else 'measured'
    end as state,
    case when valued.is_computed then 'computed' else 'reported' end as value_from,
    case when valued.is_computed then valued.questions_scored end as questions_scored,
    case when valued.is_computed then sizes.questions_total end as questions_total,
    coalesce(valued.batch_ids, []) as batch_ids,
    coalesce(valued.synthetic, false) as synthetic
from valued
left join dimension_sizes as sizes on valued.year = sizes.year and valued.dimension = sizes.dimension
order by valued.region_code, valued.rule_set_id, valued.value_basis, valued.position
