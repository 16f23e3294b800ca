{#-
    Tables and views are made under their own names at once. dbt's own way, beside the old one and then renamed, keeps an
    old version readable meanwhile; here each evaluation builds in a file that nobody reads before it is done.
-#}
{% materialization table, adapter="duckdb" %}
    {{ return(made_in_place("table")) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {{ return(made_in_place("view")) }}
{% endmaterialization %}

{% macro made_in_place(kind) %}
    {%- set target_relation = this.incorporate(type=kind) -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {% if existing_relation is not none %}
        {% do adapter.drop_relation(existing_relation) %}
    {% endif %}
    {% call statement("main") -%}
        {{ create_table_as(false, target_relation, compiled_code) if kind == "table" else create_view_as(target_relation, compiled_code) }}
    {%- endcall %}
    {% do adapter.commit() %}
    {{ return({"relations": [target_relation]}) }}
{% endmacro %}
