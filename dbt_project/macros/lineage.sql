{#- Where a landed row came from; every staging view carries it. -#}
{% macro lineage_columns(alias="landed") -%}
    {{ alias }}._coverage as coverage,
    {{ alias }}._batch as batch_id,
    {{ alias }}._page as page_no,
    {{ alias }}._row as row_no,
    {{ alias }}._synthetic as is_synthetic
{%- endmacro %}

{#- The batches of grouped rows, each once, in order. -#}
{% macro batches(column="batch_id") -%}
    list_sort(list_distinct(list({{ column }})))
{%- endmacro %}

{#- The batches of grouped lists of batches. -#}
{% macro merged_batches(column="batch_ids", only="true") -%}
    list_sort(list_distinct(flatten(list({{ column }}) filter (where {{ only }}))))
{%- endmacro %}
