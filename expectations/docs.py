"""Great Expectations' Data Docs of an evaluation's gates: static pages that ask nothing of any network.

Every rule is asked by its own expectation, through the checkpoint of its gate. The pages are Great Expectations' own;
what they fetch from other servers (styles, scripts, pictures) is taken out, and a browser is told to fetch nothing. Its
index is made by such a script, so that ours takes its place.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from expectations.engine import Warehouse, opened
from expectations.gate import not_there, rules_by_table
from expectations.interpret import answered
from expectations.result import Check, GateResult, judge
from expectations.rules import Rule
from expectations.suites import by_rule, suite_of, with_rows
from ledger.errors import GateError

if TYPE_CHECKING:
    from great_expectations.data_context.store.store import DataDocsSiteConfigTypedDict

SITE = "data_docs"
ELSEWHERE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<iframe\b.*?</iframe>", re.DOTALL | re.IGNORECASE
)
HEAD = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body { font-family: sans-serif; margin: 1rem } table { border-collapse: collapse; width: 100% }
td, th { border: 1px solid #ccc; padding: .3rem .5rem; text-align: left; vertical-align: top }
.collapse { display: block } .d-none, footer, .btn-group { display: none } code, pre { white-space: pre-wrap }
.fa-check-circle::before { content: "pass" } .fa-times::before { content: "fail" }
.fa-exclamation-triangle::before { content: "error" } .text-danger, .text-warning { color: #a00 }
.fail, .error { color: #a00; font-weight: bold } .pass { color: #060 }
</style>"""


@dataclass(frozen=True, slots=True)
class Documented:
    """The answers to one table's rules, and the page that shows them; None where there was nothing to ask."""

    table: str
    checks: tuple[Check, ...]
    page: Path | None


def write_docs(warehouse: Path, gates: Sequence[str], folder: Path, run_name: str) -> Mapping[str, GateResult]:
    """Ask every rule of these gates on a warehouse file, and write the pages into a folder, ``index.html`` first.

    Raises GateError when there is no such gate or file, or when the folder is there and not empty.
    """
    rules = {gate: rules_by_table(gate) for gate in gates}
    if not warehouse.is_file():
        raise GateError(
            "this evaluation's file is not there",
            where=str(warehouse),
            do="Name one of the last, or run `pilar evaluate`",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise GateError("is there already, and is no empty folder", where=str(folder), do="Name another folder")
    with opened(warehouse) as tables:
        tables.context.add_data_docs_site(SITE, _site(folder))
        found = {
            gate: [_documented(tables, table, of_table, run_name) for table, of_table in of_gate.items()]
            for gate, of_gate in rules.items()
        }
        tables.context.build_data_docs(site_names=[SITE])
    for page in folder.rglob("*.html"):
        page.write_text(_offline(page.read_text(encoding="utf-8")), encoding="utf-8")
    results = {
        gate: judge(gate, tuple(check for item in items for check in item.checks)) for gate, items in found.items()
    }
    (folder / "index.html").write_text(_index(run_name, found, results), encoding="utf-8")
    return results


def _site(folder: Path) -> "DataDocsSiteConfigTypedDict":
    return {
        "class_name": "SiteBuilder",
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.absolute())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def _documented(tables: Warehouse, table: str, rules: tuple[Rule, ...], run_name: str) -> Documented:
    import great_expectations as gx

    lost = not_there(tables, table, rules)
    if lost is not None:
        return Documented(table, (lost,), None)
    context = tables.context
    suite = context.suites.add(suite_of(table, rules, tables))
    definition = gx.ValidationDefinition(name=suite.name, data=tables.whole(table), suite=suite)
    checkpoint = gx.Checkpoint(
        name=suite.name,
        validation_definitions=[context.validation_definitions.add(definition)],
        result_format=with_rows(rules, tables.tables[table]),
    )
    answer = context.checkpoints.add(checkpoint).run(run_id=gx.RunIdentifier(run_name=run_name))
    ((key, result),) = answer.run_results.items()
    items = by_rule(result.results)
    checks = tuple(answered(rule, items.get(rule.name)) for rule in rules)
    *folders, name = key.to_tuple()  # type: ignore[no-untyped-call]  # it gives a tuple of text
    return Documented(table, checks, Path("validations", *folders, f"{name}.html"))


def _offline(page: str) -> str:
    return ELSEWHERE.sub("", page).replace("<head>", f"<head>\n{HEAD}", 1)


def _index(run_name: str, found: Mapping[str, Sequence[Documented]], results: Mapping[str, GateResult]) -> str:
    rows = [_row(gate, results[gate].outcome, item) for gate, items in found.items() for item in items]
    title = html.escape(f"Gates of evaluation {run_name}")
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>\n{HEAD}\n<meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1>\n<table><tr><th>gate</th><th>table</th><th>checks</th><th>not met</th></tr>\n"
        f"{''.join(rows)}</table></body></html>\n"
    )


def _row(gate: str, outcome: str, item: Documented) -> str:
    told = [
        f'<p><span class="{check.outcome}">{html.escape(f"{check.name} ({check.severity}, {check.outcome})")}</span>: '
        f"{html.escape(check.message)}</p>"
        for check in item.checks
        if check.outcome != "pass"
    ]
    name = html.escape(item.table)
    shown = f'<a href="{html.escape(item.page.as_posix())}">{name}</a>' if item.page is not None else name
    return (
        f'<tr><td>{gate}: <span class="{outcome}">{outcome}</span></td><td>{shown}</td>'
        f"<td>{len(item.checks)}</td><td>{''.join(told)}</td></tr>\n"
    )
