with landed as (
    select
        births.*,
        cast(
            timezone(
                coalesce(regions.time_zone, '{{ var("civil_time_zone") }}'), cast(births.mulai as timestamptz)
            ) as date
        ) as civil_date
    from {{ source("landing", "dinkes_persalinan") }} as births
    left join {{ ref("regions") }} as regions on births.kode_daerah = regions.region_code
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
