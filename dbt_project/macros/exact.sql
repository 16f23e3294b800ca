{#-
    Exact arithmetic on whole numbers. DuckDB divides decimals as binary floats, and a float does not tell 2.125 from
    2.12499...; the published results turn on exactly those ties. Half-up means: a half goes away from zero.
-#}

{#- A decimal written with `dp` decimals, rounded half up. `expr` has at most 8 decimals and 16 digits before them. -#}
{% macro half_up(expr, dp) -%}
    {%- set unit = "cast(cast(" ~ expr ~ " as decimal(24, 8)) * cast(100000000 as decimal(9, 0)) as hugeint)" -%}
    {%- set step = 10 ** (8 - dp) -%}
    {{ scaled("sign(" ~ expr ~ ") * ((2 * abs(" ~ unit ~ ") + " ~ step ~ ") // " ~ 2 * step ~ ")", dp) }}
{%- endmacro %}

{#-
    factor * num / den with `dp` decimals, rounded half up; null where either is null or den is zero: a rate of nothing is
    missing, never zero and never an error. `num` and `den` have at most 4 decimals and 20 digits before them.
-#}
{% macro ratio_half_up(num, den, dp, factor=1) -%}
    {%- set n = "cast(cast(" ~ num ~ " as decimal(24, 4)) * cast(10000 as decimal(5, 0)) as hugeint)" -%}
    {%- set d = "cast(cast(" ~ den ~ " as decimal(24, 4)) * cast(10000 as decimal(5, 0)) as hugeint)" -%}
    {%- set upper = "2 * " ~ factor * 10 ** dp ~ " * abs(" ~ n ~ ") + abs(" ~ d ~ ")" -%}
    case
        when {{ den }} <> 0
            then {{ scaled("sign(" ~ num ~ ") * sign(" ~ den ~ ") * ((" ~ upper ~ ") // (2 * abs(" ~ d ~ ")))", dp) }}
    end
{%- endmacro %}

{#- The mean of exact decimals: their sum and count, rounded once. -#}
{% macro half_up_mean(expr, dp) -%}
    {{ ratio_half_up("sum(" ~ expr ~ ")", "count(" ~ expr ~ ")", dp) }}
{%- endmacro %}

{#- A whole number of 10^-dp as a decimal. -#}
{% macro scaled(whole, dp) -%}
    cast(cast({{ whole }} as decimal(30, 0)) * cast({{ "%.*f" | format(dp, 10 ** (0 - dp)) }} as decimal({{ dp + 1 }}, {{ dp }})) as decimal(24, {{ dp }}))
{%- endmacro %}
