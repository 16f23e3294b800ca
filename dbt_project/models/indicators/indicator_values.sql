{{ config(materialized="view") }}
-- All pillars in one long table. A leaf: the marts do not depend on it, so that one pillar cannot stop another.
{% for pillar in ["governance", "branding", "economy", "living", "society", "environment"] -%}
    select
        pillar,
        region_system,
        region_code,
        region_name,
        period,
        indicator_id,
        numerator,
        denominator,
        value,
        unit,
        state,
        definition,
        source_id,
        batch_ids,
        synthetic,
        published_value,
        published_by
    from {{ ref("mart_" ~ pillar) }}
    {% if not loop.last %}union all{% endif %}
{% endfor %}
