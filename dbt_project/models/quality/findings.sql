-- What agencies claim against what follows from their own parts, and what could not be used. Nothing is mended here.
with budget_percentages as (
    select
        'bpkad_realisasi' as source_id,
        'published_percentage_differs' as rule,
        region_code,
        cast(year as varchar) as period,
        'kode_rekening ' || account_code as subject,
        'presentase' as field,
        cast(published_percentage as varchar) as published,
        cast({{ ratio_half_up("realised", "budget", 2, factor=100) }} as varchar) as recomputed,
        1 as row_count,
        batch_id,
        page_no,
        row_no
    from {{ ref("stg_bpkad_realisasi") }}
    where not {{ percentage_agrees("realised", "budget", "published_percentage", "0.005") }}
),

waste_claims as (
    {% for field, num, pct in [
        ("persen_pengurangan", "reduced", "reduced_percentage"),
        ("persen_penanganan", "handled", "handled_percentage"),
        ("persen_terkelola", "reduced + handled", "managed_percentage"),
        ("recycling_rate", "recycled + raw_material", "recycling_percentage"),
    ] -%}
        select
            '{{ field }}' as field,
            {{ pct }} as published,
            {{ ratio_half_up(num, "generated", 2, factor=100) }} as recomputed,
            {{ percentage_agrees(num, "generated", pct, "0.005") }} as agrees,
            *
        from {{ ref("stg_dlh_sipsn") }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

waste_percentages as (
    select
        'dlh_sipsn' as source_id,
        case when recomputed is null then 'published_without_parts' else 'published_percentage_differs' end as rule,
        region_code,
        cast(year as varchar) as period,
        published_name as subject,
        field,
        cast(published as varchar) as published,
        cast(recomputed as varchar) as recomputed,
        1 as row_count,
        batch_id,
        page_no,
        row_no
    from waste_claims
    where published is not null and (recomputed is null or not agrees)
),

-- Three figures rounded apart may miss each other by one and a half units of the last decimal.
waste_sums as (
    select
        'dlh_sipsn' as source_id,
        'published_sum_differs' as rule,
        region_code,
        cast(year as varchar) as period,
        published_name as subject,
        'terkelola' as field,
        cast(managed as varchar) as published,
        cast(reduced + handled as varchar) as recomputed,
        1 as row_count,
        batch_id,
        page_no,
        row_no
    from {{ ref("stg_dlh_sipsn") }}
    where abs(managed - reduced - handled) > 0.015
),

used_categories as (
    select
        'dinkes_eppgbm' as source_id,
        'tb_u' as field,
        region_code,
        month as period,
        height_for_age as category,
        batch_id,
        page_no,
        row_no
    from {{ ref("stg_dinkes_eppgbm") }}
    union all
    select
        'dinkes_persalinan' as source_id,
        'penolong' as field,
        region_code,
        cast(year as varchar) as period,
        attendant as category,
        batch_id,
        page_no,
        row_no
    from {{ ref("stg_dinkes_persalinan") }}
    union all
    select
        'perkim_sanitasi' as source_id,
        'akses_sanitasi' as field,
        region_code,
        cast(year as varchar) as period,
        sanitation_access as category,
        batch_id,
        page_no,
        row_no
    from {{ ref("stg_perkim_sanitasi") }}
    union all
    select
        'perkim_sanitasi' as source_id,
        'air_minum' as field,
        region_code,
        cast(year as varchar) as period,
        drinking_water as category,
        batch_id,
        page_no,
        row_no
    from {{ ref("stg_perkim_sanitasi") }}
),

unknown_categories as (
    select
        used.source_id,
        'unknown_category' as rule,
        used.region_code,
        used.period,
        coalesce(used.category, '(empty)') as subject,
        used.field,
        used.category as published,
        cast(null as varchar) as recomputed,
        cast(count(*) as integer) as row_count,
        used.batch_id,
        min(used.page_no) as page_no,
        arg_min(used.row_no, (used.page_no, used.row_no)) as row_no
    from used_categories as used
    left join {{ ref("indicator_codes") }} as codes
        on used.source_id = codes.source_id and used.field = codes.field and used.category = codes.code
    where codes.code is null
    group by used.source_id, used.field, used.region_code, used.period, used.category, used.batch_id
),

used_regions as (
    {% for source_id, period in [
        ("bpkad_realisasi", "cast(year as varchar)"),
        ("disdik_sekolah", "cast(school_year as varchar)"),
        ("disdik_peserta_didik", "cast(school_year as varchar)"),
        ("dinkes_eppgbm", "month"),
        ("dinkes_persalinan", "cast(year as varchar)"),
        ("perkim_sanitasi", "cast(year as varchar)"),
        ("dpmptsp_proyek", "cast(year as varchar)"),
        ("diskominfo_penilaian", "cast(year as varchar)"),
        ("diskominfo_spbe", "cast(year as varchar)"),
    ] -%}
        select
            '{{ source_id }}' as source_id,
            region_code,
            region_code as given_region,
            {{ period }} as period,
            batch_id,
            page_no,
            row_no
        from {{ ref("stg_" ~ source_id) }}
        union all
    {% endfor %}
    select
        'bps_indikator' as source_id,
        region_code,
        'BPS ' || bps_code as given_region,
        cast(year as varchar) as period,
        batch_id,
        page_no,
        row_no
    from {{ ref("stg_bps_indikator") }}
    union all
    select
        'dlh_sipsn' as source_id,
        region_code,
        published_name as given_region,
        cast(year as varchar) as period,
        batch_id,
        page_no,
        row_no
    from {{ ref("stg_dlh_sipsn") }}
),

regions_out_of_scope as (
    select
        used.source_id,
        'region_out_of_scope' as rule,
        cast(null as varchar) as region_code,
        used.period,
        coalesce(used.given_region, '(empty)') as subject,
        'region' as field,
        used.given_region as published,
        cast(null as varchar) as recomputed,
        cast(count(*) as integer) as row_count,
        used.batch_id,
        min(used.page_no) as page_no,
        arg_min(used.row_no, (used.page_no, used.row_no)) as row_no
    from used_regions as used
    left join {{ ref("regions") }} as regions on used.region_code = regions.region_code
    where regions.region_code is null
    group by used.source_id, used.given_region, used.period, used.batch_id
)

select * from budget_percentages
union all
select * from waste_percentages
union all
select * from waste_sums
union all
select * from unknown_categories
union all
select * from regions_out_of_scope
order by source_id, rule, period, subject, field
