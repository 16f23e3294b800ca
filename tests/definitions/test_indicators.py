"""Every indicator does what the cases in its file say, worked by hand: its formula over records, and its rounding."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from definitions.indicators import FOLDER, Given, Indicator, all_indicators, load_indicators
from definitions.records import Record, load_records
from definitions.tables import definition_tables
from ledger.errors import ConfigError
from ledger.sql import identifier, literal
from pilar.evaluation.figures import figures_sql, period_sql
from tests.real.project_sql import macro

REGION = "64.02"
LINEAGE = {"_source": "a_source", "_batch": "b1", "_page": 0, "_row": 1, "_synthetic": False}
LINEAGE_TYPES = "_source varchar, _batch varchar, _page integer, _row bigint, _synthetic boolean"
DEFINED = {str(row["id"]): row for row in definition_tables()["indicators"]}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema records")
        for record in load_records().values():
            columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in record.sql_types.items())
            opened.execute(f"create table records.{identifier(record.id)} ({columns}, {LINEAGE_TYPES})")
        yield opened


def fill(connection: duckdb.DuckDBPyConnection, given: Mapping[str, Any], period: str) -> None:
    """Put the rows of a case into the records' tables, in place of what they hold."""
    for record in load_records().values():
        connection.execute(f"delete from records.{identifier(record.id)}")
    for name, rows in given.items():
        record = load_records()[name]
        for number, row in enumerate(row for one in rows for row in [one] * int(one.get("times", 1))):
            insert(connection, record, {**LINEAGE, "_row": number, **row}, period)


def insert(connection: duckdb.DuckDBPyConnection, record: Record, row: Mapping[str, Any], period: str) -> None:
    about = period[:4] if record.columns[record.period].type == "year" else period
    full = {"region_code": REGION, record.period: about, **{key: row[key] for key in row if key != "times"}}
    codes = {name: column.codes for name, column in record.columns.items() if column.codes}
    for name, value in full.items():
        assert name in record.shown or name in LINEAGE, f"{record.id} has no column {name!r}"
        assert value is None or name not in codes or value in (codes[name] or ()), f"{value!r} is no code of {name}"
    names = ", ".join(map(identifier, full))
    values = ", ".join("null" if value is None else literal(str(value)) for value in full.values())
    connection.execute(f"insert into records.{identifier(record.id)} ({names}) values ({values})")


def figure(connection: duckdb.DuckDBPyConnection, indicator: Indicator, period: str) -> tuple[Decimal | None, ...]:
    """Value, numerator and denominator of the one region, as the marts have them."""
    defined = DEFINED[indicator.id]
    constants = f"{literal(str(defined['formula']))} as formula, {defined['factor']} as factor, {defined['dp']} as dp"
    value = macro('figure_value("given", "defined")')
    rows = connection.execute(
        f"with defined as (select {constants}), given as ({figures_sql((indicator,), period_sql())}) "
        f"select cast({value} as decimal(24, 4)), numerator, denominator "
        f"from given cross join defined where region_code = {literal(REGION)} and period = {literal(period)}"
    ).fetchall()
    assert len(rows) <= 1
    return rows[0] if rows else (None, None, None)


CASES = [
    pytest.param(indicator, case, id=f"{indicator.id}-{number}")
    for _, indicator in all_indicators()
    for number, case in enumerate(indicator.unit_test, start=1)
]


@pytest.mark.parametrize(("indicator", "case"), CASES)
def test_an_indicator_does_what_its_cases_say(
    indicator: Indicator, case: Given, connection: duckdb.DuckDBPyConnection
) -> None:
    fill(connection, case.given, case.period)
    value, numerator, denominator = figure(connection, indicator, case.period)
    assert value == case.value, case.because
    assert case.numerator in (None, numerator)
    assert case.denominator in (None, denominator)


def test_a_figure_is_taken_over_where_no_record_gives_it(connection: duckdb.DuckDBPyConnection) -> None:
    """An open-data portal's table feeds an indicator too: its parts count, and nothing is put in for what they lack."""
    [sanitation] = [found for _, found in all_indicators() if found.id == "liv_sanitation_proper"]
    published = {"indicator": "liv_sanitation_proper", "publisher": "Portal"}

    fill(connection, {"published_figure": [{**published, "value": 80.79}]}, "2024")
    assert figure(connection, sanitation, "2024") == (Decimal("80.79"), None, None)
    # One percent is printed; three of four follow from the parts.
    fill(connection, {"published_figure": [{**published, "value": 1, "numerator": 3, "denominator": 4}]}, "2024")
    assert figure(connection, sanitation, "2024") == (75, 3, 4)
    # Records win, and a record that gives nothing is not filled with what somebody published.
    household = {"household": [{"sanitation": None, "drinking_water": "proper"}]}
    fill(connection, {"published_figure": [{**published, "value": 80.79}], **household}, "2024")
    assert figure(connection, sanitation, "2024")[0] is None


