"""How sure an index is: what it rests on, its range and that of its rank, and which differences mean nothing.

Everything is read from one file: a publication, or an evaluation before it is published. Ranks are among the regions
of the installation that have an index under the same rules (year and cohort) and on the same basis.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from definitions.exact import exact
from definitions.variations import Variations
from ledger.errors import PublicationError
from ledger.sql import literal, named_rows
from pilar.explanations.simulation import (
    Dimension,
    Entrant,
    Judged,
    Range,
    Rubric,
    Simulated,
    Weighing,
    score_of,
    simulate,
    thresholds_with_steps,
)
from publication.tables import opened_publication

if TYPE_CHECKING:
    import duckdb

Row = Mapping[str, Any]
KINDS = ("simulated", "assumed", "proxy", "contradicted", "missing")
"""What makes an index less sure. A figure may be several of these at once; ``assumed`` is its rubric."""


@dataclass(frozen=True, slots=True)
class Meaningless:
    """A region whose place before or behind another one says nothing: how often the order turned."""

    region: str
    turned: Fraction


@dataclass(frozen=True, slots=True)
class Sureness:
    """One index and how sure it is.

    - ``shares``: how much of the weight rests on each of ``KINDS``; ``missing`` is of all questions, the others of
      what the index was computed from. ``sure`` rests on none of them.
    - ``assumed_weights``: how much of the weight is itself assumed.
    - ``range`` is None where there is no index. ``of``: among how many regions it is ranked.
    - ``meaningless``: regions from which it does not differ in any way that means something. Of one region all are
      sought, in a list of regions only the next one below it.
    """

    region_code: str
    region_name: str
    rule_set: str
    year: int
    cohort: str
    basis: str
    shares: Mapping[str, Fraction]
    sure: Fraction
    assumed_weights: Fraction
    range: Range | None
    of: int
    meaningless: tuple[Meaningless, ...]


@dataclass(frozen=True, slots=True)
class Tables:
    """Where a file has what indices rest on, beside its schema ``scores``: definitions, and the table of findings."""

    definitions: str
    findings: str


PUBLISHED = Tables("reference", "quality.findings")
EVALUATED = Tables("definitions", "scores.findings")


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A part of an index with its weight, and what makes it less sure."""

    weight: Fraction
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Published:
    """The tables that say how indices came about."""

    indices: Sequence[Row]
    dimensions: Mapping[tuple[str, str, str], Sequence[Row]]
    questions: Mapping[tuple[str, str, str], Sequence[Row]]
    rubrics: Mapping[str, Sequence[Row]]
    rule_sets: Mapping[str, Sequence[Row]]
    methods: Mapping[str, Row]
    contradicted: frozenset[tuple[str, str]]


def sureness(folder: Path, variations: Variations, region: str | None = None) -> Sequence[Sureness]:
    """How sure every index of a publication is (those of one region, where given), by rules, basis and rank.

    One seed gives one result, byte for byte. Raises PublicationError where a published index does not follow from what
    the publication says of it.
    """
    with opened_publication(folder) as connection:
        return sureness_of(connection, PUBLISHED, variations, region)


def sureness_of(
    connection: "duckdb.DuckDBPyConnection",
    tables: Tables,
    variations: Variations,
    region: str | None = None,
    *,
    apart: Collection[str] = (),
) -> Sequence[Sureness]:
    """As ``sureness``, of a file that is open: a publication's, or an evaluation's before it is published.

    ``apart``: regions that the others are not ranked with.
    """
    published = _read(connection, tables)
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in published.indices:
        if row["region_code"] not in apart:
            groups[row["rule_set_id"], row["basis"]].append(row)
    found = []
    for (rule_set, basis), rows in sorted(groups.items()):
        simulated = _simulated(published, rows, rule_set, variations)
        ranges = simulated.ranges()
        _must_follow(rows, ranges, rule_set, basis)
        ordered = sorted(ranges, key=lambda code: (ranges[code].rank, code))
        others = {code: ordered if region else ordered[place : place + 1] for place, code in enumerate(ordered, 1)}
        told = {
            row["region_code"]: _told(published, row, ranges, _meaningless(row, others, simulated, variations))
            for row in rows
            if region in (None, row["region_code"])
        }
        found += [told[code] for code in [*ordered, *sorted(told.keys() - ranges.keys())] if code in told]
    return found


