-- Budget execution: which accounts enter which indicator stands in seeds/indicator_codes.csv.
with accounts as (
    select
        codes.indicator_id,
        codes.part,
        budget.*
    from {{ ref("stg_bpkad_realisasi") }} as budget
    inner join {{ ref("indicator_codes") }} as codes
        on budget.account_code = codes.code and codes.source_id = 'bpkad_realisasi'
),

-- 'both': realised against budgeted of one account. Otherwise realised of one account against realised of another.
sums as (
    select
        indicator_id,
        region_code,
        cast(year as varchar) as period,
        {{ sum_or_missing("realised", "part in ('both', 'numerator')") }} as numerator,
        case
            when bool_or(part = 'both') then {{ sum_or_missing("budget", "part = 'both'") }}
            else {{ sum_or_missing("realised", "part = 'denominator'") }}
        end as denominator,
        {{ batches() }} as batch_ids,
        bool_or(is_synthetic) as is_synthetic
    from accounts
    group by indicator_id, region_code, year
)

{{ percentages("sums") }}
