"""What dbt builds in an evaluation, and what it need not do each time.

- The seeds are files of the project. They are loaded and tested once for a state of the project, in a template file
  that evaluations begin with.
- What the data of an earlier evaluation built is not built again from the same data.
- Tests that a gate repeats on the same table run in the test suite only. The gate stops what they would stop here.
"""

import fcntl
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from ledger.disk import put
from ledger.sql import literal
from pilar.evaluation.definition_tables import write_definitions
from pilar.evaluation.earlier_warehouse import copy_earlier, drop_tables, note_built, signatures
from pilar.evaluation.nodes import nodes_of
from pilar.evaluation.parsed_project import fingerprint
from pilar.evaluation.transform import DbtResult, run_dbt, working_folder
from pilar.evaluation.warehouse import View, opened, write_views

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

log = structlog.get_logger()

SEEDS = "resource_type:seed"


def begin_warehouse(warehouse: Path, views: Mapping[str, View]) -> frozenset[str] | None:
    """Begin an evaluation's file with the landing and the reference tables, and with what an earlier one has built.

    Returns the views that show something else than in the earlier file; None when everything is to be
    built. Then the file begins with a copy of the template with the seeds. Where the seeds do not pass their tests, it
    begins with nothing. The evaluation then loads and tests them itself. It says what is wrong with them, and stops
    only what depends on them.
    """
    changed = copy_earlier(warehouse, views)
    if changed is None:
        begin_with_seeds(warehouse, views)
    return changed


def begin_with_seeds(warehouse: Path, views: Mapping[str, View]) -> None:
    """As ``begin_warehouse``, with everything still to be built."""
    template = seeds_template(working_folder(warehouse))
    if template is None:
        with opened(warehouse) as connection:
            write_definitions(connection)
    else:
        draft = warehouse.with_name(f"{warehouse.name}.draft")
        try:
            shutil.copyfile(template, draft)
            draft.replace(warehouse)
        finally:
            draft.unlink(missing_ok=True)
    write_views(warehouse, views)


def build_candidates(warehouse: Path, views: Mapping[str, View], changed: frozenset[str] | None) -> DbtResult:
    """Build the candidates, or those that ``changed`` views reach, and have the file serve later evaluations.

    Raises TransformError when dbt could not even begin.
    """
    shown = signatures(views)
    result = _build(warehouse, "candidate", changed)
    with opened(warehouse):
        if result.ok and is_seeded(warehouse):
            note_built(warehouse, shown)
    return result


def build_scores(warehouse: Path) -> DbtResult:
    """Build the scores from what is in force. Raises TransformError when dbt could not even begin."""
    return _build(warehouse, "scores", None)


def is_seeded(warehouse: Path) -> bool:
    """Whether a file has the tested seeds of the project as it is now."""
    return _seeded_with(warehouse) == fingerprint()


def _build(warehouse: Path, tag: str, changed: frozenset[str] | None) -> DbtResult:
    def choose(project: "Manifest") -> Sequence[str]:
        with opened(warehouse):
            chosen = nodes_of(project, tag, seeds=not is_seeded(warehouse), changed=changed)
            if changed is not None:
                models = (project.nodes[unique_id] for unique_id in chosen if unique_id.startswith("model."))
                drop_tables(warehouse, {model.name: model.schema for model in models})
        return [".".join(project.nodes[unique_id].fqn) for unique_id in chosen]

    return run_dbt(warehouse, choose)


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
        with opened(draft) as connection:
            write_definitions(connection)
        # The parsed project is kept where the evaluations look for it.
        result = run_dbt(draft, SEEDS, kept_in=template.parent)
        if not result.ok:
            log.warning("the seeds did not pass", reason=result.first_failure())
            return False
        with opened(draft) as connection:
            connection.execute(f"create table main.seeded_with as select {literal(fingerprint())} as fingerprint")
        put(draft, template)
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
