select
    landed.kode_daerah as region_code,
    landed.bulan_ukur as month,
    landed.nik_anak as child_id,
    landed.tanggal_lahir as birth_date,
    landed.tgl_ukur as measured_on,
    landed.umur as age_months,
    landed.tb_u as height_for_age,
    {{ lineage_columns() }}
from {{ source("landing", "dinkes_eppgbm") }} as landed
