"""The page of a region: what its leaders open on a phone, from the index down to each question."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial

from publication.content import Content, Row
from publication.meta import PillarState
from publication.page.attention import attention, late_or_held
from publication.page.changes import Before, changes
from publication.page.charts import INDEX_SCALE, SCORE_SCALE, place
from publication.page.frame import Material, Page
from publication.page.gaps import steps
from publication.page.indicators import indicators, simulated
from publication.page.instruments import results
from publication.page.model import DataYears, Dimension, Improved, Index, Pillar, Rank, Region
from publication.page.questions import asked
from publication.page.states import CALIBRATED, HELD, Mark, state_mark
from publication.page.words import NO_INDEX, NO_VALUE, Text, day, listed, named, number
from publication.paths import explanation_path, region_page, region_path, safe

FEW = Decimal("0.25")
"""A score of less than this share of a pillar's questions is shown as one of few."""


def pages(material: Material) -> Iterator[Page]:
    """A page for each region."""
    content = material.content
    several = len(content.regions) > 1
    for row in content.regions:
        name = Text(str(row["region_name"]), str(row["region_name"]))
        yield Page(
            region_page(row["region_code"]),
            "region.html.j2",
            name,
            partial(region, content, row, material.before),
            region_code=str(row["region_code"]),
            reads=_of_others(content, str(row["region_code"])),
            nav=None if several else name,
        )


def _of_others(content: Content, region_code: str) -> object:
    """What the page says that does not follow from its region's rows alone."""
    return [sorted(content.newest_years.items()), sorted(content.delivered), late_or_held(content, region_code)]


def region(content: Content, region: Row, before: Before | None) -> Region:
    """What the page of a region shows."""
    code = str(region["region_code"])
    methods = {row["rule_set_id"]: row for row in content.rule_set_methods}
    found = content.of_region(content.index_scores, code)
    found.sort(key=lambda row: -int(methods.get(row["rule_set_id"], {}).get("year", 0)))
    by_basis = {basis: [row for row in found if row["basis"] == basis] for basis in ("reported", "computed")}
    reported = [
        _index(
            content,
            row,
            methods.get(row["rule_set_id"]),
            improved_from=_improved_from(row, by_basis["reported"], methods),
        )
        for row in by_basis["reported"]
    ]
    computed = [
        _index(content, row, methods.get(row["rule_set_id"]), years=data_years(content, row))
        for row in by_basis["computed"]
    ]
    rule_set = found[0]["rule_set_id"] if found else None
    return Region(
        code=code,
        bps_code=str(region.get("bps_code") or ""),
        name=str(region["region_name"]),
        province=str(region.get("province") or ""),
        document=region_path(code),
        explanations=explanation_path(code),
        reported=next(iter(reported), None),
        computed=next(iter(computed), None),
        dimensions=_dimensions(content, code, rule_set),
        pillars=[_pillar(content, code, pillar) for pillar in content.pillars],
        outside=asked(content, code, None),
        outside_steps=steps(content, code, None),
        results=results(content, code),
        changes=changes(content, code, before),
        attention=attention(content, code),
    )


def rank(content: Content, index: Row) -> Rank | None:
    """An index's place in its cohort and between which places it surely lies; None where the publication has none."""
    names = ("region_code", "rule_set_id", "basis")
    rows = content.of_region(content.sureness, str(index["region_code"]))
    own = next((row for row in rows if all(row[name] == index[name] for name in names)), None)
    if own is None or own["rank"] is None:
        return None
    return Rank(*(int(own[name]) for name in ("rank", "regions_ranked", "rank_best", "rank_worst")))


def _index(
    content: Content,
    row: Row,
    method: Row | None,
    *,
    years: DataYears | None = None,
    improved_from: Improved | None = None,
) -> Index:
    value, published, better = row["index_value"], row["published_value"], row.get("improvement")
    rule_set = str(row["rule_set_id"])
    sign = "+" if better is not None and better > 0 else ""
    text = number(better, 2)
    agrees = value is not None and value == published
    return Index(
        value=number(value, 2),
        at=place(value, INDEX_SCALE),
        published=number(published, 2) if published is not None else None,
        published_by=str(row["published_by"] or ""),
        agrees=agrees,
        why_missing=NO_INDEX[row["missing_because"]] if value is None else None,
        rule_set=named(method) if method else Text(rule_set, rule_set),
        year=int(method["year"]) if method else 0,
        improvement=Text(f"{sign}{text.id}", f"{sign}{text.en}") if better is not None else None,
        improved_from=improved_from,
        origin=index_origin(row),
        data_years=years,
        rank=rank(content, row),
    )


