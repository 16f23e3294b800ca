"""`pilar contracts check`: a column that is given and not said, or said and not given, stops `./run check`."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger import project
from ledger.project import INDONESIAN, PROJECT
from pilar.commands.contracts import app
from pilar.evaluation import described, warehouse
from publication import tables

MARTS = "models/pillars/_pillars.yml"


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Changes a file of a copy of the dbt project, of which the test is one reader."""
    copy = Path(shutil.copytree(PROJECT, tmp_path / "dbt_project"))
    monkeypatch.setattr(project, "PROJECT", copy)

    def edit(file: str, old: str, new: str) -> None:
        text = (copy / file).read_text()
        assert text.count(old) == 1, old
        (copy / file).write_text(text.replace(old, new))

    return edit


def told() -> list[str]:
    return [str(problem) for problem in described.problems()]


def test_what_is_published_is_described_and_what_is_described_is_published() -> None:
    assert told() == []


def with_column(edited: Callable[[str, str, str], None], column: str) -> None:
    """Adds a column at the end of the contract of the marts; a note is said in Indonesian, too."""
    if "A note." in column:
        edited(INDONESIAN, '"Province.":', '"A note.":\n  "Catatan."\n"Province.":')
    behind = "  - <<: *mart\n    name: mart_branding"
    edited(MARTS, behind, f"      - {column}\n{behind}")


def test_a_new_column_reaches_every_reader_by_its_description_alone(
    edited: Callable[[str, str, str], None], tmp_path: Path
) -> None:
    with_column(edited, '{name: note, description: "A note.", data_type: varchar}')

    assert told() == []
    assert "note" in project.table("mart_living").names
    assert "note" in warehouse_columns(tmp_path)


def warehouse_columns(home: Path) -> list[str]:
    """The columns of a mart in force, as a warehouse made from the contracts has them."""
    folder = home / "made"
    folder.mkdir()
    with warehouse.opened(described.empty_warehouse(folder)) as connection:
        return [item[0] for item in connection.execute("from promoted.mart_living").description or ()]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            "{name: note, data_type: varchar}",
            "mart_living.note is published and has no description [dbt_project/models",
        ),
        ('{name: note, description: "A note."}', "mart_living.note is published and has no type [dbt_project/models"),
    ],
)
def test_a_column_of_a_contract_that_nobody_described_stops_the_check(
    edited: Callable[[str, str, str], None], column: str, message: str
) -> None:
    with_column(edited, column)

    done = CliRunner().invoke(app, ["check"])

    assert done.exit_code == 1
    assert message in " ".join(done.output.split())


def test_what_is_not_said_in_indonesian_and_what_is_said_of_nothing_stops_the_check(
    edited: Callable[[str, str, str], None],
) -> None:
    edited(INDONESIAN, '"Province.":', '"A county.":')
    assert sorted(told()) == [
        "'A county.' is said of no published table [descriptions.id.yml]. Take it out",
        "'Province.' is not said in Indonesian [descriptions.id.yml]. Add it there",
    ]


def test_a_number_without_a_unit_stops_the_check(edited: Callable[[str, str, str], None]) -> None:
    with_column(edited, '{name: note, description: "A note.", data_type: integer}')
    assert any("mart_living.note is published and has no unit" in line for line in told())


def test_a_column_that_is_described_and_lost_on_its_way_stops_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "FINDINGS", "(SELECT * EXCLUDE (row_count) FROM scores.findings)")

    done = CliRunner().invoke(app, ["check"])

    assert done.exit_code == 1
    assert "findings.row_count is described and does not reach readers" in " ".join(done.output.split())


def test_a_column_that_reaches_readers_undescribed_stops_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "FINDINGS", "(SELECT *, 1 AS note FROM scores.findings)")
    assert ["findings.note reaches readers and is not described" in line for line in told()] == [True]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "seeds/pillars.csv",
            "environment,6,",
            "sea,7,Laut cerdas,Smart sea\nenvironment,6,",
            "the pillar of mart_sea has no model [models/pillars/mart_sea.sql]",
        ),
        (
            "seeds/pillars.csv",
            "environment,6,Lingkungan cerdas,Smart environment\n",
            "",
            "mart_environment is the mart of no pillar [seeds/pillars.csv]",
        ),
        (MARTS, "    name: mart_society\n", "    name: mart_people\n", "the pillar of mart_society has no contract"),
    ],
)
def test_a_pillar_without_its_mart_stops_the_check(
    edited: Callable[[str, str, str], None], file: str, old: str, new: str, message: str
) -> None:
    edited(file, old, new)
    assert [line for line in told() if message in line]
