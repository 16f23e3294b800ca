"""The programs that people and machines open a publication with: figures, codes and dates arrive as what they are.

`docs/clients.md` has the table of what was tried.
"""

import functools
import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import pandas as pd
import polars as pl
import pytest
import sqlalchemy as sa

from publication.build import Published
from publication.tables import DUCKDB_FILE
from tests.publication.test_postgres import filled, url  # noqa: F401

KUKAR, STUNTING = "kemendagri-64.02", "liv_stunting_prevalence"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


def test_pandas_reads_csv_with_the_region_as_text(published: Published) -> None:
    rows = pd.read_csv(published.path / "csv/all_indicators.csv", parse_dates=["held_since"])
    [row] = rows[(rows.region_id == KUKAR) & (rows.indicator_id == STUNTING)].to_dict("records")
    assert (row["value"], row["period"], row["synthetic"]) == (17.6, "2024-08", True)
    assert rows["region_code"].dtype == float, "pandas reads 64.10 as 64.1: region_id is why this is no harm"
    assert str(rows["held_since"].dtype).startswith("datetime64")
    assert rows["value"].isna().sum() == (rows["state"] != "measured").sum()
    typed = pd.read_csv(published.path / "csv/regions.csv", dtype={"region_code": str})
    assert set(typed["region_code"]) == {"35.07", "62.02", "64.02"}


def test_pandas_reads_parquet_with_every_type(published: Published) -> None:
    rows = pd.read_parquet(published.path / "parquet/all_indicators.parquet")
    [row] = rows[(rows.region_id == KUKAR) & (rows.indicator_id == STUNTING)].to_dict("records")
    assert (row["region_code"], row["value"], list(row["source_ids"])) == (
        "64.02",
        Decimal("17.6000"),
        ["dinkes_eppgbm"],
    )
    assert str(rows["held_since"].dtype).startswith("datetime64")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_polars_reads_a_figure_and_a_code(published: Published, form: str) -> None:
    path = published.path / form / f"all_indicators.{form}"
    rows = pl.read_csv(path, infer_schema_length=None) if form == "csv" else pl.read_parquet(path)
    [row] = rows.filter(region_id=KUKAR, indicator_id=STUNTING).select("value", "period", "numerator").rows()
    assert (float(row[0]), row[1], float(row[2])) == (17.6, "2024-08", 88)
    if form == "parquet":
        assert rows.schema["region_code"] == pl.String


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_duckdb_reads_a_figure_a_code_and_a_moment(published: Published, form: str) -> None:
    path = published.path / form / f"all_indicators.{form}"
    found = duckdb.execute(
        f"select value::decimal(24,4), period, region_id, typeof(held_since) from '{path}' "
        f"where region_id = '{KUKAR}' and indicator_id = '{STUNTING}'"
    ).fetchall()
    assert found == [(Decimal("17.6000"), "2024-08", KUKAR, "TIMESTAMP WITH TIME ZONE")]


