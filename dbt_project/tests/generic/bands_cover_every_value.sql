{#- The bands of a question meet without gap or overlap and are open at both ends: any value has exactly one score. -#}
{% test bands_cover_every_value(model) %}
    with ordered as (
        select
            *,
            lead(lower) over following as next_lower,
            lead(lower_inclusive) over following as next_lower_inclusive,
            row_number() over following as band,
            count(*) over (partition by rubric_version, question_key) as band_count
        from {{ model }}
        window following as (partition by rubric_version, question_key order by lower nulls first, upper nulls last)
    )

    select *
    from ordered
    where
        (band = 1) <> (lower is null)
        or (band = band_count) <> (upper is null)
        or (band < band_count and (next_lower is distinct from upper or next_lower_inclusive = upper_inclusive))
        or lower >= upper
{% endtest %}
