select
    landed.kode_daerah as region_code,
    landed.tahun as year,
    landed.indeks as spbe_index,
    {{ lineage_columns() }}
from {{ source("landing", "diskominfo_spbe") }} as landed
