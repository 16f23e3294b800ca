-- SIPSN knows a region by its name only; the kind (Kab., Kota) is part of it, since a regency and a city share names.
select
    regions.region_code,
    landed.kabupaten_kota as published_name,
    landed.tahun as year,
    landed.timbulan as generated,
    landed.pengurangan as reduced,
    landed.persen_pengurangan as reduced_percentage,
    landed.penanganan as handled,
    landed.persen_penanganan as handled_percentage,
    landed.terkelola as managed,
    landed.persen_terkelola as managed_percentage,
    landed.daur_ulang as recycled,
    landed.bahan_baku as raw_material,
    landed.recycling_rate as recycling_percentage,
    {{ lineage_columns() }}
from {{ source("landing", "dlh_sipsn") }} as landed
left join {{ ref("regions") }} as regions
    on
        {{ plain_name("landed.kabupaten_kota") }} = {{ plain_name("regions.sipsn_name") }}
        and {{ plain_name("landed.provinsi") }} = {{ plain_name("regions.sipsn_province") }}
