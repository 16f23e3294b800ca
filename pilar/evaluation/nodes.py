"""Which of dbt's nodes an evaluation builds, named one by one.

dbt would work them out from a selection by itself, but does so three times, and asks the whole graph for every word of
it: that took longer than building what one source reaches.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

Nodes = Mapping[str, Any]

# Marts and scores whose own tests a gate repeats on the same table; see expectations/common.py and scores.py.
GATED = ("mart_", "question_scores", "pillar_scores", "dimension_scores", "index_scores")


def nodes_of(manifest: "Manifest", tag: str, *, seeds: bool, changed: Collection[str] | None = None) -> tuple[str, ...]:
    """The ids of the nodes with a tag and of the tests that say something about them.

    ``seeds``: the reference tables too, where the file does not have them. ``changed``: only tables that these views
    (``landing.<source>``, ``records.<record>``) reach. The views are there already and have the same columns.

    - A test belongs to what it reads. It runs where all of that is built now or was before.
    - Tests that a gate repeats run in the test suite only. The gate stops what they would stop here.
    """
    nodes: Nodes = manifest.nodes
    kinds = ("model", "seed") if seeds else ("model",)
    tagged = {name for name, node in nodes.items() if node.resource_type in kinds and tag in node.tags}
    if changed is None:
        built = tagged
    else:
        # As dbt names what it finds: a source of the project, its schema and table.
        found = {f"source.{manifest.metadata.project_name}.{view}" for view in changed}
        built = tagged & _below(nodes, found)
    there = set(manifest.sources) | _above(nodes, tagged)
    tests = {
        name
        for name, node in nodes.items()
        if node.resource_type == "test" and not _gated(nodes, node) and _is_about(node.depends_on_nodes, built, there)
    }
    return tuple(sorted(built | tests))


def _is_about(reads: Collection[str], built: Collection[str], there: Collection[str]) -> bool:
    return any(name in built for name in reads) and all(name in built or name in there for name in reads)


def _gated(nodes: Nodes, test: Any) -> bool:
    return any(nodes[name].name.startswith(GATED) for name in test.depends_on_nodes if name in nodes)


def _below(nodes: Nodes, names: Collection[str]) -> set[str]:
    """Models that read any of these, directly or through others."""
    found, reached = set(), set(names)
    while reached:
        reached = {
            name
            for name, node in nodes.items()
            if node.resource_type == "model" and name not in found and not reached.isdisjoint(node.depends_on_nodes)
        }
        found |= reached
    return found


def _above(nodes: Nodes, names: Collection[str]) -> set[str]:
    """Everything that these read, directly or through others, and they themselves."""
    found, reached = set(names), set(names)
    while reached:
        reached = {
            above for name in reached if name in nodes for above in nodes[name].depends_on_nodes if above not in found
        }
        found |= reached
    return found
