"""Great Expectations on a DuckDB file: opened read-only, and closed so that the next process can write.

Great Expectations does not know DuckDB. Left alone it closes its connection before it fetches, and DuckDB's result dies
with it: every check answers "list index out of range". AUTOCOMMIT without rollbacks keeps the result alive.
"""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource

KEEP_RESULTS_ALIVE: dict[str, Any] = {
    "isolation_level": "AUTOCOMMIT",
    "skip_autocommit_rollback": True,
    "pool_reset_on_return": None,
}


class Warehouse:
    """The tables of one warehouse file, as Great Expectations batches."""

    def __init__(self, context: "AbstractDataContext", datasource: "SQLDatasource") -> None:
        self.context = context
        self._datasource = datasource
        rows = self.ask(
            "SELECT schema_name || '.' || table_name, list(column_name) FROM duckdb_columns() "
            "WHERE database_name = current_database() GROUP BY ALL"
        )
        self.tables: Mapping[str, frozenset[str]] = {table: frozenset(columns) for table, columns in rows}

    def ask(self, query: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a query, asked of the file itself. Raises SQLAlchemyError when it cannot be carried out."""
        with self._datasource.get_engine().connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query).fetchall()]

    def seed(self, name: str) -> str | None:
        """The qualified name of a reference table, wherever the build put it; None when absent or ambiguous."""
        working = ("landing.", "promoted.", "candidate.", "scores.", "staging.")
        found = [table for table in self.tables if table.endswith(f".{name}") and not table.startswith(working)]
        return found[0] if len(found) == 1 else None

    def batch(self, table: str) -> "Batch":
        """The whole of one table, to be asked once."""
        return self.whole(table).get_batch()

    def whole(self, table: str) -> "BatchDefinition[Any]":
        """The whole of one table, as a validation definition wants it."""
        schema, name = table.split(".")
        with warnings.catch_warnings():
            # Naming the schema is deprecated in favour of the connection's, and DuckDB's connections have none to name.
            warnings.simplefilter("ignore", DeprecationWarning)
            asset = self._datasource.add_table_asset(name=table, table_name=name, schema_name=schema)
            return asset.add_batch_definition_whole_table("whole")


@contextmanager
def opened(warehouse: Path) -> Iterator[Warehouse]:
    """Open a warehouse file for checking.

    Raises FileNotFoundError when there is none (DuckDB would create it), and whatever SQLAlchemy raises when it is
    locked or damaged.
    """
    if not warehouse.is_file():
        raise FileNotFoundError(warehouse)
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    os.environ["TQDM_DISABLE"] = "1"
    # It tells of itself in eight lines a rule: a task's log would hold little else, and handing them on takes time.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    # Given its configuration, the context makes no temporary folder for documents that nobody asked for.
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
            analytics_enabled=False,
        ),
    )
    datasource = context.data_sources.add_sql(
        name="warehouse",
        connection_string=f"duckdb:///{warehouse}",
        create_temp_table=False,
        # A hundred small questions: sharing each out among threads takes longer than answering it.
        kwargs={**KEEP_RESULTS_ALIVE, "connect_args": {"read_only": True, "config": {"threads": 1}}},  # type: ignore[call-arg]  # its stub lacks it
    )
    try:
        yield Warehouse(context, datasource)
    finally:
        datasource.get_execution_engine().close()
        datasource.get_engine().dispose()
