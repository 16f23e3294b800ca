"""The findings of an evaluation: what is claimed and contradicted, and what figures cannot both be. Nothing is mended.

Every look at the data is a query of its own. One that cannot be answered, since a file is damaged, is a note of its
own: what it would have found is then neither found nor healed (promise P3). A finding is known again by what it is
about, never by the batch it was seen in.

What a look saw in an earlier evaluation is taken over while all that it reads shows the same.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Literal

import duckdb
import structlog

from definitions.between import load_rules
from definitions.claimed import claimed
from definitions.exact import rounded
from definitions.indicators import all_indicators
from definitions.instrument import Asked, Instrument
from definitions.instruments import shipped_instruments
from definitions.records import load_records
from ledger.records import FoundNow
from ledger.sql import named_rows
from pilar.evaluation.between import IN_FORCE, between_sql, differs_sql, jump_sql, size_sql, unchanged_sql
from pilar.evaluation.carried_looks import CarriedLooks
from pilar.evaluation.claims import claims_sql, left_out_sql, published_sql, set_aside_sql
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.figures import vintages_apart_sql
from pilar.evaluation.survey_findings import is_percent_of_mean, survey_sql
from pilar.evaluation.warehouse import PROMOTED, opened

log = structlog.get_logger()

TABLE = "findings"
LOOKED = "scores._looked"
Severity = Literal["contradiction", "doubt", "note"]
SEVERITIES: Mapping[str, Severity] = {
    "claim_contradicted": "contradiction",
    "differs_from_published": "contradiction",
    "published_percentage_differs": "contradiction",
    "published_ratio_differs": "contradiction",
    "published_sum_differs": "contradiction",
    "part_exceeds_whole": "contradiction",
    "parts_do_not_sum": "contradiction",
    "key_given_twice": "contradiction",
    "key_of_two_sources": "contradiction",
    "survey_off_scale": "contradiction",
    "survey_more_than_users": "contradiction",
    "survey_percent_of_mean": "contradiction",
    "survey_same_minute": "doubt",
    "survey_staff": "doubt",
    "survey_all_the_same": "doubt",
    "survey_too_few": "doubt",
    "equal_figures": "doubt",
    "unchanged": "doubt",
    "jump": "doubt",
    "size_of_province": "doubt",
    "published_without_parts": "doubt",
    "vintages_apart": "doubt",
    "evidence_altered": "contradiction",
    "evidence_reused": "doubt",
    "evidence_expired": "doubt",
    "evidence_unsigned": "doubt",
    "answer_not_moved": "doubt",
    "rows_superseded": "note",
    "region_out_of_scope": "note",
    "not_looked_for": "note",
}
"""``contradiction``: both cannot be right. ``doubt``: possible, and seldom. ``note``: nothing an agency must mend."""

OURS = "pilar"
"""Whose note it is that a look could not be taken: no source's."""

_APART = ("part_exceeds_whole", "equal_figures", "published_ratio_differs")
"""Rules by which one figure may be at odds with several others: each is a finding of its own."""

