{#- A name without regard to case and blanks: a lossless comparison, nothing is abbreviated or guessed. -#}
{% macro plain_name(expr) -%}
    lower(trim(regexp_replace({{ expr }}, '\s+', ' ', 'g')))
{%- endmacro %}

{#- A cohort's name as lists print it, with or without blanks: KPPN & IKN = KPPN&IKN. -#}
{% macro plain_cohort(expr) -%}
    upper(regexp_replace({{ expr }}, '\s+', '', 'g'))
{%- endmacro %}
