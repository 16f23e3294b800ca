"""The rows of a pillar's tables: indicators with their marks."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from publication.content import Content, Row
from publication.page.charts import Line, axes_of, band_scale, line
from publication.page.model import Indicator
from publication.page.states import CALIBRATED, DIFFERS, EQUAL, INCOMPLETE, SYNTHETIC, Mark, state_mark
from publication.page.words import RANGES, Text, amount, number, period, source
from publication.paths import indicator_page

YEARS = 8
"""A chart goes no further back."""
DIRECTIONS = {
    "higher": Text("Makin tinggi makin baik", "Higher is better"),
    "lower": Text("Makin rendah makin baik", "Lower is better"),
}


def simulated(row: Row | None, column: str) -> Mark | None:
    """The mark of a figure that rests on simulated records."""
    return SYNTHETIC if row is not None and row["synthetic"] and row[column] is not None else None


def indicators(content: Content, pillar: str, region_code: str) -> list[Indicator]:
    """A pillar's indicators in one region, in the order of their definitions."""
    rows = content.of_region(content.marts.get(pillar, []), region_code)
    scores = {row["indicator_id"]: row for row in content.of_region(content.question_scores, region_code)}
    history = _history(content, rows, scores)
    by_indicator: dict[object, list[Row]] = {}
    for row in rows:
        by_indicator.setdefault(row["indicator_id"], []).append(row)
    views = []
    for definition in (item for item in content.indicators.values() if item["pillar"] == pillar):
        own = sorted(by_indicator.get(definition["id"], ()), key=lambda row: str(row["period"]))
        if own:
            score = scores.get(definition["id"])
            drawn = history.get(str(definition["id"]))
            views.append(
                _indicator(
                    content, definition, own, score, drawn=drawn, nowhere=definition["id"] not in content.delivered
                )
            )
    return views


def value_state(content: Content, row: Row) -> Mark:
    """The state of a region's figure: one that was sent without its parts is not one that nobody sent."""
    if row["state"] == "missing" and row["batch_ids"]:
        for found in content.of_region(content.findings, str(row["region_code"])):
            if found["rule"] == "published_without_parts" and found["batch_id"] in row["batch_ids"]:
                return INCOMPLETE
    return mark_of(content, str(row["state"]), str(row["indicator_id"]))


def _history(content: Content, rows: Sequence[Row], scores: Mapping[str, Row]) -> Mapping[str, Line]:
    """A chart for each indicator with several values: the same years for all, one axis for a unit."""
    values: dict[str, list[tuple[str, Decimal]]] = {}
    for row in sorted(rows, key=lambda row: str(row["period"])):
        if row["value"] is not None and str(row["period"])[:4].isdigit():
            values.setdefault(str(row["indicator_id"]), []).append((str(row["period"]), row["value"]))
    values = {name: own for name, own in values.items() if len(own) > 1 and name in content.indicators}
    if not values:
        return {}
    units: dict[str, list[Decimal]] = {}
    for name, own in values.items():
        # Of what has no unit of shared meaning each has its own axis: a count of meetings is none of applications.
        units.setdefault(_axis(content, name), []).extend(value for _, value in own)
    axes = axes_of(units)
    years = [int(period[:4]) for own in values.values() for period, _ in own]
    last = max(years)
    span = (max(min(years), last - YEARS + 1), last)
    charts = {}
    for name, own in values.items():
        definition, score = content.indicators[name], scores.get(name)
        unit = str(definition["unit"])
        shown = [(period, value) for period, value in own if int(period[:4]) >= span[0]]
        chart = line(
            shown,
            span,
            axes[_axis(content, name)],
            target(
                content.bands_of(str(score["question_key"]), str(score["rubric_version"])),
                str(definition["direction"]),
            )
            if score is not None
            else None,
            _level(unit),
        )
        if chart is not None:
            charts[name] = chart
    return charts


def _level(unit: str) -> Callable[[Decimal], Text]:
    """How a level of an axis is written: the unit of what is no percentage stands beside the value already."""
    return lambda level: amount(level, unit if unit in ("%", "rupiah") else "indeks", None)


def _axis(content: Content, indicator_id: str) -> str:
    unit = str(content.indicators[indicator_id]["unit"])
    return unit if unit == "%" or unit.startswith(RANGES) else f"{indicator_id} {unit}"


def target(bands: Sequence[Row], direction: str) -> Decimal | None:
    """Where the highest score begins."""
    if not bands:
        return None
    highest = max(band["score"] for band in bands)
    best = [band for band in bands if band["score"] == highest]
    edge = "upper" if direction == "lower" else "lower"
    edges = [band[edge] for band in best if band[edge] is not None]
    if not edges:
        return None
    found: Decimal = max(edges) if edge == "upper" else min(edges)
    return found