# -- ranges ------------------------------------------------------------------------------------------------------------


def _simulated(published: _Published, rows: Iterable[Row], rule_set: str, variations: Variations) -> Simulated:
    entrants = [
        Entrant(row["region_code"], tuple(_dimensions(published, row, variations)))
        for row in rows
        if row["index_value"] is not None
    ]
    weights = published.rule_sets[rule_set]
    weighing = Weighing(
        rule_set,
        {row["dimension"]: exact(row["weight"]) for row in weights},
        {row["dimension"]: variations.weights.percent[row["origin"]] for row in weights},
        parts_rounded=published.methods[rule_set]["component_rounding"],
    )
    return simulate(entrants, weighing, variations.draws, variations.seed)


def _dimensions(published: _Published, row: Row, variations: Variations) -> Iterator[Dimension]:
    for one in _weighed(published, row):
        if one["value_from"] == "computed":
            scored = [asked for asked in _asked(published, one) if asked["score"] is not None]
            yield Dimension(one["dimension"], None, tuple(_judged(published, asked, variations) for asked in scored))
        else:
            yield Dimension(one["dimension"], exact(one["value"]))


def _weighed(published: _Published, row: Row) -> Sequence[Row]:
    own = published.dimensions[row["region_code"], row["rule_set_id"], row["basis"]]
    return [one for one in own if one["weight"] is not None]


def _asked(published: _Published, dimension: Row) -> Sequence[Row]:
    return published.questions.get((dimension["region_code"], dimension["rule_set_id"], dimension["dimension"]), ())


def _judged(published: _Published, asked: Row, variations: Variations) -> Judged:
    bands = published.rubrics[asked["question_key"]]
    varied = asked["rubric_status"] == "assumed" and asked["unit"] not in variations.thresholds.fixed_units
    starts = [(exact(band["lower"]), bool(band["lower_inclusive"])) for band in bands[1:]]
    # One rubric scores many questions: its thresholds shift together.
    series = f"rubric {bands[0]['basis']} {asked['rubric_version']} {starts}"
    step = variations.thresholds.step if varied else Fraction(0)
    rubric = Rubric(tuple(thresholds_with_steps(starts, step, series)), tuple(exact(band["score"]) for band in bands))
    judged = Judged(exact(asked["value"]), rubric)
    if score_of(judged) != asked["score"]:
        raise _does_not_follow(f"the score of {asked['question_key']}, region {asked['region_code']}")
    return judged


def _must_follow(rows: Iterable[Row], ranges: Mapping[str, Range], rule_set: str, basis: str) -> None:
    for row in rows:
        if row["index_value"] is not None and ranges[row["region_code"]].nominal != row["index_value"]:
            raise _does_not_follow(f"the {basis} index of region {row['region_code']} under {rule_set}")


def _does_not_follow(what: str) -> PublicationError:
    return PublicationError(
        f"{what} does not follow from what the publication says of it",
        do="Evaluate again with this version; `pilar verify` tells whether the publication was altered",
    )


# -- what it rests on --------------------------------------------------------------------------------------------------


def _told(published: _Published, row: Row, ranges: Mapping[str, Range], meaningless: Iterable[Meaningless]) -> Sureness:
    leaves, missing = _leaves(published, row)
    method, weights = published.methods[row["rule_set_id"]], published.rule_sets[row["rule_set_id"]]
    shares = {kind: sum((one.weight for one in leaves if kind in one.kinds), Fraction(0)) for kind in KINDS[:-1]}
    return Sureness(
        region_code=row["region_code"],
        region_name=row["region_name"],
        rule_set=row["rule_set_id"],
        year=method["year"],
        cohort=method["cohort"],
        basis=row["basis"],
        shares={**shares, "missing": missing},
        sure=sum((one.weight for one in leaves if not one.kinds), Fraction(0)),
        assumed_weights=sum((exact(one["weight"]) for one in weights if one["origin"] == "assumed"), Fraction(0)),
        range=ranges.get(row["region_code"]),
        of=len(ranges),
        meaningless=tuple(meaningless),
    )


