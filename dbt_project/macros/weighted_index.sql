{#-
    The index of each row under its rule set.

    `values_relation` holds one line per row and dimension: row_key, rule_set_id, dimension, value (null = not given).
    `rows_relation` lists the rows: row_key, rule_set_id.
    Weights and rounding come from the rule set (definitions rule_sets, rule_set_methods): with component_rounding each weighted
    dimension is rounded before the sum (2022), without it the sum is rounded (2023). A dimension that has a weight and no
    value leaves the index missing; a value of a dimension without weight is not used.
    Gives row_key, rule_set_id, index_value, resummed_value (the unrounded sum rounded once, which the improvement of the
    following year is counted from), dimensions_needed, dimensions_given.
-#}
{% macro weighted_index(rows_relation, values_relation) -%}
    select
        listed.row_key,
        listed.rule_set_id,
        count(*) as dimensions_needed,
        count(given.value) as dimensions_given,
        cast(
            case
                when count(given.value) < count(*) then null
                when bool_or(methods.component_rounding)
                    then sum({{ half_up("given.value * weights.weight", 2) }})
                else {{ half_up("sum(given.value * weights.weight)", 2) }}
            end as decimal(4, 2)
        ) as index_value,
        cast(
            case
                when count(given.value) = count(*) then {{ half_up("sum(given.value * weights.weight)", 2) }}
            end as decimal(4, 2)
        ) as resummed_value
    from {{ rows_relation }} as listed
    inner join {{ source("definitions", "rule_set_methods") }} as methods on listed.rule_set_id = methods.rule_set_id
    inner join {{ source("definitions", "rule_sets") }} as weights on listed.rule_set_id = weights.rule_set_id
    left join {{ values_relation }} as given
        on
            listed.row_key = given.row_key
            and listed.rule_set_id = given.rule_set_id
            and weights.dimension = given.dimension
    group by listed.row_key, listed.rule_set_id
{%- endmacro %}

{#-
    The improvement on the previous year, by the rule set's method. 'previous_resummed' (2023): the new index less the
    previous year's unrounded weighted sum rounded once, which is not the index published that year. Null where the method
    is not known or there is no previous result: no previous result is not an improvement of zero.
-#}
{% macro improvement(method, index_value, previous_resummed_value) -%}
    case {{ method }} when 'previous_resummed' then {{ index_value }} - {{ previous_resummed_value }} end
{%- endmacro %}
