{#- There is a value exactly where something was measured: empty is not zero, and zero is a value. -#}
{% test value_iff_measured(model, column_name) %}
    select *
    from {{ model }}
    where ({{ column_name }} is not null) <> (state = 'measured')
{% endtest %}
