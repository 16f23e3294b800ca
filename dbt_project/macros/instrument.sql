{#- The year of the instrument whose questions are scored. -#}
{% macro instrument_year() -%}
    {{ var("instrument").rsplit("-", 1)[1] }}
{%- endmacro %}
