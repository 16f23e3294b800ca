select
    landed.kode_daerah as region_code,
    landed.tahun as year,
    landed.kohort as cohort,
    landed.dimensi as dimension,
    landed.nilai as value,
    {{ lineage_columns() }}
from {{ source("landing", "diskominfo_penilaian") }} as landed