_ANSWERS = """
select answered._source as source_id, answered.region_code, answered.year, answered.instrument, answered.code,
  trim(answered.value) as value, answered._batch as batch_id, answered._page as page_no, answered._row as row_no
from records.answer as answered
where role = 'opd' and region_code in (select region_code from landing._regions)
order by all
"""
_MEASURED = f"""
select marts.region_code, marts.indicator_id, marts.period, marts.value, marts.unit,
  coalesce(case when basis = 'taken_over' then published_by end, array_to_string(source_ids, ', ')) as said_by
from {IN_FORCE} as marts
where state = 'measured' and region_code in (select answered.region_code from records.answer as answered)
  and indicator_id in (select asked.indicator_id from definitions.questions as asked where relation = 'direct')
order by all
"""
_EVIDENCE = """
select rule, instrument_id || ' ' || question as scope, region_code, year::varchar as period, evidence_id as subject,
  case rule when 'evidence_expired' then 'valid_to' when 'evidence_reused' then 'content_sha256' else 'signed' end
    as field,
  case rule when 'evidence_expired' then valid_to::varchar when 'evidence_reused' then left(content_sha256, 12)
    else signed end as published,
  case rule when 'evidence_reused' then reused_by end as against,
  source_id, coalesce(owner, opd) as asked_owner, batch_id, page_no, row_no
from scores.answer_evidence, (values ('evidence_altered'), ('evidence_reused'), ('evidence_expired'),
  ('evidence_unsigned')) as rules(rule)
where state in ('draft', 'submitted', 'accepted') and case rule
  when 'evidence_altered' then signed = 'altered'
  when 'evidence_reused' then reused is not null
  when 'evidence_expired' then validity = 'expired'
  else signed = 'unsigned' and coalesce(kind, 'pdf') = 'pdf' end
order by all
"""
_NOT_MOVED = """
select 'answer_not_moved' as rule, instrument_id || ' ' || question as scope, region_code, year::varchar as period,
  role as subject, to_state as field, to_state as published, reason as against, source_id, owner as asked_owner,
  batch_id
from scores.refused_moves order by all
"""
_QUESTIONS = """
select instrument_id, dimension || '/' || position as question, indicator_id,
  coalesce(asked.owner, defined.owner) as owner
from definitions.questions as asked inner join definitions.indicators as defined on indicator_id = defined.id
where relation = 'direct'
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``scope`` is the record, indicator or instrument it is about; ``look`` the query that saw it."""

    rule: str
    scope: str
    region_code: str | None = None
    period: str | None = None
    subject: str | None = None
    field: str | None = None
    published: str | None = None
    recomputed: str | None = None
    against: str | None = None
    source_id: str | None = None
    owner: str | None = None
    batch_id: str | None = None
    page_no: int | None = None
    row_no: int | None = None
    row_count: int = 1
    look: str = ""
    since: datetime | None = None

    @property
    def severity(self) -> Severity:
        """How sure it is that something is wrong."""
        return SEVERITIES[self.rule]

    @property
    def finding_id(self) -> str:
        """What it is known by, from evaluation to evaluation."""
        about = (self.rule, self.scope, self.region_code, self.period, self.subject, self.field)
        other = self.against if self.rule in _APART else None
        return hashlib.sha256(json.dumps([*about, other]).encode()).hexdigest()[:12]


Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the data: the queries that it asks, and how it reads them."""

    queries: tuple[str, ...]
    read: Callable[[duckdb.DuckDBPyConnection], Iterator[Finding]]


def write_findings(warehouse: Path, agencies: Mapping[str, str]) -> None:
    """Look at what an evaluation's file holds, and write ``scores.findings`` and which looks were answered.

    ``agencies`` maps sources to their agencies (OPD). It stops nothing: a look that fails is a note for readers.
    """
    with opened(warehouse) as connection:
        _gather_marts(connection)
        carried = CarriedLooks(connection, sorted(agencies.items()))
        found: dict[str, Finding] = {}
        looked = []
        for name, look in _looks(agencies).items():
            try:
                seen = _seen(connection, name, look, carried)
                looked.append(name)
            except duckdb.Error as error:
                log.warning("could not look for findings", look=name, error=type(error).__name__)
                seen = [_not_looked_for(name)]
            for one in seen:
                found.setdefault(one.finding_id, replace(one, look=name))
        carried.write()
        _write(connection, list(found.values()))
        names = ", ".join(f"('{name}')" for name in looked) or "(null)"
        connection.execute(f"create or replace table {LOOKED} as select * from (values {names}) as looked(look)")


def _seen(connection: duckdb.DuckDBPyConnection, name: str, look: Look, carried: CarriedLooks) -> Sequence[Finding]:
    """What a look sees, or saw before where it reads the same."""
    before = carried.seen(name, look.queries)
    seen = [Finding(**one) for one in before] if before is not None else list(look.read(connection))
    carried.keep(name, look.queries, [asdict(one) for one in seen])
    return seen


def dated(
    warehouse: Path, open_since: Mapping[str, datetime], now: datetime
) -> tuple[Sequence[FoundNow], Sequence[str]]:
    """Write into the file since when each finding stands. Returns them, but for notes, and the looks that were taken.

    ``open_since``: findings that are open already. All others stand since ``now``. Nothing was looked for where there
    is no file, or an earlier version of Pilar scored it.
    """
    if not warehouse.is_file():
        return [], []
    with opened(warehouse) as connection:
        names = "select 1 from duckdb_tables() where schema_name = 'scores' and table_name = '_looked'"
        if connection.execute(names).fetchone() is None:
            return [], []
        rows = named_rows(connection.execute(f"from scores.{TABLE}"))
        for row in rows:
            row["since"] = open_since.get(str(row["finding_id"]), now).isoformat()
        write_rows(connection, "scores", TABLE, rows)
        looked = connection.execute(f"from {LOOKED} where look is not null order by 1").fetchall()
    found = [
        FoundNow(
            finding_id=str(row["finding_id"]),
            look=str(row["look"]),
            told={name: None if row[name] is None else str(row[name]) for name in FoundNow.TOLD},
        )
        for row in rows
        if row["severity"] != "note"
    ]
    return found, [name for (name,) in looked]


def _gather_marts(connection: duckdb.DuckDBPyConnection) -> None:
    """Read the marts in force once, for all looks.

    DuckDB 1.5.5 waits for ever where a query joins the view over six Parquet files with itself several times.
    """
    try:
        connection.execute(f"create or replace temp table {IN_FORCE} as from {PROMOTED}")
    except duckdb.Error as error:
        log.warning("the marts in force cannot be read: no look at them", error=type(error).__name__)


def _write(connection: duckdb.DuckDBPyConnection, found: Sequence[Finding]) -> None:
    rows = [{**asdict(one), "finding_id": one.finding_id, "severity": one.severity} for one in found]
    order = ("severity", "rule", "source_id", "region_code", "period", "subject", "field", "finding_id")
    rows.sort(key=lambda row: [str(row[name]) for name in order])
    write_rows(connection, "scores", TABLE, rows)


def _looks(agencies: Mapping[str, str]) -> Mapping[str, Look]:
    """Every look by its name. A name never changes: by it a finding is known to be gone."""
    rules = load_rules()
    indicators = {indicator.id: indicator for _, indicator in all_indicators()}
    queries = {
        "published figures": published_sql(),
        "between figures": between_sql(rules, indicators),
        "unchanged": unchanged_sql(rules, indicators),
        "jump": jump_sql(rules, indicators),
        "size": size_sql(rules, indicators),
        "authority": differs_sql(indicators),
        "vintages": vintages_apart_sql(indicators.values()),
        "evidence": _EVIDENCE,
        "moves of answers": _NOT_MOVED,
    }
    instruments = shipped_instruments()
    queries |= survey_sql(instruments, rules.survey)
    for record in load_records().values():
        queries[f"regions of {record.id}"] = left_out_sql(record)
        queries[f"set aside of {record.id}"] = set_aside_sql(record)
        claims = claims_sql(record)
        if claims is not None:
            queries[f"claims of {record.id}"] = claims
    owners = {name: indicator.owner for name, indicator in indicators.items()}

    def asked(sql: str) -> Look:
        return Look(
            (sql,),
            lambda connection: (_finding(row, agencies, owners) for row in named_rows(connection.execute(sql))),
        )

    said: Mapping[str, Look] = {
        "answers": Look((_QUESTIONS, _MEASURED, _ANSWERS), partial(_contradicted, instruments)),
        "means": Look((_ANSWERS,), partial(_percents, instruments)),
    }
    return {**{name: asked(sql) for name, sql in queries.items()}, **said}


def _not_looked_for(look: str) -> Finding:
    return Finding("not_looked_for", scope=look, subject=look, source_id=OURS)


def _finding(row: Row, agencies: Mapping[str, str], owners: Mapping[str, str]) -> Finding:
    recomputed = row.get("recomputed")
    num, den = row.get("num"), row.get("den")
    if isinstance(num, Decimal) and isinstance(den, Decimal | int) and den != 0:
        value = Fraction(num) * int(str(row["factor"])) / Fraction(den)
        recomputed = str(rounded(value, int(str(row["dp"]))))
    source_id = _text(row.get("source_id"))
    indicator = row.get("indicator_id")
    return Finding(
        rule=str(row["rule"]),
        scope=str(row["scope"]),
        region_code=_text(row["region_code"]),
        period=_text(row["period"]),
        subject=_text(row["subject"]),
        field=_text(row["field"]),
        published=_text(row["published"]),
        recomputed=_text(recomputed),
        against=_text(row.get("against")),
        source_id=source_id,
        owner=_text(row.get("asked_owner"))
        or (owners[str(indicator)] if indicator is not None else agencies.get(source_id or "")),
        batch_id=_text(row.get("batch_id")),
        page_no=_number(row.get("page_no")),
        row_no=_number(row.get("row_no")),
        row_count=_number(row.get("row_count")) or 1,
    )


def _contradicted(instruments: Mapping[str, Instrument], connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """What an agency answered against the measured value of the indicator that its question asks for.

    The latest value up to the year of the answer counts. A proxy is not what was asked. An answer that is no number
    and no range says nothing here, and neither does a plain number on the question's scale: it is a score, and the
    bands that ship are assumed.
    """
    questions = {(row["instrument_id"], row["question"]): row for row in named_rows(connection.execute(_QUESTIONS))}
    measured: dict[tuple[object, object], list[Row]] = {}
    for row in named_rows(connection.execute(_MEASURED)):
        measured.setdefault((row["region_code"], row["indicator_id"]), []).append(row)
    for answer in named_rows(connection.execute(_ANSWERS)):
        asked = _asked(instruments.get(str(answer["instrument"])), str(answer["code"]))
        claim = claimed(str(answer["value"]))
        if asked is None or claim is None or claim.is_on(asked.scale):
            continue
        question = questions.get((answer["instrument"], asked.key))
        if question is None:
            continue
        known = [
            one
            for one in measured.get((answer["region_code"], question["indicator_id"]), ())
            if int(str(one["period"])[:4]) <= int(str(answer["year"]))
        ]
        if not known:
            continue
        latest = max(known, key=lambda one: str(one["period"]))
        if (claim.percent and latest["unit"] != "%") or claim.holds(Decimal(str(latest["value"]))):
            continue
        yield Finding(
            rule="claim_contradicted",
            scope=f"{answer['instrument']} {question['question']}",
            region_code=_text(answer["region_code"]),
            period=str(answer["year"]),
            subject=str(question["indicator_id"]),
            field="answer",
            published=claim.text,
            recomputed=f"{Decimal(str(latest['value'])).normalize():f}",
            against=f"{latest['said_by']} {latest['period']}",
            source_id=_text(answer["source_id"]),
            owner=_text(question["owner"]),
            batch_id=_text(answer["batch_id"]),
            page_no=_number(answer["page_no"]),
            row_no=_number(answer["row_no"]),
        )


def _percents(instruments: Mapping[str, Instrument], connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Means of a survey that an agency prints with the sign for percent: 3.28 of 4 is no share."""
    for answer in named_rows(connection.execute(_ANSWERS)):
        instrument = instruments.get(str(answer["instrument"]))
        if instrument is None or not is_percent_of_mean(instrument, str(answer["code"]), str(answer["value"])):
            continue
        row = {**answer, "rule": "survey_percent_of_mean", "scope": instrument.id, "period": answer["year"]}
        yield _finding({**row, "subject": answer["code"], "field": "answer", "published": answer["value"]}, {}, {})


def _asked(known: Instrument | None, code: str) -> Asked | None:
    """A question by its code, as it is answered."""
    key = known.targets.get(code.casefold(), ("", ""))[0] if known is not None else ""
    return known.asked.get(key) if known is not None else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))
