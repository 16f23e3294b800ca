-- Sanitation and drinking water of the households recorded.
with answers as (
    select
        region_code,
        year,
        'akses_sanitasi' as field,
        sanitation_access as answer,
        batch_id,
        is_synthetic
    from {{ ref("stg_perkim_sanitasi") }}
    union all
    select
        region_code,
        year,
        'air_minum' as field,
        drinking_water as answer,
        batch_id,
        is_synthetic
    from {{ ref("stg_perkim_sanitasi") }}
),

sums as (
    select
        codes.indicator_id,
        answers.region_code,
        cast(answers.year as varchar) as period,
        count(*) filter (where codes.part = 'numerator') as numerator,
        count(*) as denominator,
        {{ batches("answers.batch_id") }} as batch_ids,
        bool_or(answers.is_synthetic) as is_synthetic
    from answers
    inner join {{ ref("indicator_codes") }} as codes
        on
            answers.field = codes.field
            and answers.answer = codes.code
            and codes.source_id = 'perkim_sanitasi'
    group by codes.indicator_id, answers.region_code, answers.year
)

{{ percentages("sums") }}
