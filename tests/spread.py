"""In which order tests run, and which of them stay in one process when a run is spread over several.

A test goes to whichever process has nothing to do. Tests that share a costly fixture stay together. The marks of
pytest-xdist for this (``--dist loadgroup``) do nothing since pytest 9.2, and say nothing about it.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

NETWORKED = ("integration", "e2e", "real", "browser")
FORMULAS = "tests/dbt_project/"
TOGETHER = "together.json"


def spread_tests(config: pytest.Config) -> Path:
    """Have the tests of a run spread as told here. Returns a folder that its processes share; the first one owns it."""
    told = getattr(config, "workerinput", {}).get("run_folder")
    folder = Path(told or tempfile.mkdtemp(prefix="pilar-tests-"))
    if not told:
        folder.chmod(0o711)  # PostgreSQL, which may not be root, passes through
    config.pluginmanager.register(Worker(folder) if told else Controller(folder))
    return folder


def in_order(item: pytest.Item) -> Sequence[bool]:
    """Sorts tests: the platform, since it takes minutes and mostly waits; formulas; quick tests; all others.

    Within each, those that stay together come first: the last ones are to be small, so that no process waits for long.
    """
    quick = not any(item.get_closest_marker(name) for name in NETWORKED)
    alone = not _shares(item)
    return (item.get_closest_marker("e2e") is None, not item.nodeid.startswith(FORMULAS), not quick, alone)


def shared_by(items: Sequence[pytest.Item]) -> Mapping[str, str]:
    """What each test shares with others: the platform (one runs at a time), or costly fixtures of its folder or file.

    A file whose tests share a folder's fixtures shares its own there too. A test that shares nothing is alone under
    its own name.
    """
    folders = {item.path: folder for item in items if (folder := _folder_shared(item))}
    return {item.nodeid: _shared_by(item, folders) for item in items}


def _shared_by(item: pytest.Item, folders: Mapping[Path, str]) -> str:
    if item.get_closest_marker("e2e") is not None:
        return "e2e"
    if _shares(item):
        return folders.get(item.path, item.nodeid.partition("::")[0])
    return item.nodeid


def _shares(item: pytest.Item) -> bool:
    return bool(_folder_shared(item)) or any(one.scope == "module" for one in _fixtures(item))


def _folder_shared(item: pytest.Item) -> str:
    own = [one.baseid for one in _fixtures(item) if one.scope == "session" and one.baseid.startswith("tests/")]
    return min(own, key=len, default="")


def _fixtures(item: pytest.Item) -> Sequence[pytest.FixtureDef[Any]]:
    assert isinstance(item, pytest.Function)
    return [found[-1] for found in item._fixtureinfo.name2fixturedefs.values()]


class Worker:
    """Tells the controller, which collects nothing itself, what its tests share."""

    def __init__(self, run_folder: Path) -> None:
        self._file = run_folder / TOGETHER

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """All workers write the same."""
        draft = self._file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(shared_by(items)))
        draft.replace(self._file)


class Controller:
    """Hands out tests by what they share."""

    def __init__(self, run_folder: Path) -> None:
        self._run_folder = run_folder

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where the folder of the run is."""
        node.workerinput["run_folder"] = str(self._run_folder)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> "Together":
        """Ours, whatever ``--dist`` says."""
        config.option.loadscopereorder = False
        return Together(config, log, self._run_folder / TOGETHER)


class Together(LoadScopeScheduling):
    """Keeps tests together as the workers have written down."""

    def __init__(self, config: pytest.Config, log: Any, file: Path) -> None:
        super().__init__(config, log)
        self._file = file

    @cached_property
    def _together(self) -> Mapping[str, str]:
        return dict(json.loads(self._file.read_text()))

    def _split_scope(self, nodeid: str) -> str:
        return self._together[nodeid]
