"""From a publication's content to what its page shows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from publication.content import Content, Row
from publication.meta import PillarState
from publication.page.charts import share
from publication.page.indicators import CALIBRATED, indicators, simulated, state_mark
from publication.page.instruments import results
from publication.page.model import DataYears, Dimension, Improved, Index, Mark, Page, Pillar, Region
from publication.page.quality import findings, gates, sources
from publication.page.questions import asked
from publication.page.words import NO_INDEX, NO_VALUE, Text, clock, day, listed, number
from publication.paths import explanation_path, region_path, safe

FIRST_FILES = (
    ("marts.duckdb", Text("semua tabel, satu berkas DuckDB", "every table, one DuckDB file")),
    ("datapackage.json", Text("uraian tabel dan kolom", "tables and columns described")),
)
LAST_FILE = ("manifest.json", Text("sidik jari setiap berkas", "hash of every file"))


def page(content: Content, shown: Sequence[tuple[str, Text]]) -> Page:
    """Everything on the page. ``shown`` are files and folders (with a slash behind) that it names beside its own."""
    meta = content.meta
    rubrics = sorted({(row["rubric_version"], row["rubric_status"]) for row in content.question_scores})
    names = ", ".join(str(version) for version, _ in rubrics) or NO_VALUE
    rows = [
        *content.index_scores,
        *content.instrument_scores,
        *(row for mart in content.marts.values() for row in mart),
    ]
    return Page(
        publication_id=meta.publication_id,
        evaluation_id=meta.evaluation_id,
        created=clock(meta.created_at),
        regions=[_region(content, region) for region in content.regions],
        sources=sources(content),
        gates=gates(content),
        findings=findings(content),
        pillars=[_name(pillar) for pillar in content.pillars],
        rubric=Text(names, names),
        rubric_assumed=any(status != "official" for _, status in rubrics),
        any_synthetic=any(row["synthetic"] for row in rows),
        licence=meta.data_licence,
        files=[*FIRST_FILES, *(item for item in shown if not item[0].endswith("/")), LAST_FILE],
        folders=_folders(shown),
    )


def _folders(shown: Sequence[tuple[str, Text]]) -> list[tuple[Sequence[str], Text]]:
    """Those that hold the same stand together."""
    found: dict[Text, list[str]] = {}
    for path, text in shown:
        if path.endswith("/"):
            found.setdefault(text, []).append(path)
    return [(paths, text) for text, paths in found.items()]


def _name(row: Row) -> Text:
    return Text(str(row["name_id"]), str(row["name_en"]))


def _region(content: Content, region: Row) -> Region:
    code = str(region["region_code"])
    methods = {row["rule_set_id"]: row for row in content.rule_set_methods}
    found = content.of_region(content.index_scores, code)
    found.sort(key=lambda row: -int(methods.get(row["rule_set_id"], {}).get("year", 0)))
    by_basis = {basis: [row for row in found if row["basis"] == basis] for basis in ("reported", "computed")}
    reported = [
        _index(row, methods.get(row["rule_set_id"]), improved_from=_improved_from(row, by_basis["reported"], methods))
        for row in by_basis["reported"]
    ]
    computed = [
        _index(row, methods.get(row["rule_set_id"]), data_years=_data_years(content, row))
        for row in by_basis["computed"]
    ]
    rule_set = found[0]["rule_set_id"] if found else None
    return Region(
        code=code,
        bps_code=str(region.get("bps_code") or ""),
        anchor=f"daerah-{safe(code).replace('.', '-')}",
        name=str(region["region_name"]),
        province=str(region.get("province") or ""),
        document=region_path(code),
        reported=next(iter(reported), None),
        computed=next(iter(computed), None),
        dimensions=_dimensions(content, code, rule_set),
        pillars=[_pillar(content, code, pillar) for pillar in content.pillars],
        outside=asked(content, code, None),
        results=results(content, code),
    )


def _index(
    row: Row, method: Row | None, *, data_years: DataYears | None = None, improved_from: Improved | None = None
) -> Index:
    value, published, better = row["index_value"], row["published_value"], row.get("improvement")
    rule_set = str(row["rule_set_id"])
    sign = "+" if better is not None and better > 0 else ""
    text = number(better, 2)
    agrees = value is not None and value == published
    origin = simulated(row, "index_value")
    if origin is not None and agrees and row["basis"] == "reported":
        origin = CALIBRATED
    return Index(
        value=number(value, 2),
        share=share(value),
        published=number(published, 2) if published is not None else None,
        published_by=str(row["published_by"] or ""),
        agrees=agrees,
        why_missing=NO_INDEX[row["missing_because"]] if value is None else None,
        rule_set=_name(method) if method else Text(rule_set, rule_set),
        year=int(method["year"]) if method else 0,
        improvement=Text(f"{sign}{text.id}", f"{sign}{text.en}") if better is not None else None,
        improved_from=improved_from,
        origin=origin,
        evidence=explanation_path(row["region_code"]),
        data_years=data_years,
    )


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


def _data_years(content: Content, index: Row) -> DataYears | None:
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
        name=_name(dimension),
        weight=Text(f"{percent.id}%", f"{percent.en}%") if weight is not None else percent,
        reported=number(given, 2),
        reported_share=share(given),
        computed=number(found, 2),
        computed_share=share(found),
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
    return Pillar(
        id=pillar_id,
        anchor=f"daerah-{safe(code).replace('.', '-')}-{safe(pillar_id)}",
        name=_name(pillar),
        short=pillar_id.capitalize(),
        score=number(score, 2),
        share=share(score),
        scored=int(row["questions_scored"]) if row else 0,
        total=int(row["questions_total"]) if row else 0,
        state=_pillar_state(row, version, own),
        origin=simulated(row, "score"),
        version=version.state if version else "absent",
        since=day(version.held_since) if version else Text(NO_VALUE, NO_VALUE),
        reason=(version.held_reason or "") if version else "",
        indicators=own,
        asked=asked(content, code, pillar_id),
        missing=sum(item.state.kind != "measured" for item in own),
    )


def _pillar_state(row: Row | None, version: PillarState | None, own: Sequence[object]) -> Mark:
    if version is None or version.state == "absent" or not own:
        return state_mark("absent")
    if version.state == "held":
        since = day(version.held_since)
        return Mark("held", "‖", Text(f"ditahan sejak {since.id}", f"held since {since.en}"))
    return state_mark(str(row["state"]) if row else "missing")
