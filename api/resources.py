"""What can be asked for: each resource is a relation over the tables of a publication, with the names it has there.

A resource's ``details`` need a key (`publication/levels.py`). ``within`` says which column tells of
a row whether a key is for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.project import Column, table
from ledger.sql import identifier
from publication.levels import details_of
from publication.provenance import described
from publication.tables import ALL_INDICATORS, shown_columns

TEXT = "VARCHAR"
MOMENT = "TIMESTAMPTZ"


@dataclass(frozen=True, slots=True)
class Resource:
    """``tables`` are those it is made from; ``sql`` joins them, where it is not one table as it stands."""

    path: str
    summary: str
    tables: tuple[str, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sql: str = ""
    details: frozenset[str] = frozenset()
    within: Mapping[str, str] = field(default_factory=dict)

    @property
    def relation(self) -> str:
        """What DuckDB reads."""
        return self.sql or qualified(self.tables[0])

    def column(self, name: str) -> Column | None:
        """A column by its name, None where there is none."""
        return next((column for column in self.columns if column.name == name), None)


def qualified(name: str) -> str:
    """A table's name in the publication's file, each part quoted."""
    return ".".join(map(identifier, name.split(".")))


def resources() -> tuple[Resource, ...]:
    """Every resource that is read from tables. Raises ConfigError when the project does not describe one."""
    return (
        _one("regions", "Regencies and cities that are evaluated", "reference.regions"),
        _pillars(),
        _one("indicators", "What is measured, with its definition, unit and owner", "reference.indicators"),
        _one("questions", "What the instruments ask", "reference.questions"),
        _values(),
        _one("scores/index", "The index of each region", "scores.index_scores"),
        _one("scores/dimensions", "Scores by dimension", "scores.dimension_scores"),
        _one(
            "scores/pillars",
            "Scores by pillar, with how many of its questions are scored",
            "scores.pillar_scores",
            within={"regions": "region_code", "pillars": "pillar"},
        ),
        _one("scores/questions", "Scores of single questions", "scores.question_scores"),
        _one("scores/instruments", "What each party's answers to an instrument come to", "scores.instrument_scores"),
        _one(
            "scores/answers",
            "Answers to the questions of an instrument",
            "scores.instrument_answers",
            within={"regions": "region_code"},
        ),
        _one("gaps", "What the next score of a question takes", "scores.gaps"),
        _one("bands", "From which value a score is given", "reference.bands"),
        _one(
            "findings",
            "What contradicts itself or is doubtful in the data",
            "quality.findings",
            within={"regions": "region_code", "opds": "owner"},
        ),
        _freshness(),
    )


def _one(path: str, summary: str, name: str, *, within: Mapping[str, str] | None = None) -> Resource:
    found = table(name.partition(".")[2])
    columns = shown_columns(found)
    return Resource(path, summary, (name,), columns, found.key, "", details_of(name), dict(within or {}))


def _pillars() -> Resource:
    pillars, states = table("pillars"), described("pillars")
    more = (column for column in states.columns if column.name in ("state", "held_since", "held_reason"))
    return Resource(
        "pillars",
        "The pillars, and whether their figures are current",
        ("reference.pillars", "meta.pillars"),
        (*pillars.columns, *more),
        ("id",),
        "(SELECT p.*, m.state, m.held_since, m.held_reason FROM reference.pillars p "
        "LEFT JOIN meta.pillars m ON m.pillar = p.id)",
        details_of("meta.pillars"),
        {"pillars": "id"},
    )


def _values() -> Resource:
    described = table(f"published.{ALL_INDICATORS}")
    return Resource(
        "values",
        "Every value of every indicator, by region and period: a region's history",
        (f"pillars.{ALL_INDICATORS}",),
        shown_columns(described),
        described.key,
    )


def _freshness() -> Resource:
    batches = described("batches")
    return Resource(
        "freshness",
        "The last deliveries of each source",
        ("meta.batches",),
        batches.columns,
        batches.key,
        "",
        details_of("meta.batches"),
        {"opds": "opd"},
    )
