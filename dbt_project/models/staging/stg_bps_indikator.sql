-- BPS codes are not Kemendagri codes: 6403 is Kutai Kartanegara at BPS, Berau at Kemendagri. Only the seed translates.
select
    regions.region_code,
    landed.kode_bps as bps_code,
    landed.wilayah as published_name,
    landed.var as variable,
    landed.tahun as year,
    landed.nilai as value,
    {{ lineage_columns() }}
from {{ source("landing", "bps_indikator") }} as landed
left join {{ ref("regions") }} as regions on landed.kode_bps = regions.bps_code
