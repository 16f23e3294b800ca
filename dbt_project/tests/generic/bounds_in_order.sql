{#- The bounds of an indicator leave room between them, and what is unusual lies inside. -#}
{% test bounds_in_order(model) %}
    select *
    from {{ model }}
    where minimum >= maximum or unusual_above <= minimum or unusual_above >= maximum
{% endtest %}
