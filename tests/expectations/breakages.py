"""Ways in which a mart can be wrong, as data: what spoils it, and why that would matter.

In the SQL ``{t}`` is the mart, ``{i}`` one of its indicators and ``{j}`` another, ``{p}`` the newest period of ``{i}``.
64.02, 35.07 and 62.02 are its regions. A breakage that changes nothing in a mart does not apply to it, nor does one
that its column's type refuses.

What cannot be true must block. What can be true, and seldom is, must at least be told.
"""

from collections.abc import Iterator, Mapping

from tests.expectations.breakages_of_figures import indicators, states, units, values
from tests.expectations.spoiling import (
    MALANG,
    NEWEST,
    OF_NEWEST,
    ROTATE,
    SWAP,
    VALUE,
    Breakage,
    later,
    other_region,
    scaled,
    taken_from,
)


def _rows() -> Iterator[Breakage]:
    gone = "what was known is no longer there, and nobody is told"
    yield Breakage("no rows", "DELETE FROM {t}", gone)
    yield Breakage("a region dropped", "DELETE FROM {t} WHERE region_code = '64.02'", gone)
    yield Breakage("an indicator dropped", "DELETE FROM {t} WHERE indicator_id = '{i}'", gone)
    yield Breakage(
        "a region's indicator dropped", "DELETE FROM {t} WHERE region_code = '64.02' AND indicator_id = '{i}'", gone
    )
    yield Breakage("half dropped", "DELETE FROM {t} WHERE rowid % 2 = 0", gone)
    yield Breakage("one row dropped", "DELETE FROM {t} WHERE rowid = (SELECT min(rowid) FROM {t})", gone)
    yield Breakage("what was measured dropped", "DELETE FROM {t} WHERE state = 'measured'", gone)
    yield Breakage(
        "what is not measured dropped", "DELETE FROM {t} WHERE state <> 'measured'", "missing looks like not asked"
    )
    yield Breakage(
        "the newest period of an indicator dropped",
        "DELETE FROM {t} WHERE indicator_id = '{i}' AND period = '{p}'",
        "an older figure passes for the newest",
        "told",
    )
    yield Breakage(
        "earlier periods of an indicator dropped",
        "DELETE FROM {t} WHERE indicator_id = '{i}' AND period < '{p}'",
        "a series loses its beginning",
        "told",
    )
    yield Breakage(
        "every newest period dropped", f"DELETE FROM {{t}} WHERE {NEWEST}", "older figures pass for the newest", "told"
    )
    yield Breakage(
        "all earlier periods dropped", f"DELETE FROM {{t}} WHERE NOT {NEWEST}", "series lose their beginnings", "told"
    )
    yield Breakage("keys doubled", "INSERT INTO {t} FROM {t}", "every figure counts twice")
    yield Breakage("a key doubled", "INSERT INTO {t} FROM {t} LIMIT 1", "one figure counts twice")
    yield Breakage(
        "a key doubled with another value",
        "INSERT INTO {t} SELECT * REPLACE (value + 1 AS value) FROM {t} WHERE state = 'measured' LIMIT 1",
        "which of the two is shown is chance",
    )
    yield Breakage(
        "rows of a region that is nobody's",
        "INSERT INTO {t} SELECT * REPLACE ('64.99' AS region_code) FROM {t} WHERE region_code = '64.02'",
        "a region is shown that the installation does not have",
    )


