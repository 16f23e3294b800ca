{#-
    Whether a published percentage can follow from its published parts. Each part stands for every number that rounds to
    it, so the comparison is between intervals: with a fixed tolerance 454 correct rows of the East Java budgets would be
    flagged. `half_unit` is half the last printed unit of the parts; the percentage is printed with 2 decimals.
    Null where nothing can be said: a part is blank, or the denominator's interval touches zero.
-#}
{% macro percentage_agrees(num, den, pct, half_unit) -%}
    {%- set h = "cast(" ~ half_unit ~ " as decimal(4, 3))" -%}
    {%- set p = "cast(0.005 as decimal(4, 3))" -%}
    {%- set n = "(" ~ num ~ ") * cast(sign(" ~ den ~ ") as decimal(1, 0))" -%}
    case
        when abs({{ den }}) > {{ h }}
            then
                ({{ pct }} - {{ p }})
                * (abs({{ den }}) + case when {{ n }} + {{ h }} >= 0 then -{{ h }} else {{ h }} end)
                <= 100 * ({{ n }} + {{ h }})
                and ({{ pct }} + {{ p }})
                * (abs({{ den }}) + case when {{ n }} - {{ h }} >= 0 then {{ h }} else -{{ h }} end)
                >= 100 * ({{ n }} - {{ h }})
    end
{%- endmacro %}
