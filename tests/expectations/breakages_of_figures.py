"""Ways in which the figures of a mart can be wrong: their unit, value, state or indicator."""

from collections.abc import Iterator

from tests.expectations.spoiling import (
    FACTORS,
    NEWEST,
    OTHER_INDICATOR,
    SHARES,
    VALUE,
    Breakage,
    scaled,
    taken_from,
)


def units() -> Iterator[Breakage]:
    unit = "figures in another unit pass for great change"
    for factor in FACTORS:
        yield Breakage(f"value times {factor}", f"UPDATE {{t}} SET value = value::DOUBLE * {factor}", unit)
        yield Breakage(f"numerator times {factor}", f"UPDATE {{t}} SET numerator = numerator * {factor}", unit)
        yield Breakage(f"denominator times {factor}", f"UPDATE {{t}} SET denominator = denominator * {factor}", unit)
        yield Breakage(f"all numbers times {factor}", scaled(factor), unit)
    for factor in ("10", "1000", "0.001"):
        yield Breakage(f"a region's numbers times {factor}", scaled(factor, "region_code = '64.02'"), unit)
        yield Breakage(f"an indicator's numbers times {factor}", scaled(factor, "indicator_id = '{i}'"), unit)
        yield Breakage(
            f"numerators times {factor} and the value with them",
            f"UPDATE {{t}} SET numerator = numerator * {factor} WHERE numerator IS NOT NULL" + VALUE,
            unit,
        )
    yield Breakage("all numbers times a million", scaled("1000000"), unit)
    yield Breakage(
        "numbers of the newest period times 1000", scaled("1000", NEWEST), "an agency changed its unit", "told"
    )
    yield Breakage("percentages as fractions", "UPDATE {t} SET value = value / 100 WHERE unit = '%'", unit)
    yield Breakage("a region's value times 10", "UPDATE {t} SET value = value * 10 WHERE region_code = '64.02'", unit)
    yield Breakage("dollars", scaled("0.0000612", "unit = 'rupiah'"), "money in another currency", "told")


def values() -> Iterator[Breakage]:
    wrong = "the value is not the one that its parts give"
    have = "numerator IS NOT NULL AND denominator IS NOT NULL"
    yield Breakage(
        "numerator and denominator swapped",
        "UPDATE {t} SET numerator = denominator, denominator = numerator WHERE " + have,
        wrong,
    )
    yield Breakage(
        "numerator and denominator swapped and the value with them",
        "UPDATE {t} SET numerator = denominator, denominator = numerator WHERE " + have + VALUE,
        "the rate stands on its head",
    )
    yield Breakage(
        "the rate upside down", "UPDATE {t} SET value = round(100 * denominator / numerator, 2) WHERE " + have, wrong
    )
    yield Breakage(
        "the other part of the whole",
        "UPDATE {t} SET numerator = denominator - numerator WHERE " + have + " AND numerator < denominator" + VALUE,
        "who has not is counted for who has",
        "told",
    )
    yield Breakage(
        "the mean of rates", "UPDATE {t} SET value = value + 0.37 WHERE " + have, "a rate of sums is no mean"
    )
    yield Breakage("negative values", "UPDATE {t} SET value = -value WHERE value > 0", "no such value exists")
    yield Breakage("a negative numerator", "UPDATE {t} SET numerator = -numerator" + VALUE, "no such value exists")
    yield Breakage(
        "both parts negative",
        "UPDATE {t} SET numerator = -numerator, denominator = -denominator WHERE " + have,
        "no such count exists",
    )
    yield Breakage(
        "above any bound", "UPDATE {t} SET value = 99999999 WHERE state = 'measured'", "no such value exists"
    )
    yield Breakage(
        "a part larger than its whole",
        f"UPDATE {{t}} SET numerator = denominator + 1 WHERE {have} AND {SHARES}" + VALUE,
        "more have it than there are",
    )
    yield Breakage("a denominator of nothing", "UPDATE {t} SET denominator = 0 WHERE " + have, "a rate of nothing")
    yield Breakage("one decimal", "UPDATE {t} SET value = round(value, 1)", "a rounded figure falls into another band")
    yield Breakage("no decimals", "UPDATE {t} SET value = round(value)", "a rounded figure falls into another band")
    yield Breakage("more decimals", "UPDATE {t} SET value = value + 0.0013", "a precision that nobody measured")
    yield Breakage("a number next to it", "UPDATE {t} SET value = value + 0.01", "the last digit decides about a band")
    yield Breakage(
        "halves of people",
        "UPDATE {t} SET numerator = numerator - 0.5 WHERE left(indicator_id, 4) IN ('liv_', 'soc_') AND numerator > 1"
        + VALUE,
        "a count is whole",
    )
    yield Breakage(
        "one per cent off",
        "UPDATE {t} SET numerator = round(numerator * 0.99) WHERE numerator IS NOT NULL" + VALUE,
        "a small error in all counts",
        "told",
    )
    yield Breakage(
        "a third off in one region",
        "UPDATE {t} SET numerator = round(numerator * 0.66) WHERE region_code = '64.02'" + VALUE,
        "an error in one count",
        "told",
    )
    yield Breakage(
        "digits in another order",
        "UPDATE {t} SET numerator = reverse(numerator::BIGINT::VARCHAR)::BIGINT WHERE region_code = '64.02' "
        "AND numerator > 100 AND indicator_id = '{i}'" + VALUE,
        "a number was typed wrong",
        "told",
    )


