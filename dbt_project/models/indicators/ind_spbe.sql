select
    'gov_spbe' as indicator_id,
    region_code,
    cast(year as varchar) as period,
    cast(null as decimal(24, 4)) as numerator,
    cast(null as decimal(24, 4)) as denominator,
    cast(spbe_index as decimal(18, 4)) as value,
    [batch_id] as batch_ids,
    is_synthetic
from {{ ref("stg_diskominfo_spbe") }}
