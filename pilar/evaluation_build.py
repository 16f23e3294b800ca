"""What dbt builds in an evaluation, and what it need not do each time.

The seeds are files of the project: they are loaded and tested once for a state of the project, in a template file that
every evaluation is a copy of. Tests that a gate repeats on the same table run in the test suite only: what they would
stop here, the gate stops.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from ledger.sql import literal
from pilar.parsed_project import fingerprint
from pilar.transform import DbtResult, run_dbt, working_folder
from pilar.warehouse import opened

log = structlog.get_logger()

SEEDS = "resource_type:seed"
# On the left the tests left out; their rules are in expectations/common.py and expectations/scores.py. The grain of the
# indicators is that of the marts: two rows of one region and period there are two rows in the mart.
GATED = (
    "resource_type:test,mart_*+1",
    "test_name:unique_combination,ind_*+1",
    *(f"resource_type:test,{name}_scores+1" for name in ("question", "pillar", "dimension", "index")),
)


def begin_warehouse(warehouse: Path) -> None:
    """Begin an evaluation's file: a copy of the template with the seeds, or nothing where they do not pass their tests.

    Without a copy the seeds are loaded and tested by the evaluation itself, which then says what is wrong with them and
    stops only what depends on them.
    """
    template = seeds_template(working_folder(warehouse))
    if template is not None:
        draft = warehouse.with_name(f"{warehouse.name}.draft")
        shutil.copyfile(template, draft)
        draft.replace(warehouse)


def build(warehouse: Path, select: str) -> DbtResult:
    """Run ``dbt build`` for an evaluation. Raises TransformError when dbt could not even begin."""
    seeded = (SEEDS,) if _seeded_with(warehouse) == fingerprint() else ()
    return run_dbt(warehouse, select, without=(*GATED, *seeded))


def seeds_template(folder: Path) -> Path | None:
    """A DuckDB file with the tested seeds of the project as it is now; None when they cannot be built or do not pass.

    Raises TransformError when the project does not parse.
    """
    template = folder / f"seeds-{fingerprint()}.duckdb"
    with _one_maker(folder):
        return template if template.exists() or _make_template(template) else None


def _make_template(template: Path) -> bool:
    draft = template.with_name(".seeds.duckdb")
    try:
        draft.unlink(missing_ok=True)
        # The parsed project is kept where the evaluations look for it.
        result = run_dbt(draft, SEEDS, kept_in=template.parent)
        if not result.ok:
            log.warning("the seeds did not pass", reason=result.first_failure())
            return False
        with opened(draft) as connection:
            connection.execute(f"create table main.seeded_with as select {literal(fingerprint())} as fingerprint")
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(template)
    finally:
        draft.unlink(missing_ok=True)
    for older in template.parent.glob("seeds-*.duckdb"):
        if older != template:
            older.unlink(missing_ok=True)
    return True


@contextmanager
def _one_maker(folder: Path) -> Iterator[None]:
    """The platform's start and the first evaluation may want it at once: the second waits, and finds it made."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _seeded_with(warehouse: Path) -> str | None:
    with opened(warehouse) as connection:
        found = connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'main' and table_name = 'seeded_with'"
        ).fetchone()
        if found is None:
            return None
        row = connection.execute("select fingerprint from main.seeded_with").fetchone()
    return None if row is None else str(row[0])
