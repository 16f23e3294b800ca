"""The source files of the real tables are ordinary ones: proved against the code like the project's own."""

from connectors.source.proof import check_sources
from tests.real.house import SOURCES


def test_the_source_files_have_no_problem() -> None:
    assert [str(problem) for problem in check_sources(SOURCES)] == []