@pytest.fixture
def served(published: Published) -> Iterator[str]:
    """The folder behind a plain web server."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(published.path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.integration
def test_duckdb_reads_parquet_over_http(served: str) -> None:
    with duckdb.connect() as connection:
        try:
            connection.execute("LOAD httpfs")
        except duckdb.Error:
            pytest.skip("DuckDB's extension httpfs is not installed, and it comes from no package registry")
        found = connection.execute(
            f"select value from '{served}/parquet/all_indicators.parquet' "
            f"where region_id = '{KUKAR}' and indicator_id = '{STUNTING}'"
        ).fetchall()
    assert found == [(Decimal("17.6000"),)]


@pytest.mark.integration
def test_pandas_reads_csv_over_http(served: str) -> None:
    assert len(pd.read_csv(f"{served}/csv/regions.csv")) == 3


def test_r_reads_csv_with_figures_codes_and_dates(published: Published) -> None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("R is not installed: install the package `r-base-core`")
    script = f"""
      rows <- read.csv("{published.path}/csv/all_indicators.csv")
      row <- rows[rows$region_id == "{KUKAR}" & rows$indicator_id == "{STUNTING}", ]
      held <- rows$held_since[rows$held_since != ""][1]
      cat(class(row$value), row$value, row$period, class(row$region_id), row$region_id,
          format(as.POSIXct(held, format = "%Y-%m-%dT%H:%M:%SZ", tz = "UTC"), "%d.%m.%Y"),
          sum(is.na(rows$value)) == sum(rows$state != "measured"), sep = "|")
    """
    told = subprocess.run([rscript, "--vanilla", "-e", script], capture_output=True, text=True, check=True, timeout=120)
    assert told.stdout == f"numeric|17.6|2024-08|character|{KUKAR}|10.01.2025|TRUE"


def office(tmp_path: Path, language: str, source: Path) -> ElementTree.Element:
    """A file as LibreOffice, set to a language, reads it: its own XML tells the type of each cell."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: install the package `libreoffice-calc-nogui`")
    profile = tmp_path / language
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        '<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>'
        f"{language}</value></prop></item></oor:items>"
    )
    command = [program, f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", "fods"]
    subprocess.run([*command, "--outdir", str(tmp_path), str(source)], check=True, timeout=180, capture_output=True)
    return ElementTree.parse(tmp_path / f"{source.stem}.fods").getroot()  # noqa: S314 (made here, of our own file)


def cells(root: ElementTree.Element, sheet: str) -> list[list[tuple[str | None, str]]]:
    """The rows of a sheet: of each cell its type and its value or text."""
    [table] = [one for one in root.iter(f"{_TABLE}table") if one.get(f"{_TABLE}name") == sheet]
    return [[told for cell in row for told in _cell(cell)] for row in table.iter(f"{_TABLE}table-row")]


def _cell(cell: ElementTree.Element) -> list[tuple[str | None, str]]:
    assert cell.get(f"{_TABLE}formula") is None
    told = cell.get(f"{_OFFICE}value") or cell.get(f"{_OFFICE}date-value") or "".join(cell.itertext()).strip()
    return [(cell.get(f"{_OFFICE}value-type"), told)] * min(int(cell.get(f"{_TABLE}number-columns-repeated", "1")), 50)


@pytest.mark.parametrize("language", ["id-ID", "en-US"])
@pytest.mark.timeout(300)  # LibreOffice makes a profile of its own first
def test_libreoffice_reads_the_workbook_in_both_languages(published: Published, tmp_path: Path, language: str) -> None:
    rows = cells(office(tmp_path, language, published.path / "xlsx/64.02.xlsx"), "Indikator")
    header = [text for _, text in rows[0]]
    [row] = [dict(zip(header, row, strict=False)) for row in rows[1:] if ("string", STUNTING) in row]
    assert row["Nilai / Value"] == ("float", "17.6")
    assert row["Kode daerah / Region code"] == ("string", "64.02")
    assert row["Periode / Period"] == ("string", "2024-08")
    [held] = {cell for other in rows[1:] for cell in other if cell[0] == "date"}
    assert held == ("date", "2025-01-10T02:00:00")


@pytest.mark.integration
def test_sqlalchemy_reads_postgresql(filled: str, published: Published) -> None:  # noqa: F811
    engine = sa.create_engine(filled.replace("postgresql://", "postgresql+psycopg://"))
    _reads_as_a_dashboard(engine)
    with engine.connect() as connection:
        keys = sa.inspect(connection).get_foreign_keys("mart_living", schema="pillars")
    engine.dispose()
    assert {key["referred_table"] for key in keys} >= {"regions", "indicators"}


def test_sqlalchemy_reads_the_duckdb_file(published: Published) -> None:
    engine = sa.create_engine(
        f"duckdb:///{published.path / DUCKDB_FILE}", connect_args={"read_only": True}, poolclass=sa.pool.NullPool
    )
    _reads_as_a_dashboard(engine)


def _reads_as_a_dashboard(engine: sa.Engine) -> None:
    """What Superset and Metabase do: look for tables and columns, then group and sum."""
    inspector = sa.inspect(engine)
    assert "all_indicators" in inspector.get_table_names(schema="pillars")
    columns: dict[str, Any] = {
        one["name"]: one["type"] for one in inspector.get_columns("all_indicators", schema="pillars")
    }
    assert isinstance(columns["value"], sa.Numeric)
    assert isinstance(columns["region_code"], sa.String)
    assert isinstance(columns["held_since"], sa.DateTime)
    query = sa.text(
        "select region_code, value, period from pillars.all_indicators where indicator_id = :indicator order by 1"
    )
    with engine.connect() as connection:
        found = connection.execute(query, {"indicator": STUNTING}).fetchall()
    assert found[-1] == ("64.02", Decimal("17.6000"), "2024-08")
