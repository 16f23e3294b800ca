"""What a year of events in Airflow's table of partitions costs, and what is left of it after maintenance.

``python -m benchmarks.partitions`` prints a Markdown table: how long Airflow's own code takes for an event, and for a
look of its scheduler where nothing waits; on an empty table, with 100,000 records, and after ``thin_partitions``. Each
figure is the quickest of many, so that whatever else the machine does is not in it.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from dags.airflow_tables import thin_partitions
from pilar.platform.postgres import EmbeddedPostgres
from tests.dags.airflow_database import Tables, airflow_tables_at

LOOKS = 50


def measured(tables: Tables, what: str, events: int) -> str:
    """One line of the table: events of sources that never sent one, their runs, then looks."""
    event, made, look = tables.do(f"events {events} 1000 + runs + look {LOOKS}")
    assert made["made"] == events
    return f"| {what} | {event['ms']:.1f} | {look['ms']:.1f} |"


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.partitions", description=__doc__)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--records", type=int, default=100_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pilar-partitions-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder) / "postgres") as server:
            server.create("airflow")
            url = server.url("airflow").replace("postgresql://", "postgresql+psycopg2://", 1)
            tables = airflow_tables_at(url, Path(folder) / "airflow")
            lines = [measured(tables, "empty", chosen.events)]
            tables.do(f"year {chosen.records}")
            lines.append(measured(tables, f"{chosen.records:,} records", chosen.events))
            began = time.perf_counter()
            removed = thin_partitions(url)
            took = time.perf_counter() - began
            lines.append(measured(tables, "after maintenance", chosen.events))
    sys.stdout.write("| table | ms for an event | ms for a look |\n|---|---|---|\n")
    sys.stdout.write("\n".join(lines) + f"\n\n{removed:,} records were removed in {took:.1f} s.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
