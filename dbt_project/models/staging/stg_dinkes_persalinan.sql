with landed as (
    select
        *,
        cast(timezone('{{ var("civil_time_zone") }}', cast(mulai as timestamptz)) as date) as civil_date
    from {{ source("landing", "dinkes_persalinan") }}
)

select
    landed.kode_daerah as region_code,
    landed.encounter_id,
    landed.status as encounter_status,
    landed.penolong as attendant,
    landed.mulai as started_at,
    landed.civil_date,
    cast(year(landed.civil_date) as integer) as year,
    {{ lineage_columns() }}
from landed
