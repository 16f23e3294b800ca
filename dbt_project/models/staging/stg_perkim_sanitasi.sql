select
    landed.kode_daerah as region_code,
    landed.tahun as year,
    landed.id_rumah_tangga as household_id,
    landed.akses_sanitasi as sanitation_access,
    landed.air_minum as drinking_water,
    {{ lineage_columns() }}
from {{ source("landing", "perkim_sanitasi") }} as landed
