-- The flat mean of a pillar's question scores, and how many of the instrument's questions it rests on.
with pillar_sizes as (
    select
        pillar,
        cast(count(*) as integer) as questions_total
    from {{ source("definitions", "questions") }}
    where instrument_id = '{{ var("instrument") }}'
    group by pillar
),

scored as (
    select
        region_code,
        pillar,
        cast(count(score) as integer) as questions_scored,
        cast({{ half_up_mean("score", 2) }} as decimal(4, 2)) as score,
        bool_or(state = 'suppressed') as has_suppressed,
        bool_or(synthetic) filter (where score is not null) as synthetic
    from {{ ref("question_scores") }}
    group by region_code, pillar
),

promotions as (
    select
        pillar,
        max(evaluation_id) as evaluation_id,
        max(held_since) as held_since,
        max(held_reason) as held_reason
    from {{ source("promoted", "marts") }}
    group by pillar
)

select
    regions.region_system,
    regions.region_code,
    regions.region_name,
    pillars.id as pillar,
    scored.score,
    coalesce(scored.questions_scored, 0) as questions_scored,
    coalesce(pillar_sizes.questions_total, 0) as questions_total,
    case
        when scored.score is not null then 'measured'
        when scored.has_suppressed then 'suppressed'
        else 'missing'
    end as state,
    promotions.held_since,
    promotions.held_reason,
    promotions.evaluation_id,
    coalesce(scored.synthetic, false) as synthetic
from {{ ref("regions") }} as regions
cross join {{ ref("pillars") }} as pillars
left join pillar_sizes on pillars.id = pillar_sizes.pillar
left join scored on regions.region_code = scored.region_code and pillars.id = scored.pillar
left join promotions on pillars.id = promotions.pillar
order by regions.region_code, pillars.position