def states() -> Iterator[Breakage]:
    yield Breakage("values blanked", "UPDATE {t} SET value = NULL WHERE state = 'measured'", "measured, and no value")
    yield Breakage(
        "a value blanked", "UPDATE {t} SET value = NULL WHERE indicator_id = '{i}'", "measured, and no value"
    )
    untold = "nobody can compute it again"
    yield Breakage("parts blanked", "UPDATE {t} SET numerator = NULL, denominator = NULL", untold)
    yield Breakage("numerators blanked", "UPDATE {t} SET numerator = NULL", untold)
    yield Breakage("denominators blanked", "UPDATE {t} SET denominator = NULL", untold)
    yield Breakage("missing with a value", "UPDATE {t} SET state = 'missing'", "missing looks measured")
    yield Breakage(
        "not applicable with a value", "UPDATE {t} SET state = 'not_applicable'", "it is measured all the same"
    )
    yield Breakage("an unknown state", "UPDATE {t} SET state = 'ok'", "no reader knows what it means")
    gone = "what is known is shown as missing"
    blank = "UPDATE {t} SET value = NULL, numerator = NULL, denominator = NULL, state = 'missing'"
    yield Breakage("everything missing", blank, gone)
    yield Breakage("an indicator missing", blank + " WHERE indicator_id = '{i}'", gone, "told")
    yield Breakage("a region missing", blank + " WHERE region_code = '64.02'", gone, "told")
    yield Breakage(
        "a figure missing",
        blank + " WHERE region_code = '64.02' AND indicator_id = '{i}' AND period = '{p}'",
        gone,
        "told",
    )
    nought = "nought passes for a measurement"
    yield Breakage(
        "nought for what is missing",
        """UPDATE {t} SET state = 'measured', value = 0, basis = 'computed',
           numerator = CASE WHEN indicator_id <> 'eco_ipm' THEN 0 END,
           denominator = CASE WHEN unit = '%' THEN 1000 END WHERE state = 'missing'""",
        nought,
        "told",
    )
    yield Breakage("values nought", "UPDATE {t} SET value = 0 WHERE state = 'measured'", nought)
    yield Breakage(
        "an indicator nought",
        "UPDATE {t} SET value = 0, numerator = numerator * 0 WHERE state = 'measured' AND indicator_id = '{i}'",
        nought,
        "told",
    )
    hidden = "a hidden count can be computed back"
    yield Breakage("a suppressed numerator shown", "UPDATE {t} SET numerator = 3 WHERE state = 'suppressed'", hidden)
    yield Breakage(
        "a suppressed denominator shown", "UPDATE {t} SET denominator = 40 WHERE state = 'suppressed'", hidden
    )
    yield Breakage(
        "suppressed figures shown",
        "UPDATE {t} SET state = 'measured', numerator = 3, denominator = 40, value = 7.5 WHERE state = 'suppressed'",
        "four people can be named",
    )
    yield Breakage(
        "a small count shown",
        "UPDATE {t} SET numerator = 2 WHERE numerator IS NOT NULL "
        "AND indicator_id IN (SELECT indicator_id FROM definitions.suppression)" + VALUE,
        "two people can be named",
    )
    yield Breakage(
        "a whole shown beside its hidden part",
        "UPDATE {t} SET value = NULL, numerator = NULL, denominator = NULL, state = 'suppressed', "
        "period = (SELECT max(period) FROM {t} w WHERE w.indicator_id = 'soc_apm_9y' AND w.state = 'measured') "
        "WHERE indicator_id = 'soc_apm_sd' AND EXISTS (FROM {t} w WHERE w.indicator_id = 'soc_apm_9y' "
        "AND w.state = 'measured')",
        hidden,
    )
    yield Breakage(
        "suppressed without a rule",
        "UPDATE {t} SET value = NULL, numerator = NULL, denominator = NULL, state = 'suppressed' "
        "WHERE state = 'measured' AND indicator_id = '{i}'",
        "what is to be seen is hidden",
    )


