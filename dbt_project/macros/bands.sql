{#- Whether a value lies in a band; a band without a bound is open on that side. -#}
{% macro in_band(value, band) -%}
    (
        {{ band }}.lower is null
        or {{ value }} > {{ band }}.lower
        or ({{ band }}.lower_inclusive and {{ value }} = {{ band }}.lower)
    )
    and (
        {{ band }}.upper is null
        or {{ value }} < {{ band }}.upper
        or ({{ band }}.upper_inclusive and {{ value }} = {{ band }}.upper)
    )
{%- endmacro %}
