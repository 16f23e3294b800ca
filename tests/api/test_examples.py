"""The examples of docs/api.md, as they stand there, for every tool that is at hand."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import httpx
import pytest

from ledger.settings import REPOSITORY
from tests.api.conftest import NoLedger, Shelf, desk, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

TEXT = (REPOSITORY / "docs" / "api.md").read_text()
EXAMPLES = dict(re.findall(r"^```(\w+)\n(.*?)^```$", TEXT.partition("## Examples")[2], re.MULTILINE | re.DOTALL))
TOOLS = {"sh": ["bash", "-euc"], "python": [sys.executable, "-c"], "r": ["Rscript", "-e"]}
SAID = {"sh": '"pillar",score,questions_scored,questions_total\n', "python": "indicator_id", "r": "pillar"}


@pytest.mark.parametrize("language", TOOLS)
def test_an_example_does_what_it_says(client: httpx.Client, language: str) -> None:
    if shutil.which(TOOLS[language][0]) is None:
        pytest.skip(f"{TOOLS[language][0]} is not installed")
    environment = {**os.environ, "API": str(client.base_url).rstrip("/")}
    done = subprocess.run(
        [*TOOLS[language], EXAMPLES[language]], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert SAID[language] in done.stdout
    assert len(done.stdout.splitlines()) > 3


def test_duckdb_reads_over_http(client: httpx.Client, tmp_path: Path) -> None:
    """Through its extension where it is at hand, else what it was sent: its query is run either way."""
    query = EXAMPLES["sql"].replace("http://127.0.0.1:8001", str(client.base_url).rstrip("/"))
    with duckdb.connect() as connection:
        try:
            connection.execute("LOAD httpfs")
        except duckdb.Error:
            url = re.search(r"'(http[^']+)'", query)
            assert url is not None
            (tmp_path / "index.parquet").write_bytes(httpx.get(url[1]).content)
            query = query.replace(url[1], str(tmp_path / "index.parquet"))
        assert len(connection.execute(query).fetchall()) > 3


def test_every_resource_and_document_is_in_the_page(shelf: Shelf) -> None:
    with serving(desk(shelf, NoLedger())) as address:
        told = httpx.get(f"{address}/v1").json()
    lines = [line for line in TEXT.splitlines() if line.startswith("| `")]
    for path in told["resources"]:
        assert any(f"`{path}`" in line for line in lines), path
    for path in told["documents"]:
        assert any(f"`{path.partition('/')[0]}/" in line for line in lines), path