def _leaves(published: _Published, row: Row) -> tuple[Sequence[_Leaf], Fraction]:
    """The figures that an index was computed from, and the share of the weight of questions that have none."""
    leaves, missing = [], Fraction(0)
    for one in _weighed(published, row):
        weight = exact(one["weight"])
        if one["value"] is None:
            missing += weight
        elif one["value_from"] == "computed":
            scored = [asked for asked in _asked(published, one) if asked["score"] is not None]
            missing += weight * (1 - Fraction(len(scored), one["questions_total"]))
            leaves += [_Leaf(weight / len(scored), frozenset(_kinds(published, asked))) for asked in scored]
        else:
            leaves.append(_Leaf(weight, frozenset(("simulated",) if one["synthetic"] else ())))
    return leaves, missing


def _kinds(published: _Published, asked: Row) -> Iterator[str]:
    if asked["synthetic"]:
        yield "simulated"
    if asked["rubric_status"] == "assumed":
        yield "assumed"
    if asked["relation"] == "proxy":
        yield "proxy"
    if (asked["region_code"], asked["indicator_id"]) in published.contradicted:
        yield "contradicted"


def _meaningless(
    row: Row, others: Mapping[str, Sequence[str]], simulated: Simulated, variations: Variations
) -> Iterator[Meaningless]:
    region, values = row["region_code"], simulated.values
    for other in others.get(region, ()):
        if other == region:
            continue
        higher, lower = sorted((region, other), key=lambda code: values[code][0], reverse=True)
        turned = simulated.turns(higher, lower)
        if values[region][0] == values[other][0] or turned * 100 > variations.order_turns_percent:
            yield Meaningless(other, turned)


# -- reading -----------------------------------------------------------------------------------------------------------


def _read(connection: "duckdb.DuckDBPyConnection", tables: Tables) -> _Published:
    def rows(query: str) -> list[dict[str, Any]]:
        return named_rows(connection.execute(query))

    def defined(name: str, order: str, by: str) -> Mapping[str, Sequence[Row]]:
        found = _grouped(rows(f"from {tables.definitions}.{name} order by {order}"), by)
        return {key[0]: own for key, own in found.items()}

    return _Published(
        indices=rows("from scores.index_scores order by region_code"),
        dimensions=_grouped(rows("from scores.dimension_scores order by all"), "region_code", "rule_set_id", "basis"),
        questions=_grouped(
            rows("from scores.question_scores order by question_key"), "region_code", "rule_set_id", "dimension"
        ),
        rubrics={name: sorted(bands, key=_from_low) for name, bands in defined("bands", "all", "question_key").items()},
        rule_sets=defined("rule_sets", "dimension", "rule_set_id"),
        methods={name: own[0] for name, own in defined("rule_set_methods", "all", "rule_set_id").items()},
        contradicted=frozenset(_contradicted(connection, tables.findings)),
    )


def _from_low(band: Row) -> tuple[bool, Fraction, bool]:
    lower = band["lower"]
    return lower is not None, exact(lower) if lower is not None else Fraction(0), not band["lower_inclusive"]


def _contradicted(connection: "duckdb.DuckDBPyConnection", findings: str) -> Iterator[tuple[str, str]]:
    """The regions and indicators of which a figure is contradicted by another one."""
    schema, _, name = findings.partition(".")
    known = connection.execute(
        f"from duckdb_tables() where schema_name = {literal(schema)} and table_name = {literal(name)}"
    ).fetchone()
    if known is not None:
        query = f"from {findings} where severity = 'contradiction' and region_code is not null"
        for row in named_rows(connection.execute(query)):
            yield row["region_code"], str(row["subject"])


def _grouped(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return found
