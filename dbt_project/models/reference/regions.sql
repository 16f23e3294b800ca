select
    region_system,
    region_code,
    region_name,
    kind,
    province,
    bps_code,
    bps_code_before,
    sipsn_name,
    sipsn_province,
    time_zone
from {{ source("landing", "_regions") }}
order by region_code
