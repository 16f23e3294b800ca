-- BPS codes are not Kemendagri codes: 6403 is Kutai Kartanegara at BPS, Berau at Kemendagri. Only the list of regions
-- translates. Where BPS changed a code, an answer may hold a figure under each: the one under the new code counts.
with placed as (
    select
        landed.*,
        regions.region_code,
        landed.kode_bps = regions.bps_code as is_under_new_code
    from {{ source("landing", "bps_indikator") }} as landed
    left join {{ ref("regions") }} as regions
        on landed.kode_bps = regions.bps_code or landed.kode_bps = regions.bps_code_before
),

landed as (
    select
        placed.* exclude (region_code, is_under_new_code),
        case
            when
                placed.is_under_new_code
                or not bool_or(placed.is_under_new_code)
                    over (partition by placed.region_code, placed.var, placed.tahun)
                then placed.region_code
        end as region_code
    from placed
)

select
    landed.region_code,
    landed.kode_bps as bps_code,
    landed.wilayah as published_name,
    landed.var as variable,
    landed.tahun as year,
    landed.nilai as value,
    {{ lineage_columns() }}
from landed
