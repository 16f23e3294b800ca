-- Which rule set holds for which region: the cohort the assessors' list gives it. For the instrument's year every
-- region has one; where the list does not name the region the year's default stands in, and its index is missing: the
-- basis says whether there is no list of the year at all, or one that leaves the region out.
with listed as (
    select distinct
        assessed.region_code,
        assessed.year,
        {{ plain_cohort("assessed.cohort") }} as cohort
    from {{ source("records", "assessor_score") }} as assessed
),

ruled as (
    select
        regions.region_system,
        regions.region_code,
        regions.region_name,
        methods.rule_set_id,
        methods.year,
        'listed' as basis
    from listed
    inner join {{ ref("regions") }} as regions on listed.region_code = regions.region_code
    inner join {{ source("definitions", "rule_set_methods") }} as methods
        on listed.year = methods.year and listed.cohort = {{ plain_cohort("methods.cohort") }}
),

unlisted as (
    select
        regions.region_system,
        regions.region_code,
        regions.region_name,
        methods.rule_set_id,
        methods.year,
        case
            when methods.year in (select listed.year from listed) then 'not_listed'
            else 'no_list'
        end as basis
    from {{ ref("regions") }} as regions
    inner join {{ source("definitions", "rule_set_methods") }} as methods on methods.is_default
    where
        methods.year = {{ instrument_year() }}
        and not exists (
            select 1 from ruled
            where ruled.region_code = regions.region_code and ruled.year = methods.year
        )
)

select * from ruled
union all
select * from unlisted
