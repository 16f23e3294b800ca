"""What the gates of the pillars catch of everything that can be wrong with a mart: a matrix, and what escapes it.

Every breakage is asked of every mart by the rules' queries; that a query and its expectation agree is shown elsewhere.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest

from expectations.engine import opened
from expectations.gate import PILLARS, all_queries, rules_by_table
from expectations.rules import Severity
from tests.expectations.breakages import BREAKAGES, TARGETS, Breakage
from tests.expectations.two_versions import build_two_versions
