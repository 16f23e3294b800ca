"""A small warehouse with exactly the tables that an evaluation leaves behind, for the gates and for publications.

The reference tables are the project's own definitions and seeds. Published figures carry their publisher; the rest
is made up and marked synthetic. Every state occurs, and branding is held.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb

from definitions.instruments import load_instruments
from definitions.records import load_records
from ledger.project import columns, pillar_ids
from ledger.regions import known
from ledger.settings import REPOSITORY
from pilar.evaluation.answer_evidence import write_answer_evidence
from pilar.evaluation.answer_states import answer_key, place
from pilar.evaluation.definition_tables import write_definitions, write_rows
from pilar.evaluation.evidence import Line, write_evidence
from pilar.evaluation.explained import write_explanations
from pilar.evaluation.instrument_scores import write_instrument_scores
from pilar.evaluation.readiness import write_readiness
from pilar.evaluation.sureness import write_sureness
from pilar.evaluation.warehouse import regions_view
from simulator.data.answers import answers

MEASUREMENTS = Path(__file__).with_name("sample_measurements.csv")
SEEDS = REPOSITORY / "dbt_project" / "seeds"
REGIONS = {
    "35.07": "Kabupaten Malang",
    "62.02": "Kabupaten Kotawaringin Timur",
    "64.02": "Kabupaten Kutai Kartanegara",
}
PILLARS = pillar_ids()
# Of Outcome, Impact and Kolaborasi, all three.
QUESTIONS_TOTAL = {"governance": 16, "branding": 14, "economy": 13, "living": 17, "society": 16, "environment": 13}
INSTRUMENT = "smart-city-2023"
RULE_SET = "2023-kppn-ikn"
RUBRIC = "asumsi-1"
EVALUATION = "01946a00-0000-7000-8000-000000000001"
EARLIER_EVALUATION = "01945f00-0000-7000-8000-000000000001"
HELD_SINCE = "2025-01-10T02:00:00+00:00"
HELD_REASON = "fail: range_bra_investment_growth: investment cannot shrink by more than all of it"

NUMBERS = {
    "pillars": {"position": "INTEGER"},
    "published_figures": {
        "value": "DECIMAL(24,4)",
        "dp": "INTEGER",
        "numerator": "DECIMAL(24,4)",
        "denominator": "DECIMAL(24,4)",
    },
}

SCORES = ("question_scores", "pillar_scores", "dimension_scores", "index_scores")
ANSWER = ("kode_daerah", "tahun", "instrumen", "kode", "peran", "no_asesor", "jawaban")
# Answers with a state and with evidence: of two regions, two instruments and two questions.
ANSWERED = (
    ("64.02", "pemdi-2026", 2026, "I8"),
    ("64.02", "pemdi-2026", 2026, "I9"),
    ("62.02", "pemdi-2026", 2026, "I8"),
    ("64.02", "smart-city-2022", 2026, "outcome/1"),
    ("64.02", "smart-city-2023", 2026, "outcome/1"),
)
ON = date(2026, 7, 1)
FINDINGS = """
INSERT INTO scores.findings BY NAME SELECT * FROM (VALUES
  ('1', 'bpkad_realisasi', 'published_percentage_differs', 'contradiction', 'bpkad', '64.02', '2023',
   'kode_rekening 5.1', 'presentase', '12311', '123.11', NULL, 1, 'b1', 0, 4),
  ('2', 'dlh_sipsn', 'region_out_of_scope', 'note', 'dlh', NULL, '2024', 'Kab. Contoh', 'region', 'Kab. Contoh',
   NULL, NULL, 1, 'b2', 0, 1),
  ('3', 'dinkes_profil', 'part_exceeds_whole', 'contradiction', 'dinas_kesehatan', '64.02', '2025',
   'liv_immunisation_complete', 'numerator', '300', '299', 'liv_immunisation_polio4.numerator', 1, 'b4', NULL, NULL),
  ('4', 'dinkes_persalinan', 'unknown_category', 'doubt', NULL, '62.02', '2024', '{person}', 'penolong', '{person}',
   NULL, NULL, 2, 'b3', 0, 7),
  ('5', 'dinkes_persalinan', 'unknown_category', 'doubt', NULL, '64.02', '2024', 'kader', 'penolong', 'kader', NULL,
   NULL, 31, 'b3', 0, 9)) AS found(finding_id, source_id, rule, severity, owner, region_code, period, subject, field,
   published, recomputed, against, row_count, batch_id, page_no, row_no);