def index_origin(row: Row) -> Mark | None:
    """Whether an index rests on simulated records, and whether those were made to agree with the published one."""
    origin = simulated(row, "index_value")
    agrees = row["index_value"] is not None and row["index_value"] == row["published_value"]
    return CALIBRATED if origin is not None and agrees and row["basis"] == "reported" else origin


def _improved_from(row: Row, results: Sequence[Row], methods: Mapping[str, Row]) -> Improved | None:
    """The previous year's result. By 'previous_resummed' an improvement is not the difference of the two results."""
    method = methods.get(row["rule_set_id"])
    if method is None or row.get("improvement") is None:
        return None
    year = int(method["year"]) - 1
    given = next(
        (
            item["index_value"]
            for item in results
            if item["rule_set_id"] in methods and int(methods[item["rule_set_id"]]["year"]) == year
        ),
        None,
    )
    resummed = row["index_value"] - row["improvement"]
    return Improved(year, number(given, 2), number(resummed, 2) if resummed != given else None)


def data_years(content: Content, index: Row) -> DataYears | None:
    """What years an estimate's data are of: a question takes its indicator's latest, not the rule set's year."""
    years = Counter(
        str(row["period"])[:4]
        for row in content.of_region(content.question_scores, str(index["region_code"]))
        if row["rule_set_id"] == index["rule_set_id"] and row["score"] is not None
    )
    if not years:
        return None
    (first, count), *others = sorted(years.items())
    rest = [f"{year} ({number})" for year, number in others]
    return DataYears(
        short=Text(", ".join(sorted(years)), ", ".join(sorted(years))),
        counted=listed(
            [
                Text(f"{first} ({count} pertanyaan)", f"{first} ({count} question{'s' if count > 1 else ''})"),
                *(Text(item, item) for item in rest),
            ]
        ),
    )


def _dimensions(content: Content, code: str, rule_set: str | None) -> list[Dimension]:
    own = [row for row in content.of_region(content.dimension_scores, code) if row["rule_set_id"] == rule_set]
    views = []
    for dimension in content.dimensions:
        rows = {row["basis"]: row for row in own if row["dimension"] == dimension["id"]}
        if rows:
            views.append(_dimension(dimension, rows.get("reported"), rows.get("computed")))
    return views


def _dimension(dimension: Row, reported: Row | None, computed: Row | None) -> Dimension:
    anyway: Row = reported or computed or {}
    weight: Decimal | None = anyway.get("weight")
    percent = number(weight * 100) if weight is not None else Text(NO_VALUE, NO_VALUE)
    from_indicators = computed is not None and computed.get("value_from", "computed") == "computed"
    given, found = (row["value"] if row else None for row in (reported, computed))
    return Dimension(
        name=named(dimension),
        weight=Text(f"{percent.id}%", f"{percent.en}%") if weight is not None else percent,
        reported=number(given, 2),
        reported_at=place(given, INDEX_SCALE),
        computed=number(found, 2),
        computed_at=place(found, INDEX_SCALE),
        from_indicators=from_indicators,
        scored=computed.get("questions_scored") if computed and from_indicators else None,
        total=computed.get("questions_total") if computed and from_indicators else None,
        applies=anyway.get("state") != "not_applicable",
        reported_origin=simulated(reported, "value"),
        computed_origin=simulated(computed, "value"),
    )


def _pillar(content: Content, code: str, pillar: Row) -> Pillar:
    pillar_id = str(pillar["id"])
    row = next((r for r in content.of_region(content.pillar_scores, code) if r["pillar"] == pillar_id), None)
    version = next((item for item in content.meta.pillars if item.pillar == pillar_id), None)
    score = row["score"] if row else None
    own = indicators(content, pillar_id, code)
    scored, total = (int(row["questions_scored"]), int(row["questions_total"])) if row else (0, 0)
    return Pillar(
        id=pillar_id,
        anchor=f"pilar-{safe(pillar_id)}",
        name=named(pillar),
        score=number(score, 2),
        at=place(score, SCORE_SCALE),
        scored=scored,
        total=total,
        coverage=round(100 * scored / total) if total else 0,
        few=score is not None and scored < FEW * total,
        state=_pillar_state(row, version, own),
        origin=simulated(row, "score"),
        version=version.state if version else "absent",
        reason=(version.held_reason or "") if version else "",
        indicators=own,
        asked=asked(content, code, pillar_id),
        missing=sum(item.state.kind != "measured" for item in own),
        steps=steps(content, code, pillar_id),
    )


def _pillar_state(row: Row | None, version: PillarState | None, own: Sequence[object]) -> Mark:
    if version is None or version.state == "absent" or not own:
        return state_mark("absent")
    if version.state == "held":
        since = day(version.held_since)
        return Mark(HELD.kind, HELD.symbol, Text(f"ditahan sejak {since.id}", f"held since {since.en}"))
    return state_mark(str(row["state"]) if row else "missing")
