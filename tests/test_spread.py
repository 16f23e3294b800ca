"""A run spread over processes: what shares a costly fixture stays together, and the rest is divided."""

import os
import subprocess
import sys
from pathlib import Path

from ledger.settings import REPOSITORY

CONFTEST = """
import shutil
from tests.spread import spread_tests

def pytest_configure(config):
    config.run_folder = spread_tests(config)

def pytest_unconfigure(config):
    shutil.rmtree(config.run_folder, ignore_errors=True)
"""
FOLDER = """
import pytest

@pytest.fixture(scope="session")
def of_the_folder():
    pass
"""
TESTS = """
import pytest

@pytest.fixture(scope="module")
def of_the_file():
    pass

@pytest.mark.parametrize("number", range(8))
def test_with_the_folder(of_the_folder, number, worker_id):
    open("together", "a").write(worker_id + "\\n")

@pytest.mark.parametrize("number", range(4))
def test_with_the_file(of_the_file, number, worker_id):
    open("together", "a").write(worker_id + "\\n")

@pytest.mark.parametrize("number", range(30))
def test_alone(number, worker_id):
    open("alone", "a").write(worker_id + "\\n")
"""


def test_tests_that_share_a_fixture_stay_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    folder = tmp_path / "tests" / "some"
    folder.mkdir(parents=True)
    (folder / "conftest.py").write_text(FOLDER)
    (folder / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").touch()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "42 passed" in done.stdout, done.stdout + done.stderr
    together, alone = (set((tmp_path / name).read_text().split()) for name in ("together", "alone"))
    assert len(together) == 1
    assert alone - together, "the other process had nothing to do"