UPDATE scores.findings SET since = TIMESTAMPTZ '2025-01-15 02:00:00+00';
"""
# An indicator of which the sample says nothing was not delivered.
MISSING = """
INSERT INTO found (indicator_id, period, region_code, state, synthetic)
SELECT i.id, '2024', r.region_code, 'missing', 'true' FROM definitions.indicators i CROSS JOIN seeds.regions r
WHERE i.id NOT IN (SELECT indicator_id FROM found)
"""
# Which source delivered a record.
SOURCES = {
    "budget_line": "bpkad_realisasi",
    "published_figure": "bps_indikator",
    "child_measurement": "dinkes_eppgbm",
    "birth": "dinkes_persalinan",
    "pupil": "disdik_peserta_didik",
    "school": "disdik_sekolah",
    "assessor_score": "diskominfo_spbe",
    "waste_balance": "dlh_sipsn",
    "investment_project": "dpmptsp_proyek",
    "household": "perkim_sanitasi",
}
# How each source's batch arrived: agency, system, coverage, rows received and refused.
OPDS = {
    "bpkad_realisasi": ("bpkad", "SIPD", "2023", 96, 0),
    "bps_indikator": ("bps", "WebAPI BPS", "2021", 54, 0),
    "diskominfo_spbe": ("diskominfo", "Portal data", "2024", 12, 0),
    "dpmptsp_proyek": ("dpmptsp", "OSS-RBA", "2024", 1460, 7),
    "dinkes_eppgbm": ("dinas_kesehatan", "e-PPGBM", "2024-08", 2215, 15),
    "dinkes_persalinan": ("dinas_kesehatan", "SATUSEHAT", "2024", 1612, 12),
    "perkim_sanitasi": ("dinas_perkim", "SIPERKIM", "2021", 30012, 12),
    "disdik_peserta_didik": ("dinas_pendidikan", "Dapodik", "20241", 1830, 4),
    "disdik_sekolah": ("dinas_pendidikan", "Dapodik", "20241", 1990, 5),
    "dlh_sipsn": ("dlh", "SIPSN", "2024", 315, 0),
}
REAL = ("bps_indikator", "diskominfo_spbe")
# Someone typed a name where a code was due.
PERSON = "Tokoh Rekaan Semata"
MART = """
INSERT INTO candidate.mart_{pillar} BY NAME
SELECT i.pillar, r.region_system, r.region_code, r.region_name, f.period, f.indicator_id, f.numerator, f.denominator,
  f.value, i.unit, f.state, i.definition, CASE WHEN f.state NOT IN ('measured', 'suppressed') THEN NULL
    WHEN i.formula = 'published' THEN 'taken_over' ELSE 'computed' END AS basis,
  list_filter([b.source_id], x -> x IS NOT NULL) AS source_ids,
  list_filter([b.batch_id], x -> x IS NOT NULL) AS batch_ids, coalesce(b.synthetic, false) AS synthetic,
  coalesce(p.value, CASE WHEN i.formula = 'published' THEN f.value::DECIMAL(24,4) END) AS published_value,
  CASE WHEN i.formula = 'published' AND f.value IS NOT NULL THEN coalesce(p.publisher, i.source_text)
    ELSE p.publisher END AS published_by
