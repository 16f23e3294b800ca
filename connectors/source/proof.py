"""Proving source files against the code: ``pilar sources check``."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from connectors.source.columns import Column
from connectors.source.for_each import SAYS, unknown_placeholders
from connectors.source.incremental import PLACEHOLDER
from connectors.source.persons import named_like_a_person
from connectors.source.provided import faults, precedence_faults
from connectors.source.record_paths import path_steps
from connectors.source.source import Source
from connectors.source.source_files import read_form, source_files, undecided
from definitions.problems import Problem, did_you_mean, from_validation
from definitions.records import load_records
from ledger.errors import ConfigError

_USES = re.compile(r"\{cursor\}|%\(cursor\)s")


def check_sources(folder: Path) -> list[Problem]:
    """Everything that is wrong with the source files under a folder, file by file."""
    problems: list[Problem] = []
    seen: dict[str, Path] = {}
    sources: dict[str, Source] = {}
    for path in source_files(folder):
        found = read_form(path)
        if not isinstance(found, Source):
            problems += found
            continue
        problems += undecided(path)
        first = seen.setdefault(found.id, path)
        if first is not path:
            problems.append(Problem(path, "id", f"{found.id!r} is the id of {first} too", "Give it another id"))
        sources.setdefault(found.id, found)
        problems += check_source(path, found)
    return problems + list(_between(sources, seen))


def check_source(path: Path, source: Source) -> list[Problem]:
    """Everything beyond its form that is wrong with one source file."""
    return [
        *_place(path, source),
        *_protocol(path, source),
        *_persons(path, source),
        *(Problem(path, "args", what, do) for what, do in _cursor_uses(source)),
        *_regions(path, source),
        *_expressions(path, source),
        *_answers(path, source),
        *(Problem(path, *fault) for fault in faults(source, load_records())),
        *_unused(path, source),
    ]


def _between(sources: Mapping[str, Source], paths: Mapping[str, Path]) -> Iterator[Problem]:
    for source_id, fault in precedence_faults(list(sources.values())):
        yield Problem(paths[source_id], *fault)


def _place(path: Path, source: Source) -> Iterator[Problem]:
    if source.id != path.stem:
        yield Problem(path, "id", f"{source.id!r} is not the file's name", f"Rename the file to {source.id}.yaml")
    if source.opd != path.parent.name:
        yield Problem(path, "opd", f"{source.opd!r} is not the folder's name", "Move the file, or leave `opd` out")


def _protocol(path: Path, source: Source) -> Iterator[Problem]:
    from connectors.protocols import registry

    if source.protocol not in registry.names():
        yield Problem(
            path, "protocol", f"unknown protocol {source.protocol!r}", did_you_mean(source.protocol, registry.names())
        )
        return
    try:
        arguments = registry.get(source.protocol).Args
        yield from (Problem(path, "args", *one) for one in arguments.model_validate(source.args).problems())
    except ValidationError as error:
        yield from from_validation(path, error, arguments, ("args",))
    except ConfigError as error:
        yield Problem(path, "args", error.what, error.do)


def _persons(path: Path, source: Source) -> Iterator[Problem]:
    for name, column in source.contract.columns.items():
        if column.personal is None and column.context is None and named_like_a_person(_words(name, column)):
            yield Problem(
                path,
                f"contract.columns.{name}",
                f"{name!r} is named like something that identifies a person",
                "Say what becomes of it: personal: drop, pseudonym, or {keep: why it is needed and harmless}",
            )


def _words(name: str, column: Column) -> Sequence[str]:
    steps = path_steps(column.from_) if column.from_ is not None else ()
    return [name, *steps]


def _regions(path: Path, source: Source) -> Iterator[Problem]:
    for name in unknown_placeholders(source):
        yield Problem(path, "for_each", f"{{{name}}} says nothing of a region", did_you_mean(name, list(SAYS)))


def _cursor_uses(source: Source) -> Iterator[tuple[str, str]]:
    """What is wrong with where a source uses its lower bound: what, and what to do."""
    uses = _USES.search(str(source.args)) is not None
    if source.incremental is not None and not uses:
        yield "nothing asks from the cursor on", "Use {cursor} in an argument (in `sql`: %(cursor)s)"
    if source.incremental is None and uses and not any(PLACEHOLDER in context for context in source.for_each):
        yield "{cursor} is the lower bound of an incremental load", "Declare `load: {incremental: ...}`"
    if source.incremental is not None and any(PLACEHOLDER in context for context in source.for_each):
        yield "`for_each` may not name `cursor`, which is the lower bound here", "Give it another name"


def _expressions(path: Path, source: Source) -> Iterator[Problem]:
    """Patterns, JSON paths, formats and time zones are DuckDB's to read, so DuckDB is asked."""
    import duckdb

    with duckdb.connect(":memory:") as connection:
        for name, column in source.contract.landed.items():
            for key, value, query in _questions(column):
                try:
                    connection.execute(query, [value])
                except duckdb.Error:
                    yield Problem(path, f"contract.columns.{name}.{key}", f"{value!r} cannot be read", "Correct it")


def _questions(column: Column) -> Iterator[tuple[str, str, str]]:
    if column.pattern is not None:
        yield "pattern", column.pattern, "SELECT regexp_matches('', ?)"
    if column.from_ is not None and column.from_.startswith("$"):
        yield "from", column.from_, "SELECT json_extract('{}', ?)"
    if column.timezone is not None:
        yield "timezone", column.timezone, "SELECT timezone(?, TIMESTAMP '2024-01-01')"
    for form in column.formats:
        yield "format", form, "SELECT strptime(strftime(TIMESTAMP '2024-01-01', $1), $1)"


def _answers(path: Path, source: Source) -> Iterator[Problem]:
    sheet = source.contract.answers
    if sheet is None:
        return
    if sheet.opd != source.opd:
        yield Problem(path, "contract.answers.opd", f"{sheet.opd!r} is another agency", f"Write {source.opd}")
    try:
        len(sheet.questions)
    except ConfigError as error:
        yield Problem(path, "contract.answers", error.what, error.do)


def _unused(path: Path, source: Source) -> Iterator[Problem]:
    """Landed columns that no record reads. A source that provides none says so, or is told that it feeds no figure."""
    if not source.provides:
        if "provides" not in source.model_fields_set:
            yield Problem(
                path,
                "provides",
                "no record is named, so no figure can come of it",
                "Say which record of definitions/records its rows are, or `provides: []` if they are to be kept only",
            )
        return
    used = {source.coverage_column, *(name for entry in source.provides for name in entry.reads)}
    judged = source.contract.answers.columns if source.contract.answers is not None else ()
    for name, column in source.contract.landed.items():
        if name not in used and column.unused is None and name not in judged:
            yield Problem(
                path,
                f"contract.columns.{name}",
                f"nothing uses {name!r}: no record that it provides reads it",
                "Map it in `provides`, take it out of the contract, or say with `unused` why it is landed",
            )