def indicators() -> Iterator[Breakage]:
    wrong = "a question is answered with another one's figure"
    pair = "{t}.indicator_id IN ('{i}', '{j}')"
    yield Breakage("two indicators swapped", taken_from(OTHER_INDICATOR, pair), wrong)
    yield Breakage(
        "two indicators swapped in one region",
        taken_from(OTHER_INDICATOR, pair + " AND {t}.region_code = '64.02'"),
        wrong,
    )
    yield Breakage(
        "two values swapped",
        f"UPDATE {{t}} SET value = o.value FROM (FROM {{t}}) o WHERE {OTHER_INDICATOR} AND {pair}",
        wrong,
    )
    yield Breakage(
        "an indicator's rows under another", taken_from(OTHER_INDICATOR, "{t}.indicator_id = '{i}'"), wrong, "told"
    )
    yield Breakage(
        "an indicator's name swapped",
        "UPDATE {t} SET indicator_id = CASE indicator_id WHEN '{i}' THEN '{j}' ELSE '{i}' END "
        "WHERE indicator_id IN ('{i}', '{j}')",
        wrong,
    )
    yield Breakage(
        "an unknown indicator",
        "UPDATE {t} SET indicator_id = 'made_up' WHERE indicator_id = '{i}'",
        "nobody defined it",
    )
    yield Breakage(
        "another pillar's indicator",
        "UPDATE {t} SET indicator_id = (SELECT min(id) FROM definitions.indicators i WHERE i.pillar <> {t}.pillar) "
        "WHERE indicator_id = '{i}'",
        wrong,
    )
    yield Breakage(
        "another pillar's rows",
        " ; ".join(
            f"INSERT INTO {{t}} FROM candidate.mart_{pillar} WHERE pillar <> (SELECT min(pillar) FROM {{t}}) LIMIT 3"
            for pillar in ("economy", "society")
        ),
        "they are gated by the wrong rules",
    )
    yield Breakage("another pillar's name", "UPDATE {t} SET pillar = 'health'", "they are gated by the wrong rules")
    yield Breakage(
        "another unit", "UPDATE {t} SET unit = 'ribu ' || unit WHERE indicator_id = '{i}'", "read 1,000 times"
    )
    yield Breakage("no unit", "UPDATE {t} SET unit = '' WHERE indicator_id = '{i}'", "a number of nothing")
    yield Breakage(
        "another definition", "UPDATE {t} SET definition = definition || ' (survey)' WHERE indicator_id = '{i}'", wrong
    )
