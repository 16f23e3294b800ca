"""Source files on the disk: ``<opd>/<id>.yaml`` under a folder, read one by one or all."""

import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from connectors.source.source import Source
from definitions.problems import Problem, from_validation
from definitions.yaml_reader import YamlError, read_yaml
from ledger.errors import ConfigError

_TODO = re.compile(r"\bTODO\b")
_MOST_OF_A_LINE = 120


def read_source(path: Path) -> Source | tuple[Problem, ...]:
    """The source in one file that may be pulled, or why not: what is wrong with its form, or waits for a person."""
    found = read_form(path)
    return (undecided(path) or found) if isinstance(found, Source) else found


def undecided(path: Path) -> tuple[Problem, ...]:
    """The lines in which `sources new` left something for a person: a guess must not land as a contract."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(
        Problem(path, f"line {number}", f"waits for a person: {_shortened(line)}", "Decide, and take the TODO out")
        for number, line in enumerate(lines, start=1)
        if _TODO.search(line)
    )


def read_form(path: Path) -> Source | tuple[Problem, ...]:
    """The source in one file, finished or a draft, or everything that is wrong with its form."""
    try:
        raw = read_yaml(path)
    except YamlError as error:
        return (Problem(path, error.where, error.what, error.do),)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        return (Problem(path, "file", f"cannot be read ({type(error).__name__})", "Mend the YAML"),)
    if not isinstance(raw, dict):
        return (Problem(path, "file", "is not a mapping", "Start from another source file"),)
    try:
        return Source.model_validate({**raw, "opd": raw.get("opd", path.parent.name)})
    except ValidationError as error:
        return from_validation(path, error, Source)


def load_source(path: Path) -> Source:
    """The source in one file. Raises ConfigError with the first problem."""
    found = read_source(path)
    if isinstance(found, Source):
        return found
    raise refusal(found[0])


def load_sources(folder: Path) -> dict[str, Source]:
    """Every source under a folder, by id. Raises ConfigError with the first problem of the first bad file."""
    sources: dict[str, Source] = {}
    for path in source_files(folder):
        source = load_source(path)
        if source.id in sources:
            raise twice(source.id, path)
        sources[source.id] = source
    return sources


def source_files(folder: Path) -> list[Path]:
    """``<opd>/<id>.yaml`` under a folder, sorted. Raises ConfigError when the folder is not there."""
    if not folder.is_dir():
        raise ConfigError("there is no folder of sources", where=str(folder), do="Set PILAR_SOURCES to it")
    return sorted(folder.glob("*/*.yaml"))


def _shortened(line: str) -> str:
    return " ".join(line.split())[:_MOST_OF_A_LINE]


def twice(source_id: str, path: Path) -> ConfigError:
    """What is said of a second file with the id of an earlier one."""
    return ConfigError(f"source {source_id!r} exists twice", where=str(path), do="Give one another id")


def refusal(problem: Problem) -> ConfigError:
    """The problem of a source file as the error that refuses it."""
    return ConfigError(problem.what, where=f"{problem.file}: {problem.where}", do=problem.do)
