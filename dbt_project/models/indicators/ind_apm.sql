-- Pupils of the age (whatever their class) against the people of that age, both of one year. Without a population of
-- that year there is no rate: a population carried over from another year would look like data.
with ages as (
    select
        cast(max(value) filter (where parameter = 'age_min') as integer) as age_min,
        cast(max(value) filter (where parameter = 'age_max') as integer) as age_max,
        cast(max(value) filter (where parameter = 'age_on_month') as integer) as on_month,
        cast(max(value) filter (where parameter = 'age_on_day') as integer) as on_day
    from {{ ref("indicator_parameters") }}
    where indicator_id = 'soc_apm_9y'
),

latest_semester as (
    select
        region_code,
        school_year,
        max(semester_id) as semester_id
    from {{ ref("stg_disdik_peserta_didik") }}
    group by region_code, school_year
),

pupils as (
    select
        enrolled.region_code,
        enrolled.school_year as year,
        count(distinct enrolled.pupil_id) filter (
            where date_sub('year', enrolled.birth_date, make_date(enrolled.school_year, ages.on_month, ages.on_day))
            between ages.age_min and ages.age_max
        ) as pupils,
        {{ batches("enrolled.batch_id") }} as batch_ids,
        bool_or(enrolled.is_synthetic) as is_synthetic
    from {{ ref("stg_disdik_peserta_didik") }} as enrolled
    inner join latest_semester
        on
            enrolled.region_code = latest_semester.region_code
            and enrolled.semester_id = latest_semester.semester_id
    cross join ages
    group by enrolled.region_code, enrolled.school_year
),

people as (
    select
        published.region_code,
        published.year,
        max(published.value) as people,
        {{ batches("published.batch_id") }} as batch_ids,
        bool_or(published.is_synthetic) as is_synthetic
    from {{ ref("stg_bps_indikator") }} as published
    inner join {{ ref("indicator_codes") }} as codes
        on
            cast(published.variable as varchar) = codes.code
            and codes.source_id = 'bps_indikator'
            and codes.indicator_id = 'soc_apm_9y'
    group by published.region_code, published.year
),

sums as (
    select
        'soc_apm_9y' as indicator_id,
        pupils.region_code,
        cast(pupils.year as varchar) as period,
        pupils.pupils as numerator,
        people.people as denominator,
        list_sort(list_distinct(list_concat(pupils.batch_ids, coalesce(people.batch_ids, [])))) as batch_ids,
        pupils.is_synthetic or coalesce(people.is_synthetic, false) as is_synthetic
    from pupils
    left join people on pupils.region_code = people.region_code and pupils.year = people.year
)

{{ percentages("sums") }}
