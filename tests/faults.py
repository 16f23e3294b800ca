"""Which tests play which fault: read from the marks of the tests, for docs/faults.md and whoever checks it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

TESTS = Path(__file__).parent


def marked_tests() -> Mapping[int, list[str]]:
    """The tests that are marked with each fault, as ``file::name`` below the folder of tests."""
    found: dict[int, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name, number in _marks(ast.parse(path.read_text())):
            found.setdefault(number, []).append(f"{path.relative_to(TESTS).as_posix()}::{name}")
    return found


def _marks(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
                    yield from ((node.name, ast.literal_eval(number)) for number in mark.args)