def _regions() -> Iterator[Breakage]:
    wrong = "a region is judged by another one's figures"
    yield Breakage("two regions swapped", taken_from(other_region(SWAP), "{t}.region_code <> '62.02'"), wrong)
    yield Breakage("three regions rotated", taken_from(other_region(ROTATE), "true"), wrong)
    yield Breakage(
        "two regions swapped in one indicator",
        taken_from(other_region(SWAP), "{t}.region_code <> '62.02' AND {t}.indicator_id = '{i}'"),
        wrong,
    )
    yield Breakage(
        "two regions swapped in the newest period",
        taken_from(other_region(SWAP), f"{{t}}.region_code <> '62.02' AND {OF_NEWEST}"),
        wrong,
    )
    yield Breakage("codes swapped without names", f"UPDATE {{t}} SET region_code = {SWAP}", wrong)
    yield Breakage("a region's rows copied", taken_from(other_region(MALANG), "{t}.region_code = '64.02'"), wrong)
    yield Breakage(
        "a region's rows of one indicator copied",
        taken_from(other_region(MALANG), "{t}.region_code = '64.02' AND {t}.indicator_id = '{i}'"),
        wrong,
    )
    yield Breakage("one region's rows in every region", taken_from(other_region(MALANG), "true"), wrong)
    yield Breakage(
        "one region's value in every region",
        f"UPDATE {{t}} SET value = o.value FROM (FROM {{t}}) o WHERE {other_region(MALANG)} "
        "AND {t}.state = 'measured' AND o.state = 'measured'",
        wrong,
    )
    yield Breakage(
        "the province's size",
        scaled("13.7", "region_code = '64.02' AND numerator IS NOT NULL"),
        "a province passes for a regency",
        "told",
    )
    yield Breakage(
        "the sum of all regions",
        """UPDATE {t} SET numerator = o.numerator, denominator = o.denominator FROM (SELECT indicator_id, period,
           sum(numerator) AS numerator, sum(denominator) AS denominator FROM {t} GROUP BY ALL) o
           WHERE o.indicator_id = {t}.indicator_id AND o.period = {t}.period AND {t}.numerator IS NOT NULL
           AND {t}.region_code = '62.02'"""
        + VALUE,
        "a province passes for a regency",
        "told",
    )
    bare = "bare digits are ambiguous between code systems"
    yield Breakage("codes without their dot", "UPDATE {t} SET region_code = replace(region_code, '.', '')", bare)
    yield Breakage(
        "the code of BPS", "UPDATE {t} SET region_code = '64.03' WHERE region_code = '64.02'", "another region's code"
    )
    yield Breakage(
        "a blank before the code", "UPDATE {t} SET region_code = ' ' || region_code", "nothing can be joined any more"
    )
    yield Breakage("another code system", "UPDATE {t} SET region_system = 'bps'", bare)
    yield Breakage(
        "another region's name",
        "UPDATE {t} SET region_name = 'Kota Contoh' WHERE region_code = '64.02'",
        "the page names the wrong region",
    )


def _periods() -> Iterator[Breakage]:
    year = "a year is judged by another one's figures"
    yield Breakage("every period a year later", f"UPDATE {{t}} SET period = {later(1)}", year)
    yield Breakage("every period a year earlier", f"UPDATE {{t}} SET period = {later(-1)}", year)
    yield Breakage("every period ten years later", f"UPDATE {{t}} SET period = {later(10)}", year)
    yield Breakage(
        "an indicator's periods a year later",
        f"UPDATE {{t}} SET period = {later(1)} WHERE indicator_id = '{{i}}'",
        year,
        "told",
    )
    yield Breakage(
        "an indicator's newest period a year later",
        f"UPDATE {{t}} SET period = {later(1)} WHERE indicator_id = '{{i}}' AND period = '{{p}}'",
        year,
        "told",
    )
    yield Breakage(
        "a region's periods a year later", f"UPDATE {{t}} SET period = {later(1)} WHERE region_code = '64.02'", year
    )
    repeated = "an old year passes for a new one"
    yield Breakage(
        "the newest year again under the next",
        f"INSERT INTO {{t}} SELECT * REPLACE ({later(1)} AS period, NULL AS published_value, NULL AS published_by) "
        f"FROM {{t}} WHERE {NEWEST}",
        repeated,
    )
    yield Breakage(
        "an indicator's newest year again under the next",
        f"INSERT INTO {{t}} SELECT * REPLACE ({later(1)} AS period) FROM {{t}} "
        "WHERE indicator_id = '{i}' AND period = '{p}'",
        repeated,
    )
    before = f"""o.indicator_id = {{t}}.indicator_id AND o.region_code = {{t}}.region_code
      AND {{t}}.period = {later(1).replace("period", "o.period")}"""
    yield Breakage("the year before under the newest", taken_from(before, OF_NEWEST), repeated)
    yield Breakage("a school year", "UPDATE {t} SET period = left(period, 4) || '/2025'", "no reader can order it")
    yield Breakage("a year of two digits", "UPDATE {t} SET period = substr(period, 3, 2)", "no reader can order it")
    yield Breakage("a thirteenth month", "UPDATE {t} SET period = left(period, 4) || '-13'", "no such month")
    yield Breakage("a year as a month", "UPDATE {t} SET period = left(period, 4) || '-01'", "a month passes for a year")


