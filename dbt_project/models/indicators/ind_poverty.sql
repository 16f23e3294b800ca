select
    codes.indicator_id,
    published.region_code,
    cast(published.year as varchar) as period,
    cast(null as decimal(24, 4)) as numerator,
    cast(null as decimal(24, 4)) as denominator,
    cast(published.value as decimal(18, 4)) as value,
    [published.batch_id] as batch_ids,
    published.is_synthetic
from {{ ref("stg_bps_indikator") }} as published
inner join {{ ref("indicator_codes") }} as codes
    on
        cast(published.variable as varchar) = codes.code
        and codes.source_id = 'bps_indikator'
        and codes.indicator_id = 'eco_poverty_p0'
where published.region_code is not null
