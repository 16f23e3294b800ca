{#-
    A pillar's mart: every region of the installation x every indicator of the pillar x every period the indicator has,
    each with its state. What was not delivered is a row that says so. An indicator without any data stands in the latest
    period of its pillar (or the year of the instrument, where the pillar has none).
-#}
{% macro pillar_mart(pillar) -%}
    with pillar_indicators as (
        select * from {{ source("definitions", "indicators") }} where pillar = '{{ pillar }}'
    ),

    figures as (
        select
            given.*,
            cast({{ figure_value("given", "defined") }} as decimal(24, 4)) as value
        from {{ source("figures", pillar) }} as given
        inner join pillar_indicators as defined on given.indicator_id = defined.id
    ),

    -- The batches that were asked about an indicator and period: evidence for a missing value too.
    period_evidence as (
        select
            indicator_id,
            period,
            {{ merged_lists("batch_ids") }} as batch_ids,
            {{ merged_lists("source_ids") }} as source_ids,
            bool_or(is_synthetic) as is_synthetic
        from figures
        group by indicator_id, period
    ),

    fallback_period as (
        select
            coalesce((select max(left(period, 4)) from figures), '{{ instrument_year() }}') as period
    ),

    grid as (
        select
            regions.region_system,
            regions.region_code,
            regions.region_name,
            defined.id as indicator_id,
            coalesce(evidence.period, fallback_period.period) as period,
            coalesce(evidence.batch_ids, []) as batch_ids,
            coalesce(evidence.source_ids, []) as source_ids,
            coalesce(evidence.is_synthetic, false) as is_synthetic
        from {{ ref("regions") }} as regions
        cross join pillar_indicators as defined
        cross join fallback_period
        left join period_evidence as evidence on defined.id = evidence.indicator_id
    ),

    -- Counts of a few people.
    small as (
        select distinct
            counted.indicator_id,
            counted.region_code,
            counted.period,
            rules.together
        from figures as counted
        inner join {{ source("definitions", "suppression") }} as rules on counted.indicator_id = rules.indicator_id
        where
            case rules.count_of
                when 'numerator' then counted.numerator
                when 'denominator' then counted.denominator
                when 'complement' then counted.denominator - counted.numerator
            end between 1 and rules.threshold - 1
    ),

    -- They are hidden, with what they could be computed back from.
    hidden as (
        select
            indicator_id,
            region_code,
            period
        from small
        union
        select
            rules.indicator_id,
            small.region_code,
            small.period
        from small
        inner join {{ source("definitions", "suppression") }} as rules on small.together = rules.together
    ),

    stated as (
        select
            grid.*,
            counted.numerator,
            counted.denominator,
            counted.value,
            counted.basis,
            counted.published_value,
            counted.published_by,
            hidden.indicator_id is not null as is_hidden,
            coalesce(counted.batch_ids, grid.batch_ids) as row_batch_ids,
            coalesce(counted.source_ids, grid.source_ids) as row_source_ids,
            coalesce(counted.is_synthetic, grid.is_synthetic) as row_is_synthetic,
            case
                when counted.value is null then 'missing'
                when hidden.indicator_id is not null then 'suppressed'
                else 'measured'
            end as state
        from grid
        left join figures as counted
            on
                grid.indicator_id = counted.indicator_id
                and grid.region_code = counted.region_code
                and grid.period = counted.period
        left join hidden
            on
                grid.indicator_id = hidden.indicator_id
                and grid.region_code = hidden.region_code
                and grid.period = hidden.period
    )

    select
        defined.pillar,
        stated.region_system,
        stated.region_code,
        stated.region_name,
        stated.period,
        stated.indicator_id,
        -- Without a value too: 3 of an unknown number of people are three people.
        cast(case when not stated.is_hidden then stated.numerator end as decimal(24, 4)) as numerator,
        cast(case when not stated.is_hidden then stated.denominator end as decimal(24, 4)) as denominator,
        cast(case when stated.state = 'measured' then stated.value end as decimal(24, 4)) as value,
        defined.unit,
        stated.state,
        stated.basis,
        defined.definition,
        cast(stated.row_source_ids as varchar []) as source_ids,
        cast(stated.row_batch_ids as varchar []) as batch_ids,
        stated.row_is_synthetic as synthetic,
        -- A percentage that a source gave would tell a hidden count again. What is listed was printed for everybody.
        cast(
            coalesce(printed.value, case when not stated.is_hidden then stated.published_value end) as decimal(24, 4)
        ) as published_value,
        coalesce(printed.publisher, case when not stated.is_hidden then stated.published_by end) as published_by
    from stated
    inner join pillar_indicators as defined on stated.indicator_id = defined.id
    left join {{ ref("published_figures") }} as printed
        on
            stated.indicator_id = printed.indicator_id
            and stated.region_system = printed.region_system
            and stated.region_code = printed.region_code
            and stated.period = printed.period
    order by stated.region_code, stated.indicator_id, stated.period
{%- endmacro %}
