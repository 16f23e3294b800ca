"""What the dbt project says once and every room reads: the pillars (a seed), and the columns and key of each table.

A table is described where dbt describes it, in the YAML beside its model or seed: the enforced contract of a mart is
the one list of its columns. Nothing here imports dbt: a description is wanted by processes that never build. What was
read is kept for the life of the process. Importing this module reads no file.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ledger.errors import ConfigError
from ledger.settings import REPOSITORY

# Asked for at every call; a test may put another project in its place.
PROJECT = REPOSITORY / "dbt_project"
GRAIN_TEST = "unique_combination"
REFERENCE_TEST = "relationships"
INDONESIAN = "descriptions.id.yml"
# What the platform makes itself: readers know these tables by their names alone, like those of models.
DEFINITIONS = "definitions"
OWN = (DEFINITIONS, "scores")


@dataclass(frozen=True, slots=True)
class Pillar:
    """One line of the seed ``pillars``, with its names in Indonesian and in English."""

    id: str
    name_id: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column as its table's YAML describes it.

    ``type`` is DuckDB's, as it is written there; empty where none is. ``required``: the contract says it is never null.
    ``unit`` is that of a number, empty where none is given. ``references``: the table and column that have its values.
    """

    name: str
    type: str
    description: str
    required: bool
    unit: str = ""
    references: tuple[str, str] | None = None

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.type.lower().startswith(("decimal", "integer", "bigint", "double"))


@dataclass(frozen=True, slots=True)
class Table:
    """A model, a seed or a table of a source. ``key``: the columns of which no two rows share the values.

    ``title`` is its short name for readers, empty where none is given. ``where`` is the file that describes it.
    All words are English; ``in_indonesian`` has the other ones.
    """

    name: str
    title: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    where: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in its order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the columns that are never null."""
        return tuple(column.name for column in self.columns if column.required)


def in_indonesian(english: str, project: Path | None = None) -> str:
    """The Indonesian for a title, description or unit of the project; empty where nobody wrote it.

    Raises ConfigError when the file cannot be read.
    """
    return indonesian(project).get(english, "")


def indonesian(project: Path | None = None) -> Mapping[str, str]:
    """All that is said in Indonesian of tables, columns and units, by what is said in English.

    Raises ConfigError when the file cannot be read.
    """
    return _indonesian(project or PROJECT)


@cache
def _indonesian(project: Path) -> Mapping[str, str]:
    return MappingProxyType({str(english): str(said) for english, said in _read(project / INDONESIAN).items()})


def pillars(project: Path | None = None) -> tuple[Pillar, ...]:
    """The pillars, in the order of the seed. Raises ConfigError when the seed cannot be read."""
    return _pillars(project or PROJECT)


@cache
def _pillars(project: Path) -> tuple[Pillar, ...]:
    path = project / "seeds" / "pillars.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: int(row["position"]))
        if not rows:
            raise ValueError("there is none")
        return tuple(Pillar(row["id"], row["name_id"], row["name_en"]) for row in rows)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"the pillars cannot be read ({type(error).__name__})",
            where=str(path),
            do="Give every pillar a line of id, position, name_id and name_en",
        ) from error


def pillar_ids(project: Path | None = None) -> tuple[str, ...]:
    """The ids of the pillars, in the order of the seed. Raises ConfigError when the seed cannot be read."""
    return tuple(pillar.id for pillar in pillars(project))


def mart_of(pillar: str) -> str:
    """The name of a pillar's mart."""
    return f"mart_{pillar}"


def table(name: str, project: Path | None = None) -> Table:
    """A model, a seed or a table that the platform makes itself by its name, another source's by ``source.table``.

    Raises ConfigError when no YAML of the project describes it, or when one cannot be read.
    """
    described = tables(project)
    if name not in described:
        raise ConfigError(
            f"no YAML of the dbt project describes the table {name!r}",
            where=str(project or PROJECT),
            do="Describe it, and each of its columns, in the YAML beside its model",
        )
    return described[name]


def columns(name: str, project: Path | None = None) -> tuple[Column, ...]:
    """The columns of a table, in its order. Raises ConfigError as ``table`` does."""
    return table(name, project).columns


def key(name: str, project: Path | None = None) -> tuple[str, ...]:
    """The columns that tell a table's rows apart. Raises ConfigError as ``table`` does."""
    return table(name, project).key


def tables(project: Path | None = None) -> Mapping[str, Table]:
    """Every described table by its name. Raises ConfigError when a YAML file of the project cannot be read."""
    return _tables(project or PROJECT)


@cache
def _tables(project: Path) -> Mapping[str, Table]:
    paths = sorted((*(project / "models").rglob("*.yml"), *(project / "seeds").rglob("*.yml")))
    return MappingProxyType({found.name: found for path in paths for found in _described(path, project)})


def _described(path: Path, project: Path) -> Iterator[Table]:
    where = path.relative_to(project.parent).as_posix()
    try:
        document = _read(path)
        for entry in (*document.get("models", ()), *document.get("seeds", ())):
            yield _table(entry["name"], entry, where)
        for source in document.get("sources", ()):
            for entry in source["tables"]:
                own = source["name"] in OWN
                yield _table(entry["name"] if own else f"{source['name']}.{entry['name']}", entry, where)
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"a table or column has no name ({error})", where=where, do="Write each as `- name: ...`, as dbt asks"
        ) from error


def _read(path: Path) -> Mapping[str, Any]:
    import yaml

    # The same reader on libyaml, where PyYAML was built with it, is ten times as fast; both build plain values only.
    loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader) or {}  # noqa: S506 (one of the two safe loaders)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"is not YAML ({' '.join(str(error).split())[:200]})", where=str(path)) from error


def _table(name: str, entry: Mapping[str, Any], where: str) -> Table:
    config = entry.get("config", {})
    types = config.get("column_types", {})
    return Table(
        name=name,
        title=_meta(entry).get("title", ""),
        description=entry.get("description", ""),
        columns=tuple(_column(column, types) for column in entry.get("columns", ())),
        key=_key(entry),
        where=where,
    )


def _column(entry: Mapping[str, Any], types: Mapping[str, str]) -> Column:
    return Column(
        name=entry["name"],
        type=entry.get("data_type") or types.get(entry["name"], ""),
        description=entry.get("description", ""),
        required=any(constraint["type"] == "not_null" for constraint in entry.get("constraints", ())),
        unit=_meta(entry).get("unit", ""),
        references=_references(entry),
    )


def _references(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """What a test of dbt holds a column to, else what its YAML says where dbt does not test it."""
    for test in _tests(entry):
        if isinstance(test, dict) and REFERENCE_TEST in test:
            given = test[REFERENCE_TEST]["arguments"]
            return given["to"].rstrip("')").rpartition("'")[2], given["field"]
    table, _, column = _meta(entry).get("references", "").rpartition(".")
    return (table, column) if table else None


def _meta(entry: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = entry.get("config", {}).get("meta", {})
    return found


def _key(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What a test says to be unique: the first column that is unique alone, else columns together."""
    alone = next(((column["name"],) for column in entry.get("columns", ()) if "unique" in _tests(column)), ())
    together = (test[GRAIN_TEST] for test in _tests(entry) if isinstance(test, dict) and GRAIN_TEST in test)
    return alone or next((tuple(test["arguments"]["columns"]) for test in together), ())


def _tests(entry: Mapping[str, Any]) -> Iterable[Any]:
    found: Iterable[Any] = entry.get("data_tests", ())
    return found