@pytest.mark.parametrize(("named", "figures"), [("eco_poverty_p0", "eco_poverty_p0"), ("eco_ipm_uhh", "ipm_uhh")])
def test_a_figure_of_many_decimals_is_rounded_once(
    named: str, figures: str, connection: duckdb.DuckDBPyConnection
) -> None:
    """Rounded to eight decimals first, or to four, 7.9949999999 would become 8.00."""
    [indicator] = [found for _, found in all_indicators() if found.id == named]
    published = {"indicator": figures, "publisher": "BPS", "value": "7.9949999999"}
    fill(connection, {"published_figure": [published]}, "2021")
    assert figure(connection, indicator, "2021")[0] == Decimal("7.99")


def test_published_figures_that_contradict_each_other_give_none(connection: duckdb.DuckDBPyConnection) -> None:
    [poverty] = [found for _, found in all_indicators() if found.id == "eco_poverty_p0"]
    one = {"indicator": "eco_poverty_p0", "publisher": "BPS", "value": 7.99}

    fill(connection, {"published_figure": [one, {**one, "publisher": "Bappeda"}]}, "2021")
    assert figure(connection, poverty, "2021")[0] == Decimal("7.99")
    fill(connection, {"published_figure": [one, {**one, "publisher": "Bappeda", "value": 5}]}, "2021")
    assert figure(connection, poverty, "2021")[0] is None
    # Of one publisher the newest release counts.
    fill(connection, {"published_figure": [{**one, "vintage": "2021"}, {**one, "vintage": "2023", "value": 8}]}, "2021")
    assert figure(connection, poverty, "2021")[0] == 8


def test_conditions_and_amounts_fit_the_records(connection: duckdb.DuckDBPyConnection) -> None:
    """Also in indicators whose cases give no row of a record: a wrong column is noticed."""
    for indicators in load_indicators().values():
        connection.execute(f"explain {figures_sql(indicators, period_sql())}")


# Their rows are households, schools and offices, although a column of theirs is a pseudonym.
NOT_PEOPLE = {"household"}


def test_p6_indicators_that_count_people_have_a_threshold() -> None:
    """Whoever adds an indicator that counts persons must say from which count it is published."""
    people = {
        record.id
        for record in load_records().values()
        if any(column.personal == "pseudonym" for column in record.columns.values())
    } - NOT_PEOPLE | {"birth"}
    unguarded = [
        indicator.id
        for _, indicator in all_indicators()
        if any(part.record in people for part in indicator.all_parts.values())
        and (indicator.suppress is None or "numerator" not in indicator.suppress.counts)
    ]
    assert unguarded == []


def spoilt(tmp_path: Path, change: Mapping[str, Any]) -> Path:
    path = tmp_path / "living" / "liv_water_proper.yaml"
    path.parent.mkdir(exist_ok=True)
    document = yaml.safe_load((FOLDER / "living" / path.name).read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**document, **change}), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"formula": "guess"}, "formula"),
        ({"denominator": None}, "have a denominator"),
        ({"formula": "amount"}, "no other formula has one"),
        ({"numerator": {"count": "household", "sum": "household", "of": "1"}}, "one of count, sum, one and figure"),
        ({"numerator": {"sum": "household"}}, "what is summed"),
        ({"numerator": {"figure": "x", "where": "true"}}, "looked up by its name"),
        ({"bounds": {"min": 0, "max": 200, "because": "b"}}, "without saying so"),
        ({"answers": [{"question": "smart-city-2023/outcome/18", "relation": "proxy"}]}, "why it stands in"),
        ({"unit_test": []}, "unit_test"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_p10_a_wrong_indicator_is_told_in_one_line(change: Mapping[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        load_indicators(spoilt(tmp_path, change))
    assert "liv_water_proper.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_id_stands_once_and_in_the_folder_of_a_pillar(tmp_path: Path) -> None:
    text = (FOLDER / "living" / "liv_water_proper.yaml").read_text(encoding="utf-8")
    for folder in ("living", "society"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "liv_water_proper.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="living and society"):
        load_indicators(tmp_path)
    (tmp_path / "society").rename(tmp_path / "sea")
    with pytest.raises(ConfigError, match="'sea' is no pillar"):
        load_indicators(tmp_path)
