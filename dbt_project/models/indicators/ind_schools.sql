-- Schools of the forms listed in seeds/indicator_codes.csv, in the latest semester of each school year.
with latest_semester as (
    select
        region_code,
        school_year,
        max(semester_id) as semester_id
    from {{ ref("stg_disdik_sekolah") }}
    group by region_code, school_year
)

select
    'soc_schools' as indicator_id,
    schools.region_code,
    cast(schools.school_year as varchar) as period,
    cast(count(distinct schools.npsn) filter (where codes.code is not null) as decimal(24, 4)) as numerator,
    cast(null as decimal(24, 4)) as denominator,
    cast(count(distinct schools.npsn) filter (where codes.code is not null) as decimal(18, 4)) as value,
    {{ batches("schools.batch_id") }} as batch_ids,
    bool_or(schools.is_synthetic) as is_synthetic
from {{ ref("stg_disdik_sekolah") }} as schools
inner join latest_semester
    on schools.region_code = latest_semester.region_code and schools.semester_id = latest_semester.semester_id
left join {{ ref("indicator_codes") }} as codes
    on schools.school_form = codes.code and codes.indicator_id = 'soc_schools'
group by schools.region_code, schools.school_year
