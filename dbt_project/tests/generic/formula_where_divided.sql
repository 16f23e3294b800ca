{#- An indicator with a denominator says how its value follows from it; one without has nothing to say. -#}
{% test formula_where_divided(model) %}
    select *
    from {{ model }}
    where (formula is null) <> (denominator is null)
{% endtest %}
