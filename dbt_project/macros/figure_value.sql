{#-
    An indicator's value from its parts, exact, with the decimals that it states.

    `figure` is a relation with numerator, denominator and amount; `defined` one with formula, factor and dp. A figure
    with both parts of a ratio follows from them; what has no parts is its amount, rounded half up.
-#}
{% macro figure_value(figure, defined) -%}
    {%- set n, d = figure ~ ".numerator", figure ~ ".denominator" -%}
    case {{ defined }}.dp
        {%- for dp in range(5) %}
        when {{ dp }}
            then
                case
                    when {{ defined }}.formula in ('share', 'percent', 'ratio') and {{ n }} is not null and {{ d }} is not null
                        then {{ ratio_half_up(n ~ " * " ~ defined ~ ".factor", d, dp) }}
                    when {{ defined }}.formula = 'growth' and {{ n }} is not null and {{ d }} is not null
                        then {{ ratio_half_up("(" ~ n ~ " - " ~ d ~ ")", d, dp, factor=100) }}
                    else {{ half_up(figure ~ ".amount", dp) }}
                end
        {%- endfor %}
    end
{%- endmacro %}