FROM found f JOIN definitions.indicators i ON i.id = f.indicator_id JOIN seeds.regions r USING (region_code)
LEFT JOIN batches b ON b.record = i.records[1]
LEFT JOIN seeds.published_figures p USING (indicator_id, region_code, period)
WHERE i.pillar = '{pillar}' ORDER BY r.region_code, f.indicator_id, f.period
"""
PROMOTED = """
CREATE VIEW promoted.mart_{pillar} AS SELECT *, '{evaluation}' AS evaluation_id,
  TIMESTAMPTZ '2025-01-15 02:00:00+00' AS promoted_at, {since}::TIMESTAMPTZ AS held_since,
  {reason}::VARCHAR AS held_reason FROM candidate.mart_{pillar}
"""


REPORTED = {
    "35.07": ("3.60", "2.29", "3.41", "2.81", "3.13", "2.53"),
    "62.02": ("2.80", "2.10", "2.55", "2.40", "2.75", "1.00"),
    "64.02": ("3.60", "2.89", "2.92", "2.59", "3.32", "1.20"),
}
PUBLISHED_INDEX = {("35.07", "2022"): "2.51", ("35.07", "2023"): "2.94", ("64.02", "2023"): "2.82"}
DIMENSIONS = ("baseline", "output", "outcome", "impact", "quick_wins", "kolaborasi")


def build(path: Path) -> Path:
    """Write the warehouse file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        load_seeds(connection)
        write_evidence(connection, [_batch(record, source_id) for record, source_id in SOURCES.items()])
        _marts(connection)
        connection.execute("CREATE SCHEMA scores")
        for table in (*SCORES, "findings"):
            connection.execute(_described("scores", table))
        connection.execute(FINDINGS.format(person=PERSON))
        for code in REGIONS:
            _question_scores(connection, code)
            _pillar_scores(connection, code)
            _index_scores(connection, code)
        _answers(connection)
    write_explanations(path, load_instruments(), write_instrument_scores(path))
    with duckdb.connect(str(path)) as connection:
        _evidence(connection)
    write_answer_evidence(path, ON)
    write_readiness(path, [])
    write_sureness(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP SCHEMA records CASCADE; DROP SCHEMA reference CASCADE")
    return path


def _answers(connection: duckdb.DuckDBPyConnection) -> None:
    """What the demo's register of answers holds, as the platform takes it in."""
    connection.execute("CREATE SCHEMA records; CREATE SCHEMA reference")
    connection.execute("CREATE VIEW reference.regions AS FROM seeds.regions")
    columns = ", ".join(f"{name} {kind}" for name, kind in load_records()["answer"].sql_types.items())
    evidence = ", ".join(f"{name} {kind}" for name, kind in load_records()["evidence"].sql_types.items())
    own = "_source VARCHAR, _batch VARCHAR, _page INTEGER, _row BIGINT, _synthetic BOOLEAN"
    connection.execute(f"CREATE TABLE records.evidence ({evidence}, {own})")
    connection.execute(f"CREATE TABLE records.answer ({columns}, {own})")
    batch = batch_of("diskominfo_spbe")
    rows = [(*(row[name] for name in ANSWER), batch, True) for year in (2023, 2025, 2026) for row in answers(year)]
    names = "region_code, year, instrument, code, role, assessor, value, _batch, _synthetic"
    connection.executemany(f"INSERT INTO records.answer ({names}) VALUES ({', '.join('?' * 9)})", rows)


def _evidence(connection: duckdb.DuckDBPyConnection) -> None:
    """A state and two pieces of evidence for each of a few answers."""
    batch = batch_of("diskominfo_spbe")
    known = ", ".join(
        f"({', '.join(map(repr, answer))}, 'e{number}', 2, 'diskominfo', 'submitted', 'diskominfo_jawaban', "
        f"'{batch}', 0, {number}, true)"
        for answer in ANSWERED
        for number in (1, 2)
    )
    connection.execute(
        "INSERT INTO records.evidence (region_code, instrument, year, code, evidence_id, level, opd, state, _source, "
        f"_batch, _page, _row, _synthetic) VALUES {known}"
    )
    states = [
        {
            **place(answer_key(*answer), REGIONS),
            "state": "submitted",
            "since": "2025-01-10T02:00:00+00:00",
            "role": "opd",
            "reason": None,
            "transitions": 1,
            "synthetic": True,
        }
        for answer in ANSWERED
    ]
    write_rows(connection, "scores", "answer_states", states)


def load_seeds(connection: duckdb.DuckDBPyConnection) -> None:
    """The project's reference tables; codes stay text (35.07 is not a number)."""
    connection.execute("CREATE SCHEMA seeds")
    for name, types in NUMBERS.items():
        casts = ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in types.items())
        replace = f"REPLACE ({casts})" if casts else ""
        connection.execute(
            f"CREATE TABLE seeds.{name} AS SELECT * {replace} FROM read_csv(?, all_varchar = true)",
            [str(SEEDS / f"{name}.csv")],
        )
    write_definitions(connection)
    connection.execute(f"CREATE TABLE seeds.regions AS {regions_view(known(tuple(REGIONS)))['landing._regions'].sql}")


