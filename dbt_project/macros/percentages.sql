{#-
    The last step of an indicator that is a percentage: 100 * numerator / denominator, rounded half up to 2 decimals, from
    rows of indicator_id, region_code, period, numerator, denominator, batch_ids, is_synthetic.
-#}
{% macro percentages(relation) -%}
    select
        indicator_id,
        region_code,
        period,
        cast(numerator as decimal(24, 4)) as numerator,
        cast(denominator as decimal(24, 4)) as denominator,
        cast({{ ratio_half_up("numerator", "denominator", 2, factor=100) }} as decimal(18, 4)) as value,
        batch_ids,
        is_synthetic
    from {{ relation }}
{%- endmacro %}

{#- A sum that is missing as soon as one of its parts is: SQL's sum would skip a blank, and turn "not given" into zero. -#}
{% macro sum_or_missing(expr, only="true") -%}
    case
        when bool_and({{ expr }} is not null) filter (where {{ only }})
            then sum({{ expr }}) filter (where {{ only }})
    end
{%- endmacro %}