def _evidence() -> Iterator[Breakage]:
    untraced = "nobody can follow the figure to its rows"
    yield Breakage("no batches", "UPDATE {t} SET batch_ids = []", untraced)
    yield Breakage("empty batches", "UPDATE {t} SET batch_ids = [NULL]", untraced)
    yield Breakage("an indicator without batches", "UPDATE {t} SET batch_ids = [] WHERE indicator_id = '{i}'", untraced)
    yield Breakage("a batch that is none", "UPDATE {t} SET batch_ids = ['made up']", untraced)
    yield Breakage(
        "a batch of another record",
        "UPDATE {t} SET batch_ids = (SELECT [min(batch_id)] FROM evidence.batches WHERE record = 'assessor_score')",
        untraced,
    )
    yield Breakage("a batch named twice", "UPDATE {t} SET batch_ids = batch_ids || batch_ids", untraced)
    yield Breakage("a batch that was replaced", "UPDATE {t} SET batch_ids = ['old ' || batch_ids[1]]", untraced)
    yield Breakage("no sources", "UPDATE {t} SET source_ids = []", untraced)
    yield Breakage("another source", "UPDATE {t} SET source_ids = ['dlh_lain']", untraced)
    flags = "simulated figures pass for real ones, or real ones for simulated"
    yield Breakage("no longer simulated", "UPDATE {t} SET synthetic = false WHERE synthetic", flags)
    yield Breakage("simulated after all", "UPDATE {t} SET synthetic = true WHERE NOT synthetic", flags)
    basis = "taken over passes for computed, or computed for taken over"
    yield Breakage("no basis", "UPDATE {t} SET basis = NULL", basis)
    yield Breakage("an unknown basis", "UPDATE {t} SET basis = 'guessed' WHERE basis IS NOT NULL", basis)
    yield Breakage("taken over, it says", "UPDATE {t} SET basis = 'taken_over' WHERE basis = 'computed'", basis)
    yield Breakage("computed, it says", "UPDATE {t} SET basis = 'computed' WHERE basis = 'taken_over'", basis)
    twice = "one batch was counted twice"
    have = "numerator IS NOT NULL"
    yield Breakage("a batch twice", scaled("2", have), twice, "told")
    yield Breakage("a region's batch twice", scaled("2", have + " AND region_code = '64.02'"), twice, "told")
    yield Breakage("an indicator's batch twice", scaled("2", have + " AND indicator_id = '{i}'"), twice, "told")
    yield Breakage(
        "numerators twice",
        "UPDATE {t} SET numerator = numerator * 2 WHERE " + have + VALUE,
        twice,
        "told",
    )
    yield Breakage("half of a batch", scaled("0.5", have), "half of a batch was not counted", "told")
    published = "what an authority published is shown wrongly"
    yield Breakage("another published value", "UPDATE {t} SET published_value = published_value + 1", published)
    yield Breakage("a published value lost", "UPDATE {t} SET published_value = NULL", published)
    yield Breakage("who published it lost", "UPDATE {t} SET published_by = NULL", published)
    yield Breakage("another publisher", "UPDATE {t} SET published_by = 'BPK' WHERE published_by IS NOT NULL", published)
    yield Breakage(
        "the value published for the computed one",
        "UPDATE {t} SET value = published_value + 3, published_value = NULL, published_by = NULL "
        "WHERE published_value IS NOT NULL",
        published,
    )


BREAKAGES = (
    *_rows(),
    *_regions(),
    *units(),
    *values(),
    *states(),
    *indicators(),
    *_periods(),
    *_evidence(),
)


