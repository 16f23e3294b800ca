{#- The year of the instrument whose questions are scored. -#}
{% macro instrument_year() -%}
    {{ var("instrument")[-4:] }}
{%- endmacro %}
