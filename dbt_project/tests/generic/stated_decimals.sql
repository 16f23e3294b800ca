{#- A value is written with the decimals its indicator states, no more. -#}
{% test stated_decimals(model) %}
    select
        valued.region_code,
        valued.indicator_id,
        valued.period,
        valued.value
    from {{ model }} as valued
    inner join {{ source("definitions", "indicators") }} as defined on valued.indicator_id = defined.id
    where cast(valued.value as decimal(28, 4)) * cast(pow(10, defined.dp) as integer) % 1 <> 0
{% endtest %}