def _scores() -> Iterator[Breakage]:
    """Ways in which the tables of scores can be wrong; those of other instruments are another suite's."""
    questions, pillars = "scores.question_scores", "scores.pillar_scores"
    dimensions, index = "scores.dimension_scores", "scores.index_scores"
    wrong = "a region is ranked by a number that does not follow from its figures"
    for table, column in ((questions, "score"), (pillars, "score"), (dimensions, "value"), (index, "index_value")):
        name = table.partition(".")[2]
        yield Breakage(f"{name}: no rows", f"DELETE FROM {table}", wrong)
        yield Breakage(f"{name}: a region dropped", f"DELETE FROM {table} WHERE region_code = '64.02'", wrong)
        yield Breakage(f"{name}: keys doubled", f"INSERT INTO {table} FROM {table}", wrong)
        yield Breakage(f"{name}: a little more", f"UPDATE {table} SET {column} = {column} + 0.01", wrong)
        yield Breakage(f"{name}: a tenth", f"UPDATE {table} SET {column} = {column} / 10", wrong)
        yield Breakage(f"{name}: out of the scale", f"UPDATE {table} SET {column} = {column} + 4", wrong)
        yield Breakage(
            f"{name}: nought for what is missing",
            f"UPDATE {table} SET {column} = 0, state = 'measured' WHERE {column} IS NULL",
            wrong,
        )
        yield Breakage(f"{name}: measured and empty", f"UPDATE {table} SET {column} = NULL", wrong)
        yield Breakage(
            f"{name}: two regions swapped",
            f"UPDATE {table} SET region_code = CASE region_code WHEN '64.02' THEN '35.07' ELSE '64.02' END "
            "WHERE region_code <> '62.02'",
            wrong,
        )
        yield Breakage(f"{name}: real, it says", f"UPDATE {table} SET synthetic = NOT synthetic", "who may rank by it")
    yield Breakage(
        "an older figure", f"UPDATE {questions} SET period = '2019'", "an older figure passes for the newest"
    )
    yield Breakage("another figure", f"UPDATE {questions} SET value = value * 1.001", wrong)
    yield Breakage("no batches of a score", f"UPDATE {questions} SET batch_ids = []", "nobody can follow it")
    yield Breakage("an assumed rubric made official", f"UPDATE {questions} SET rubric_status = 'official'", wrong)
    yield Breakage("a question left out", f"UPDATE {pillars} SET questions_scored = questions_scored - 1", wrong)
    yield Breakage("other weights", f"UPDATE {dimensions} SET weight = weight + 0.01", wrong)
    yield Breakage(
        "a computed value reported",
        f"UPDATE {dimensions} SET value_from = 'reported' WHERE value_from = 'computed'",
        "what we computed passes for the assessors' word",
    )
    yield Breakage("bases swapped", f"UPDATE {index} SET basis = if(basis = 'reported', 'computed', 'reported')", wrong)
    yield Breakage("a published index changed", f"UPDATE {index} SET published_value = published_value + 0.01", wrong)
    yield Breakage("an index without a reason", f"UPDATE {index} SET state = 'missing', index_value = NULL", wrong)


SCORE_BREAKAGES = tuple(_scores())

# Of what is the newest year of a published index nothing is in force yet: that it is gone cannot be known.
_NEVER_SEEN = {
    "the newest period of an indicator dropped": "nothing",
    "a figure missing": "nothing",
    "an indicator's newest period a year later": "nothing",
}
# What was measured nowhere else has nothing to be compared with: its loss is told, its copy is not known as one.
_NEW_THERE = {
    "two regions swapped in one indicator": "told",
    "two regions swapped in the newest period": "told",
    "a region's rows of one indicator copied": "told",
}
# Numbers so near to what is in force are what true corrections look like.
_NEAR = {"one per cent off": "nothing"}
ESCAPED: Mapping[str, Mapping[str, str]] = {
    "governance": {},
    "branding": _NEAR,
    # Few and short numbers that agree may agree by chance.
    "economy": {
        **_NEVER_SEEN,
        "a region's rows of one indicator copied": "told",
        "an indicator's newest year again under the next": "told",
    },
    "living": {},
    # Two regions that changed places are known, three in a ring are not.
    "society": {**_NEAR, "three regions rotated": "told"},
    "environment": _NEW_THERE,
}
"""What is not caught as it should be, mart by mart, and what its gate says to it: nothing, or a word where it should
block. A gate that gets better or worse changes this list."""
# Where a value came from stands nowhere else.
SCORES_ESCAPED: Mapping[str, str] = {"a computed value reported": "nothing"}