def _described(schema: str, table: str) -> str:
    """A table as dbt builds it under its contract."""
    fields = ", ".join(f"{column.name} {column.type}{' NOT NULL' * column.required}" for column in columns(table))
    return f"CREATE TABLE {schema}.{table} ({fields})"


def half_up(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def batch_of(source_id: str) -> str:
    """The one batch that a source delivered."""
    return f"0193a1b0-0000-7000-8000-{sorted(SOURCES.values()).index(source_id):012}"


def _batch(record: str, source_id: str) -> Line:
    *_, received, refused = OPDS[source_id]
    return batch_of(source_id), source_id, record, received - refused, source_id not in REAL


def _marts(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE SCHEMA candidate; CREATE SCHEMA promoted")
    connection.execute("CREATE TEMP TABLE found AS FROM read_csv(?, all_varchar = true)", [str(MEASUREMENTS)])
    connection.execute(MISSING)
    connection.execute("CREATE TEMP VIEW batches AS FROM evidence.batches")
    for pillar in PILLARS:
        held = pillar == "branding"
        words = {
            "pillar": pillar,
            "evaluation": EARLIER_EVALUATION if held else EVALUATION,
            "since": f"'{HELD_SINCE}'" if held else "NULL",
            "reason": f"'{HELD_REASON}'" if held else "NULL",
        }
        connection.execute(_described("candidate", f"mart_{pillar}"))
        connection.execute(MART.format(**words))
        connection.execute(PROMOTED.format(**words))
    union = " UNION ALL BY NAME ".join(f"FROM promoted.mart_{pillar}" for pillar in PILLARS)
    connection.execute(f"CREATE VIEW promoted.marts AS {union}")


def _question_scores(connection: duckdb.DuckDBPyConnection, code: str) -> None:
    marts = " UNION ALL ".join(f"FROM candidate.mart_{pillar}" for pillar in PILLARS)
    connection.execute(
        f"""
        INSERT INTO scores.question_scores
        SELECT 'kemendagri', m.region_code, ?, 2023, q.dimension, q.pillar, q.question_key, q.question_text,
          q.indicator_id, m.period, m.value, m.unit,
          (SELECT max(b.score) FROM definitions.bands b WHERE b.question_key = q.question_key AND m.value IS NOT NULL
             AND (b.lower IS NULL OR m.value > b.lower OR (b.lower_inclusive AND m.value = b.lower))
             AND (b.upper IS NULL OR m.value < b.upper OR (b.upper_inclusive AND m.value = b.upper))),
          m.state, ?, 'assumed', q.relation, m.batch_ids, m.synthetic
        FROM definitions.questions q JOIN (
          {marts}
        ) m USING (indicator_id)
        WHERE m.region_code = ? AND q.instrument_id = '{INSTRUMENT}' AND q.pillar IS NOT NULL
          AND q.question_key IN (SELECT question_key FROM definitions.bands)
        QUALIFY row_number() OVER (PARTITION BY q.question_key ORDER BY m.period DESC) = 1
        """,
        [RULE_SET, RUBRIC, code],
    )


def _scores_of(connection: duckdb.DuckDBPyConnection, code: str, pillar: str | None = None) -> list[Decimal]:
    rows = connection.execute(
        "SELECT score FROM scores.question_scores "
        "WHERE region_code = ? AND score IS NOT NULL AND pillar = coalesce(?, pillar)",
        [code, pillar],
    ).fetchall()
    return [row[0] for row in rows]


def _pillar_scores(connection: duckdb.DuckDBPyConnection, code: str) -> None:
    for pillar in PILLARS:
        scores = _scores_of(connection, code, pillar)
        held = pillar == "branding"
        connection.execute(
            "INSERT INTO scores.pillar_scores SELECT 'kemendagri', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "coalesce(bool_or(synthetic), false) FROM scores.question_scores "
            "WHERE region_code = ? AND pillar = ? AND score IS NOT NULL",
            [
                code,
                REGIONS[code],
                pillar,
                half_up(sum(scores, Decimal(0)) / len(scores)) if scores else None,
                len(scores),
                QUESTIONS_TOTAL[pillar],
                "measured" if scores else "missing",
                HELD_SINCE if held else None,
                HELD_REASON if held else None,
                EARLIER_EVALUATION if held else EVALUATION,
                code,
                pillar,
            ],
        )


def _index_scores(connection: duckdb.DuckDBPyConnection, code: str) -> None:
    scores = _scores_of(connection, code)
    reported = dict(zip(DIMENSIONS, map(Decimal, REPORTED[code]), strict=True))
    computed = {**reported, "outcome": half_up(sum(scores, Decimal(0)) / len(scores))}
    _index(connection, code, RULE_SET, "reported", values=reported, scored=None)
    _index(connection, code, RULE_SET, "computed", values=computed, scored=len(scores))
    if code == "35.07":
        earlier = dict(zip(DIMENSIONS[:-1], map(Decimal, ("1.40", "1.54", "2.92", "2.56", "3.08")), strict=True))
        _index(connection, code, "2022-kppn-ikn", "reported", values=earlier, scored=None)


def _index(
    connection: duckdb.DuckDBPyConnection,
    code: str,
    rule_set: str,
    basis: str,
    *,
    values: dict[str, Decimal],
    scored: int | None,
) -> None:
    weights = dict(
        connection.execute(
            "SELECT dimension, weight FROM definitions.rule_sets WHERE rule_set_id = ?", [rule_set]
        ).fetchall()
    )
    year = rule_set[:4]
    synthetic = code == "62.02" or basis == "computed"
    for dimension in DIMENSIONS:
        value = values.get(dimension)
        own = basis == "computed" and dimension == "outcome"
        connection.execute(
            "INSERT INTO scores.dimension_scores VALUES ('kemendagri', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *(code, REGIONS[code], rule_set, dimension, value, weights.get(dimension), basis),
                *("measured" if value is not None else "not_applicable", "computed" if own else "reported"),
                *(scored if own else None, 33 if own else None, [batch_of("diskominfo_spbe")], synthetic),
            ],
        )
    first = year == "2022"  # components rounded before the sum
    parts = [value * weights[dimension] for dimension, value in values.items()]
    total = half_up(sum((half_up(part) if first else part for part in parts), Decimal(0)))
    published = PUBLISHED_INDEX.get((code, year))
    improvement = Decimal("0.44") if (code, year, basis) == ("35.07", "2023", "reported") else None
    connection.execute(
        "INSERT INTO scores.index_scores VALUES ('kemendagri', ?, ?, ?, ?, ?, ?, ?, ?, 'measured', NULL, ?)",
        [
            *(code, REGIONS[code], rule_set, basis, total, improvement, published),
            *("Kementerian Kominfo" if published else None, synthetic),
        ],
    )
