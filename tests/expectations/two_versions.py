"""A warehouse with two versions of every mart, for gates that compare them.

The candidate is the sample's, with numbers as long as real ones, and of two years at least. In force is what an earlier
evaluation left: from other batches, with the newest counts a little smaller, and without two indices of the newest
year.
"""

from pathlib import Path

import duckdb

from tests.publication.sample_warehouse import PILLARS, build

# How much larger a region's numbers are than the sample's, which are round.
LONGER = "CASE region_code WHEN '35.07' THEN 2.37713 WHEN '62.02' THEN 1.41429 ELSE 1.73217 END"
VALUE = """UPDATE {mart} m SET value = round(CASE i.formula WHEN 'amount' THEN m.numerator
  WHEN 'growth' THEN 100 * (m.numerator - m.denominator) / m.denominator
  ELSE 100 * m.numerator / m.denominator END, i.dp)
FROM definitions.indicators i WHERE i.id = m.indicator_id AND m.state = 'measured' AND m.numerator IS NOT NULL;"""
CANDIDATE = f"""
UPDATE {{mart}} SET numerator = round(numerator * {LONGER}), denominator = round(denominator * {LONGER});
INSERT INTO {{mart}} SELECT * EXCLUDE (earlier) REPLACE (earlier AS period, round(numerator * 0.9613) AS numerator,
  round(denominator * 0.9613) AS denominator, CASE WHEN numerator IS NULL THEN round(value * 0.9871, 2) END AS value,
  CASE WHEN basis = 'taken_over' THEN round(value * 0.9871, 2) END AS published_value,
  CASE WHEN basis = 'taken_over' THEN published_by END AS published_by)
FROM (SELECT *, (left(period, 4)::INTEGER - 1) || substr(period, 5) AS earlier FROM {{mart}}
  WHERE indicator_id <> 'bra_investment_growth'
  QUALIFY min(period) OVER (PARTITION BY indicator_id) = max(period) OVER (PARTITION BY indicator_id));
{VALUE}
"""
IN_FORCE = f"""
CREATE OR REPLACE TABLE promoted.own_{{pillar}} AS SELECT * REPLACE (
  list_transform(batch_ids, b -> 'old ' || b) AS batch_ids,
  CASE WHEN newest THEN round(numerator * 0.9962) ELSE numerator END AS numerator,
  CASE WHEN newest THEN round(denominator * 0.9971) ELSE denominator END AS denominator)
FROM (SELECT *, period = max(period) OVER (PARTITION BY indicator_id) AS newest FROM {{mart}})
WHERE NOT (newest AND indicator_id IN ('eco_ipm', 'gov_spbe'));
{VALUE.replace("{mart}", "promoted.own_{pillar}")}
CREATE OR REPLACE VIEW promoted.mart_{{pillar}} AS SELECT * EXCLUDE (newest) FROM promoted.own_{{pillar}};
"""
# A batch has a few rows more than any indicator counts of it.
ROWS = """
UPDATE evidence.batches b SET rows = ceil(1.05 * f.most) FROM (
  SELECT batch_id, max(n) AS most FROM (
    SELECT unnest(batch_ids) AS batch_id, greatest(sum(numerator), sum(denominator)) AS n
    FROM ({marts}) WHERE state = 'measured' GROUP BY indicator_id, batch_ids) GROUP BY 1) f
WHERE f.batch_id = b.batch_id
"""


def build_two_versions(path: Path) -> Path:
    """Write the warehouse file."""
    build(path)
    with duckdb.connect(str(path)) as connection:
        for pillar in PILLARS:
            words = {"mart": f"candidate.mart_{pillar}", "pillar": pillar}
            connection.execute(CANDIDATE.format(**words))
            connection.execute(IN_FORCE.format(**words))
        connection.execute(ROWS.format(marts=" UNION ALL ".join(f"FROM candidate.mart_{one}" for one in PILLARS)))
    return path
