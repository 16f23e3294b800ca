select
    landed.kode_daerah as region_code,
    landed._coverage as semester_id,
    cast(left(landed._coverage, 4) as integer) as school_year,
    landed.npsn,
    landed.bentuk_pendidikan_id_str as school_form,
    landed.status_sekolah_str as school_status,
    {{ lineage_columns() }}
from {{ source("landing", "disdik_sekolah") }} as landed
