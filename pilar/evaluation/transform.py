"""dbt in this process, on one DuckDB file, which is closed afterwards: the gate and the readers open it next."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from ledger.errors import TransformError
from ledger.machine import refuse_shortage
from ledger.masks import mask_words
from ledger.project import PROJECT
from pilar.evaluation.parsed_project import parsed_project

if TYPE_CHECKING:
    from dbt.artifacts.schemas.results import NodeResult
    from dbt.contracts.graph.manifest import Manifest

log = structlog.get_logger()

# Names the nodes of the project to run, as dbt's --select takes them.
Choose = Callable[["Manifest"], Sequence[str]]

FILE_VARIABLE = "PILAR_WAREHOUSE_FILE"
SUCCEEDED = frozenset({"success", "pass", "warn", "no-op"})

# dbt keeps its state in module globals: two invocations in one process at a time would mix.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class DbtNode:
    """What became of one seed, model or test. ``seconds`` is its running time; ``depends_on`` names what it reads."""

    name: str
    kind: str
    status: str
    message: str
    seconds: float
    depends_on: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it was built or passed; a skipped node is not."""
        return self.status in SUCCEEDED


@dataclass(frozen=True, slots=True)
class DbtResult:
    """What one invocation built."""

    ok: bool
    nodes: tuple[DbtNode, ...]
    seconds: float

    def failed_for(self, name: str) -> bool:
        """Whether a model is not to be used: it should have been built and was not, or a test of its own failed."""
        return any(
            not node.ok and (node.name == name or (node.kind in {"test", "unit_test"} and name in node.depends_on))
            for node in self.nodes
        )

    def failed_marts(self) -> tuple[str, ...]:
        """The pillar marts among the nodes that are not to be used."""
        marts = (node.name for node in self.nodes if node.kind == "model" and node.name.startswith("mart_"))
        return tuple(name for name in marts if self.failed_for(name))

    def first_failure(self) -> str:
        """The first thing that went wrong, in one line; what was skipped because of it is left out."""
        for node in self.nodes:
            if not node.ok and node.status != "skipped":
                return f"{node.name}: {node.message}"
        return "nothing failed" if self.ok else "dbt built nothing"


def run_dbt(
    warehouse: Path,
    select: str | Choose,
    *,
    command: str = "build",
    variables: Mapping[str, object] = MappingProxyType({}),
    unit_tests: bool = False,
    without: Sequence[str] = (),
    kept_in: Path | None = None,
) -> DbtResult:
    """Run a dbt command on a DuckDB file, and let go of the file.

    - ``select`` is dbt's own syntax (``tag:candidate``), or names nodes. With names no other node runs.
    - ``without`` leaves out more, in dbt's syntax.
    - ``kept_in`` is where the parsed project is kept (default: beside the warehouse).

    Tests run where all they read is selected or was built before. Unit tests of the formulas run only on request: they
    depend on the project and not on the data. A node that fails stops what depends on it and nothing else: see
    ``DbtResult.failed_marts``.
    Raises TransformError when dbt could not even begin (the project does not parse, the file is locked), MachineError
    when a node failed because the machine had no room.
    """
    started = time.monotonic()
    folder = working_folder(warehouse)
    with _one_at_a_time, _environment(warehouse):
        try:
            manifest = parsed_project(kept_in or folder, variables, places(folder))
            named = select.split() if isinstance(select, str) else tuple(select(manifest))
            choice = _choice(named, "buildable" if isinstance(select, str) else "empty", unit_tests, without)
            arguments = (command, *places(folder), *choice, "--vars", json.dumps(dict(variables)))
            nodes = _invoke(manifest, arguments) if named else ()
        finally:
            _let_go()
    for node in nodes:
        if not node.ok:
            refuse_shortage(node.message, str(warehouse))
    seconds = time.monotonic() - started
    ok = all(node.ok for node in nodes) and bool(nodes or not named)
    log.info(
        "dbt", select=select if isinstance(select, str) else "named", nodes=len(nodes), ok=ok, seconds=round(seconds, 2)
    )
    return DbtResult(ok, nodes, seconds)


def _invoke(manifest: "Manifest", arguments: Sequence[str]) -> tuple[DbtNode, ...]:
    from dbt.cli.main import dbtRunner

    # dbt describes its own call stack again and again, frame by frame. Under Airflow that is eighty frames deep and
    # costs more than the building; a thread begins with an empty one.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="dbt") as thread:
        outcome = thread.submit(dbtRunner(manifest=manifest).invoke, list(arguments)).result()
    if outcome.exception is not None:
        raise TransformError(
            f"dbt could not run: {outcome.exception}",
            where=os.environ[FILE_VARIABLE],
            do="Close whatever else has the file open, or mend what dbt names",
        ) from outcome.exception
    results = getattr(outcome.result, "results", None) or ()
    return tuple(_node(result) for result in results)


def _node(result: "NodeResult") -> DbtNode:
    node = result.node
    # A unit test reads what its model reads; what it judges is the model.
    judged = getattr(node, "tested_node_unique_id", None)
    parents = [judged] if judged else getattr(node, "depends_on_nodes", [])
    return DbtNode(
        name=node.name,
        kind=str(node.resource_type),
        status=str(result.status),
        message=mask_words(" ".join((result.message or "").split())),
        seconds=result.execution_time,
        depends_on=tuple(parent.rsplit(".", 1)[-1] for parent in parents),
    )


def _choice(named: Sequence[str], indirectly: str, unit_tests: bool, without: Sequence[str]) -> tuple[str, ...]:
    kinds = () if unit_tests else ("--exclude-resource-type", "unit_test")
    excluded = ("--exclude", *without) if without else ()
    return ("--select", *named, *excluded, "--indirect-selection", indirectly, *kinds)


def places(folder: Path) -> tuple[str, ...]:
    """The words that tell dbt where the project is, where its files go, and to say nothing itself."""
    return (
        *("--project-dir", str(PROJECT)),
        *("--profiles-dir", str(PROJECT)),
        *("--target-path", str(folder / "target")),
        *("--log-path", str(folder / "log")),
        # What went wrong is in the result of each node; lines for a log that nobody reads take a quarter of the time.
        *("--log-level", "none", "--log-level-file", "none"),
        *("--no-version-check", "--no-send-anonymous-usage-stats", "--no-use-colors"),
        *("--no-write-json", "--no-partial-parse"),
        # Of what the file holds, it need only know the schemas it writes to.
        "--cache-selected-only",
    )


def working_folder(warehouse: Path) -> Path:
    """Where dbt's files and what is kept between runs live: beside the warehouses, never in the project."""
    folder = warehouse.resolve().parent / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _environment(warehouse: Path) -> Iterator[None]:
    """The profile reads the file's place from the environment."""
    before = os.environ.get(FILE_VARIABLE)
    os.environ[FILE_VARIABLE] = str(warehouse.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ[FILE_VARIABLE]
        else:
            os.environ[FILE_VARIABLE] = before


def _let_go() -> None:
    """Close the file and forget the adapter: another process, or another configuration, can then open it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # dbt has no types here
    reset_adapters()  # type: ignore[no-untyped-call]  # nor here
