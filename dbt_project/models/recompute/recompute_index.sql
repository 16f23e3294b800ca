-- The index of every row of a list, by the same macro as scores.index_scores.
with listed as (
    select
        list_id || ':' || line_no as row_key,
        *
    from {{ source("recompute_input", "rows") }}
),

dimension_values as (
    select
        listed.row_key,
        listed.rule_set_id,
        given.dimension,
        given.value
    from {{ source("recompute_input", "dimension_values") }} as given
    inner join listed on given.list_id = listed.list_id and given.line_no = listed.line_no
),

weighted as (
    {{ weighted_index("listed", "dimension_values") }}
)

select
    listed.list_id,
    listed.line_no,
    listed.region_name,
    listed.region_key,
    listed.rule_set_id,
    methods.year,
    methods.improvement as improvement_method,
    listed.published_index,
    listed.published_improvement,
    weighted.index_value,
    weighted.resummed_value
from listed
inner join weighted on listed.row_key = weighted.row_key
inner join {{ ref("rule_set_methods") }} as methods on listed.rule_set_id = methods.rule_set_id