def older(content: Content, score: Row | None) -> Text | None:
    """Why a question has no score where the region has data: another region's are of a newer year."""
    if score is None or score["state"] != "missing":
        return None
    definition = content.indicators[str(score["indicator_id"])]
    year = content.newest_years.get(str(score["indicator_id"]), "")
    known = [
        row
        for row in content.of_region(content.marts.get(str(definition["pillar"]), []), str(score["region_code"]))
        if row["indicator_id"] == score["indicator_id"] and row["value"] is not None and str(row["period"])[:4] < year
    ]
    if not known:
        return None
    last = max(known, key=lambda row: str(row["period"]))
    value = amount(last["value"], str(definition["unit"]), int(definition["dp"]))
    at = period(last["period"])
    return Text(
        f"dinilai untuk tahun {year}, tahun terbaru yang ada pada salah satu daerah; "
        f"daerah ini terakhir {value.id} ({at.id})",
        f"scored for {year}, the latest year that any region has; this region's last is {value.en} ({at.en})",
    )


def band_text(band: Row, unit: str) -> Text:
    """A band as its edges: ≥ 70 – < 80."""

    def edge(value: Decimal | None, symbols: tuple[str, str], inclusive: bool) -> Text | None:
        if value is None:
            return None
        text, suffix = number(value), "%" if unit == "%" else ""
        symbol = symbols[0] if inclusive else symbols[1]
        return Text(f"{symbol} {text.id}{suffix}", f"{symbol} {text.en}{suffix}")

    found = [
        edge(band["lower"], ("≥", ">"), bool(band["lower_inclusive"])),
        edge(band["upper"], ("≤", "<"), bool(band["upper_inclusive"])),
    ]
    edges = [item for item in found if item is not None]
    return Text(" – ".join(item.id for item in edges), " – ".join(item.en for item in edges))


def _indicator(
    content: Content, definition: Row, rows: Sequence[Row], score: Row | None, *, drawn: Line | None, nowhere: bool
) -> Indicator:
    latest = rows[-1]
    unit, places = str(definition["unit"]), int(definition["dp"])
    scored = score if score is not None and score["period"] == latest["period"] else None
    bands = content.bands_of(scored["question_key"], scored["rubric_version"]) if scored else []
    published = latest["published_value"]
    return Indicator(
        id=str(definition["id"]),
        page=indicator_page(definition["id"]),
        name=Text(str(definition["name_id"]), str(definition["name_en"])),
        value=amount(latest["value"], unit, places),
        parts=_parts(latest, definition),
        period=period(latest["period"]),
        state=value_state(content, latest),
        marks=list(_marks(latest, places)),
        published=_published(content, latest, unit, places) if published is not None else None,
        source=source(str(definition["source_text"])),
        scale=band_scale(bands, latest["value"]),
        older=older(content, score),
        answers=score is not None,
        nowhere=nowhere,
        score=number(scored["score"]) if scored and scored["score"] is not None else None,
        chart=drawn,
    )


def mark_of(content: Content, state: str, indicator_id: str) -> Mark:
    """The state of an indicator's figure, and which counts are hidden where it is."""
    own = [row for row in content.suppression if row["indicator_id"] == indicator_id]
    return state_mark(state, threshold(content, indicator_id), related=any(row["together"] for row in own))


def threshold(content: Content, indicator_id: str) -> int | None:
    """The smallest count of people of an indicator that may be shown."""
    own = [row["threshold"] for row in content.suppression if row["indicator_id"] == indicator_id]
    return max((int(least) for least in own if least is not None), default=None)


def _parts(row: Row, definition: Row) -> Text | None:
    """The numerator and denominator of a ratio: a part of a whole, or one number against another."""
    if row["numerator"] is None or row["denominator"] is None or row["value"] is None:
        return None
    money = "rupiah" in str(definition["numerator"] or "")
    part, whole = (
        amount(row[key], "rupiah", None) if money else number(row[key]) for key in ("numerator", "denominator")
    )
    within = row["value"] >= 0 and row["numerator"] <= row["denominator"]
    joined = Text("dari", "of") if within else Text("terhadap", "against")
    made = Text(" (simulasi)", " (simulated)") if row["synthetic"] else Text("", "")
    return Text(f"{part.id} {joined.id} {whole.id}{made.id}", f"{part.en} {joined.en} {whole.en}{made.en}")


def _marks(row: Row, places: int) -> Sequence[Mark]:
    """Where a figure comes from: simulated records, simulated to reproduce a published figure, at odds with it."""
    value, published = row["value"], row["published_value"]
    half = Decimal(5).scaleb(-places - 1)
    agrees = value is not None and published is not None and abs(value - published) <= half
    marks = []
    if row["synthetic"] and row["state"] != "missing":
        marks.append(CALIBRATED if agrees else SYNTHETIC)
    if agrees:
        marks.append(EQUAL)
    elif published is not None and value is not None:
        marks.append(DIFFERS)
    return marks


def _published(content: Content, row: Row, unit: str, places: int) -> Text:
    text = amount(row["published_value"], unit, places)
    by = str(row["published_by"] or "")
    key = ("indicator_id", "region_system", "region_code", "period")
    own = content.of_region(content.published_figures, str(row["region_code"]))
    printed = next((item for item in own if all(item[k] == row[k] for k in key)), None)
    if printed is not None and printed["numerator"] is not None and printed["denominator"] is not None:
        part, whole = number(printed["numerator"]), number(printed["denominator"])
        text = Text(f"{text.id}, {part.id} dari {whole.id}", f"{text.en}, {part.en} of {whole.en}")
    return Text(f"angka terbit {text.id} ({by})", f"published figure {text.en} ({by})")
