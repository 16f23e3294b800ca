"""dlt's REST source into DuckDB, as its documentation shows it. Runs in an environment of its own; prints JSON."""

import json
import sys
import time

# dlt lives in an environment of its own, where no type checker looks.
import dlt  # type: ignore[import-not-found, unused-ignore]  # installed by the benchmark alone
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found, unused-ignore]  # as dlt itself


def main(url: str, folder: str) -> None:
    """Load the whole listing into one new table."""
    source = rest_api_source(
        {
            "client": {
                "base_url": url,
                "paginator": {"type": "page_number", "base_page": 1, "total_path": "pages"},
            },
            "resources": [
                {
                    "name": "records",
                    "write_disposition": "append",
                    "endpoint": {"path": "records", "data_selector": "data"},
                }
            ],
        }
    )
    began = time.perf_counter()
    pipeline = dlt.pipeline(
        pipeline_name="sample",
        pipelines_dir=folder,
        destination=dlt.destinations.duckdb(f"{folder}/sample.duckdb"),
        dataset_name="landed",
    )
    pipeline.run(source)
    seconds = time.perf_counter() - began
    with pipeline.sql_client() as client:
        ((rows,),) = client.execute_sql("SELECT count(*) FROM records")
    sys.stdout.write(json.dumps({"seconds": seconds, "rows": rows}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
