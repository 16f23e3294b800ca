{#- A cohort's name as lists print it, with or without blanks: KPPN & IKN = KPPN&IKN. -#}
{% macro plain_cohort(expr) -%}
    upper(regexp_replace({{ expr }}, '\s+', '', 'g'))
{%- endmacro %}
