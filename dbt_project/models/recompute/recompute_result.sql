-- Each row of the list beside what was published for it. A figure that was not published is not compared.
with paired as (
    select
        current_list.*,
        previous.line_no as previous_line_no,
        previous.resummed_value as previous_value
    from {{ ref("recompute_index") }} as current_list
    left join {{ ref("recompute_index") }} as previous
        on
            current_list.region_key = previous.region_key
            and current_list.year = previous.year + 1
            and previous.list_id = 'previous'
    where current_list.list_id = 'current'
),

improved as (
    select
        *,
        cast({{ improvement("improvement_method", "index_value", "previous_value") }} as decimal(4, 2)) as improvement
    from paired
)

select
    line_no,
    region_name,
    rule_set_id,
    published_index,
    index_value,
    index_value <> published_index as index_differs,
    previous_line_no,
    previous_value,
    published_improvement,
    improvement,
    improvement <> published_improvement as improvement_differs
from improved
order by line_no
