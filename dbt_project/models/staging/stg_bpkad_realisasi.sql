select
    landed.kode_daerah as region_code,
    landed.tahun as year,
    landed.kode_rekening as account_code,
    landed.level as account_level,
    landed.nama_rekening as account_name,
    landed.nominal as budget,
    landed.realisasi as realised,
    landed.presentase as published_percentage,
    {{ lineage_columns() }}
from {{ source("landing", "bpkad_realisasi") }} as landed
