"""What can be asked for: each resource is a relation over the tables of a publication, with the names it has there.

A resource's ``details`` are the columns that need a key. ``within`` says which column tells of a row whether a key
is for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.project import Column, mart_of, pillar_ids, table
from ledger.sql import identifier

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
            details=("held_reason",),
            within={"regions": "region_code", "pillars": "pillar"},
        ),
        _one("scores/questions", "Scores of single questions", "scores.question_scores"),
        _one("scores/instruments", "What each party's answers to an instrument come to", "scores.instrument_scores"),
        _one("scores/answers", "Answers to the questions of an instrument", "scores.instrument_answers"),
        _one("gaps", "What the next score of a question takes", "scores.gaps"),
        _one("bands", "From which value a score is given", "reference.bands"),
        _one(
            "findings",
            "What contradicts itself or is doubtful in the data",
            "quality.findings",
            details=FINDING_DETAILS,
            within={"regions": "region_code", "opds": "owner"},
        ),
        _freshness(),
    )


FINDING_DETAILS = (
    *("owner", "subject", "field", "published", "recomputed", "against"),
    *("row_count", "batch_id", "page_no", "row_no"),
)


def _one(
    path: str, summary: str, name: str, *, details: tuple[str, ...] = (), within: Mapping[str, str] | None = None
) -> Resource:
    described = table(name.partition(".")[2])
    return Resource(
        path, summary, (name,), described.columns, described.key, "", frozenset(details), dict(within or {})
    )


def _pillars() -> Resource:
    described = table("pillars")
    more = (
        Column("state", TEXT, "current | held (an earlier version stands) | absent", False),
        Column("held_since", MOMENT, "since when an earlier version stands", False),
        Column("held_reason", TEXT, "why", False),
    )
    return Resource(
        "pillars",
        "The pillars, and whether their figures are current",
        ("reference.pillars", "meta.pillars"),
        (*described.columns, *more),
        ("id",),
        "(SELECT p.*, m.state, m.held_since, m.held_reason FROM reference.pillars p "
        "LEFT JOIN meta.pillars m ON m.pillar = p.id)",
        frozenset({"held_reason"}),
        {"pillars": "id"},
    )


def _values() -> Resource:
    marts = tuple(map(mart_of, pillar_ids()))
    described = table(marts[0])
    columns = (*described.columns, *table("promoted.marts").columns)
    names = ", ".join(identifier(column.name) for column in columns)
    union = " UNION ALL ".join(f"SELECT {names} FROM pillars.{identifier(mart)}" for mart in marts)
    return Resource(
        "values",
        "Every value of every indicator, by region and period: a region's history",
        tuple(f"pillars.{mart}" for mart in marts),
        columns,
        described.key,
        f"({union})",
        frozenset({"held_reason"}),
        {"regions": "region_code", "pillars": "pillar"},
    )


def _freshness() -> Resource:
    text = ("batch_id", "source_id", "opd", "system", "status", "coverage", "receipt_sha256", "note", "maturity")
    said = {
        "batch_id": "the batch: what one pull brought of one period",
        "source_id": "which source delivered it",
        "opd": "the agency",
        "system": "the agency's system",
        "status": "accepted | held | rejected | unchanged",
        "in_force": "whether figures rest on it",
        "coverage": "what it is about",
        "rows_received": "rows that came",
        "rows_landed": "rows that can be used",
        "rows_quarantined": "rows that were refused",
        "fetched_at": "when it was fetched",
        "receipt_sha256": "its receipt",
        "synthetic": "whether a simulator made it",
        "note": "what the gate said",
        "maturity": "provisional | final | revised",
    }

    def kind(name: str) -> str:
        if name in text:
            return TEXT
        return "BIGINT" if name.startswith("rows_") else MOMENT if name == "fetched_at" else "BOOLEAN"

    columns = tuple(Column(name, kind(name), what, name == "batch_id") for name, what in said.items())
    return Resource(
        "freshness",
        "The last deliveries of each source",
        ("meta.batches",),
        columns,
        ("batch_id",),
        "",
        frozenset({"rows_received", "rows_landed", "rows_quarantined", "receipt_sha256", "note"}),
        {"opds": "opd"},
    )
