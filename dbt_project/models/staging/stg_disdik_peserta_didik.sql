select
    landed.kode_daerah as region_code,
    landed.semester_id,
    cast(left(landed.semester_id, 4) as integer) as school_year,
    landed.peserta_didik_id as pupil_id,
    landed.npsn,
    landed.tanggal_lahir as birth_date,
    landed.jenis_kelamin as sex,
    landed.tingkat_pendidikan_id as grade,
    {{ lineage_columns() }}
from {{ source("landing", "disdik_peserta_didik") }} as landed
