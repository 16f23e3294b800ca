{#- What grouped lists of batches or sources hold, each once, in order. -#}
{% macro merged_lists(column="batch_ids", only="true") -%}
    list_sort(list_distinct(flatten(list({{ column }}) filter (where {{ only }}))))
{%- endmacro %}
