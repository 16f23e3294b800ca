-- The latest measurement of each child in the month counts, once.
with classified as (
    select
        measured.*,
        codes.part
    from {{ ref("stg_dinkes_eppgbm") }} as measured
    inner join {{ ref("indicator_codes") }} as codes
        on
            measured.height_for_age = codes.code
            and codes.source_id = 'dinkes_eppgbm'
            and codes.field = 'tb_u'
),

latest as (
    select *
    from classified
    qualify
        row_number() over (
            partition by region_code, month, child_id
            order by measured_on desc nulls last, batch_id desc, row_no desc
        ) = 1
),

sums as (
    select
        'liv_stunting_prevalence' as indicator_id,
        region_code,
        month as period,
        count(*) filter (where part = 'numerator') as numerator,
        count(*) as denominator,
        {{ batches() }} as batch_ids,
        bool_or(is_synthetic) as is_synthetic
    from latest
    group by region_code, month
)

{{ percentages("sums") }}
