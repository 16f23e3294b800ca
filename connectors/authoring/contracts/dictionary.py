"""The data dictionary: every source and column of an agency, what it means, in which unit, and what must hold."""

from collections.abc import Iterator, Sequence

from connectors.authoring.contracts.phrases import cell, personal_words, rules_of
from connectors.landing.fields import field_of
from connectors.source.columns import Column
from connectors.source.source import Source
from definitions.words import said

_HEAD = "| column | field | type | unit | arti / meaning | must hold | persons |"
_LINE = "|---|---|---|---|---|---|---|"


def dictionary_index(sources: Sequence[Source]) -> str:
    """The page that lists the agencies' dictionaries."""
    lines = ["# Data dictionary", "", "Made from the source files: `./run contracts write`.", ""]
    lines += ["| agency | source | what | system |", "|---|---|---|---|"]
    for source in sources:
        link = f"[{source.id}]({source.opd}.md#{source.id})"
        lines.append(f"| {source.opd} | {link} | {cell(source.title)} | {cell(source.system)} |")
    return "\n".join([*lines, ""])


def dictionary_page(opd: str, sources: Sequence[Source]) -> str:
    """The dictionary of one agency."""
    lines = [f"# Data dictionary: {opd}", "", "Made from the source files: `./run contracts write`.", ""]
    for source in sources:
        lines += _source(source)
    return "\n".join(lines)


def _source(source: Source) -> Iterator[str]:
    contract = source.contract
    yield f"## {source.id}"
    yield ""
    key = ", ".join(f"`{name}`" for name in contract.key)
    yield f"{source.title} ({source.system}). Key: {key}. {_coverage(source)}"
    yield ""
    yield _HEAD
    yield _LINE
    for name, column in contract.landed.items():
        yield _row(source, name, column)
    yield ""
    dropped = [name for name, column in contract.columns.items() if column.dropped]
    if dropped:
        yield f"Dropped before anything is stored: {', '.join(f'`{name}`' for name in dropped)}."
        yield ""
    if contract.ignore:
        yield f"May come and is not read: {', '.join(f'`{name}`' for name in contract.ignore)}."
        yield ""
    rules = [f"`{rule.rule}` ({rule.on_fail})" for rule in contract.rules]
    rules += [f"`{ratio.formula}` ({ratio.on_fail})" for ratio in contract.ratios]
    if rules:
        yield f"Between columns: {', '.join(rules)}."
        yield ""
    yield "What a reader must know:"
    yield ""
    yield from (f"- {' '.join(said(caveat, 'en').split())}" for caveat in source.caveats)
    yield ""


def _coverage(source: Source) -> str:
    if source.coverage.from_ is None:
        return "A batch is the whole of it."
    return f"A batch is one {source.coverage.grain}, from `{source.coverage.from_}`."


def _row(source: Source, name: str, column: Column) -> str:
    field = field_of(name, column)
    shown = f"`{column.from_ or field}`" if field is not None else f"request: `{column.context}`"
    must = ["required"] if column.required or name in source.contract.key else []
    must += rules_of(column, "en")
    meaning = [said(column.description, "id"), said(column.description, "en")]
    cells = [
        f"`{name}`",
        shown,
        column.type,
        column.unit or "",
        " / ".join(dict.fromkeys(text for text in meaning if text)),
        "; ".join(must),
        personal_words(column, "en"),
    ]
    return f"| {' | '.join(cell(text) for text in cells)} |"
