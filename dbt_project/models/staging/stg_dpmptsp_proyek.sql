-- OSS writes a ten-digit Kemendagri village code; its first four digits are the regency.
select
    left(landed.kd_daerah, 2) || '.' || substr(landed.kd_daerah, 3, 2) as region_code,
    landed.tahun as year,
    landed.id_proyek as project_id,
    landed.tgl_pengajuan as filed_on,
    landed.jumlah_investasi as investment,
    landed.skala_usaha as business_scale,
    landed.kd_resiko as risk_level,
    {{ lineage_columns() }}
from {{ source("landing", "dpmptsp_proyek") }} as landed
