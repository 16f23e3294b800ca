{{ config(materialized="view") }}
-- The last good version of every pillar.
{% for pillar in ["governance", "branding", "economy", "living", "society", "environment"] -%}
    select
        '{{ pillar }}' as pillar,
        region_system,
        region_code,
        indicator_id,
        period,
        value,
        unit,
        state,
        batch_ids,
        synthetic,
        evaluation_id,
        held_since,
        held_reason
    from {{ source("promoted", "mart_" ~ pillar) }}
    {% if not loop.last %}union all{% endif %}
{% endfor %}
