"""The impact survey from the agency's file to its findings: of a person nothing is kept but a pseudonym."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from connectors.pull.course import pull
from connectors.source.for_each import for_regions
from connectors.source.source_files import load_source
from definitions.between import load_rules
from definitions.instruments import load_instruments
from ledger.regions import known
from ledger.settings import REPOSITORY, Connection, Settings
from ledger.store import Ledger
from pilar.evaluation.record_views import record_views
from pilar.evaluation.survey_findings import survey_sql
from pilar.evaluation.warehouse import LANDED_EXTRAS, landing_views, regions_view, show_views
from simulator.data.impact_survey import RESPONDENTS, SERVICES, YEAR, lines
from simulator.regions import REGIONS

FILE = REPOSITORY / "docs" / "examples" / "sources" / "diskominfo" / "survei_dampak.yaml"
PERSONAL = ("nama", "surel", "umur", "swafoto", "tanda_tangan")


@pytest.fixture
def survey(tmp_path: Path, ledger: Ledger, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The landing and the records of every simulated region's forms."""
    drop = tmp_path / "drop"
    drop.mkdir()
    for region in REGIONS:
        text = "".join(f"{';'.join(row)}\r\n" for row in lines(region))
        (drop / f"dampak_{region.kemendagri}_{YEAR}.csv").write_text(text, encoding="utf-8")
    codes = tuple(region.kemendagri for region in REGIONS)
    here = settings.model_copy(update={"regions": codes})
    source = for_regions(load_source(FILE), here)
    pull(source, ledger, here, connection=Connection(url=f"file://{drop}"))
    columns = {name: column.sql_type.sql for name, column in source.contract.landed.items()} | LANDED_EXTRAS
    batches = ledger.in_force(source.id)
    assert [batch.status for batch in batches] == ["accepted"]
    landing = {**landing_views(here.home, {source.id: columns}, batches), **regions_view(known(codes))}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        show_views(connection, {**landing, **record_views({source.id: source}, landing, known(codes))})
        yield connection


def test_nothing_of_a_person_is_kept_but_a_pseudonym(survey: duckdb.DuckDBPyConnection) -> None:
    landed = survey.execute("describe select * from landing.survei_dampak").fetchall()
    assert not {name for name, *_ in landed} & set(PERSONAL)
    [(forms, numbered)] = survey.execute(
        "select count(distinct no_responden), count(*) filter (where no_responden like 'R-%') "
        "from landing.survei_dampak"
    ).fetchall()
    assert (numbered, forms >= RESPONDENTS * len(SERVICES) - 3) == (0, True)


def test_nine_is_no_row_of_the_record(survey: duckdb.DuckDBPyConnection) -> None:
    [(landed, nines)] = survey.execute(
        "select count(*), count(*) filter (where jawaban = '9') from landing.survei_dampak"
    ).fetchall()
    [(answers, low, high)] = survey.execute(
        "select count(*), min(answer), max(answer) from records.survey_answer"
    ).fetchall()
    assert nines > 0
    assert (answers, low, high) == (landed - nines, 2, 4)


def test_what_assessors_complain_of_is_found_where_it_was_planted(survey: duckdb.DuckDBPyConnection) -> None:
    found = set()
    for query in survey_sql(load_instruments(), load_rules().survey).values():
        cursor = survey.execute(query)
        names = [item[0] for item in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        found |= {(row["rule"], row["region_code"], row["subject"], row["published"]) for row in rows}
    crowded = {("survey_more_than_users", region.kemendagri, "Kelas Warga", "50") for region in REGIONS}
    assert found == crowded | {
        ("survey_same_minute", "64.02", "Kalender Wisata + Mal Pelayanan Publik", "< 5"),
        ("survey_staff", "62.02", "Mal Pelayanan Publik", "< 5"),
    }
