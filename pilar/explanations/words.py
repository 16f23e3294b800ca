"""An explanation in words: short lines, from the index down to the bytes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from definitions.instrument import INDEX
from ledger.names import agency_name
from ledger.wording import moment

Document = Mapping[str, Any]
Line = tuple[str, str]
"""What a line is about, and what it says."""

NONE = "missing"


def of_question(document: Document, sheet: Document, question: Document) -> Iterator[Line]:
    """The chain of one question: index, dimension, score, value, parts, records, batches, and the gap."""
    yield from _index(sheet)
    top = node_of(sheet, question["dimension"])
    if top is not None:
        yield _dimension(sheet, top)
    yield "question", f"{question['text']['en']} ({question['code']})"
    yield "owner", _owner(question)
    if question.get("score") is None or question["state"] not in ("measured", "given", "taken_over"):
        yield "score", _number(question.get("score"))
        yield "why", _why(sheet, question)
    else:
        yield "score", _score(question)
        yield from _rubric(question)
    yield from _value(question)
    yield from _batches(document, question)
    yield from gap_lines(question)


def of_node(sheet: Document, node: Document) -> Iterator[Line]:
    """The index or a part of it: what it follows from, the questions that count, and what is missing."""
    yield from _index(sheet)
    if node["id"] != INDEX:
        yield _dimension(sheet, node)
    children = [child["question"] for child in node.get("children", ()) if "question" in child]
    yield from _questions(sheet, [one for one in sheet["questions"] if one["key"] in children])


def of_pillar(sheet: Document, pillar: Document) -> Iterator[Line]:
    """A pillar: the mean of the scores of its questions."""
    yield from _index(sheet)
    own = [one for one in sheet["questions"] if one.get("pillar") == pillar["pillar"]]
    scored = [one for one in own if one.get("score") is not None]
    yield (
        pillar["pillar"],
        f"{_value_text(pillar['score'])} = mean of {len(scored)} scored questions of {pillar['questions_total']}",
    )
    if pillar["held_since"] is not None:
        yield "held", f"since {pillar['held_since']}: the last good version stays"
    yield from _questions(sheet, own)


def gap_lines(question: Document) -> Iterator[Line]:
    """What the next band takes, and what reaching it would do."""
    gap = question.get("gap")
    if gap is None:
        return
    if gap["state"] != "reachable":
        said = {"highest": "none: no band scores more", "out_of_reach": "no possible value scores more"}
        yield "gap", said[gap["state"]]
        return
    yield "gap", gap_words(gap)
    yield "then", effect_words(gap)


def gap_words(gap: Document) -> str:
    """``75.01 % in place of 63.21: 3,540 more (households) of 29,995 give 75.01; score 3 -> 4``."""
    score = f"score {gap['score']} -> {gap['next_score']}"
    return f"{needed_words(gap)}; {score}" if "value_needed" in gap else score


def needed_words(gap: Document) -> str:
    """The value that is needed, and the count that gives it where there is one."""
    words = f"{gap['value_needed']} {gap['unit']} in place of {gap['value']}"
    if "more" not in gap:
        return words
    counted = gap["counts"]["en"] if gap["counts"] else "in the numerator"
    more = f"{abs(gap['more']):,} {'more' if gap['more'] > 0 else 'fewer'} ({counted})"
    return f"{words}: {more} of {gap['denominator']:,} give {gap['value_reached']}"


def effect_words(gap: Document) -> str:
    """What pillar, dimension and index become."""
    parts = [
        f"{gap[name]['id']} {_value_text(gap[name]['before'])} -> {_value_text(gap[name]['after'])}"
        for name in ("pillar", "dimension", "index")
        if gap[name]["id"] is not None
    ]
    return ", ".join(parts)


def node_of(sheet: Document, name: str) -> Document | None:
    """A node of a sheet by its id; None where it weighs nothing for the region."""
    return next((node for node in sheet["nodes"] if node["id"] == name), None)


def _index(sheet: Document) -> Iterator[Line]:
    node = node_of(sheet, INDEX)
    assert node is not None
    more = f" ({sheet['predicate']})" if sheet.get("predicate") else ""
    yield "index", f"{_value_text(node['value'])}{more}{_follows(sheet, node)}"
    if sheet.get("published_value") is not None:
        yield "published", f"{sheet['published_value']} by {sheet['published_by']}"
    if node["value"] is None:
        lost = [child["node"] for child in node.get("children", ()) if _value_of(sheet, child["node"]) is None]
        yield "why", f"{sheet.get('missing_because') or 'not computed'}: without a value are {', '.join(lost) or '-'}"


def _dimension(sheet: Document, node: Document) -> Line:
    if node["given"]:
        return node["id"], f"{_value_text(node['value'])}, as it was given: not computed from questions"
    return node["id"], f"{_value_text(node['value'])}{_follows(sheet, node)}"


def _follows(sheet: Document, node: Document) -> str:
    follows, children = node.get("follows"), node.get("children", ())
    if follows is None or not children:
        return "" if follows is None else f", by the method {follows['rule']}"
    asked = [child for child in children if "question" in child]
    how = {"half_up": "half up", "half_even": "half to even"}[sheet["rounding"]["mode"]]
    decimals = follows["decimals"] if follows.get("decimals") is not None else sheet["rounding"]["decimals"]
    rounded = f", {how} to {decimals} decimals"
    if asked:
        scores = {one["key"]: one.get("score") for one in sheet["questions"]}
        counted = sum(scores.get(child["question"]) is not None for child in asked)
        return f" = {_rule(follows['rule'])} of {counted} scored questions of {len(asked)}{rounded}"
    parts = " + ".join(_weighed(sheet, child) for child in children)
    if follows.get("components") == "rounded":
        rounded = f", each rounded {how} before the sum"
    return f" = {_rule(follows['rule'])} of {parts}{rounded}"


def _weighed(sheet: Document, child: Document) -> str:
    weight = f"{child['weight']} x " if "weight" in child else ""
    return f"{weight}{child['node']} {_value_text(_value_of(sheet, child['node']))}"


def _value_of(sheet: Document, name: str) -> Decimal | None:
    node = node_of(sheet, name)
    return None if node is None else node["value"]


def _rule(rule: str) -> str:
    return "mean" if rule == "mean_of_answered" else rule.replace("_", " ")


def _score(question: Document) -> str:
    simulated = ", from simulated records" if question.get("synthetic") else ""
    said = f", answered {question['said']}" if question.get("said") is not None else ""
    taken = ", taken over from another instrument" if question["state"] == "taken_over" else ""
    return f"{_number(question['score'])}{said}{taken}{simulated}"


def _rubric(question: Document) -> Iterator[Line]:
    rubric = question.get("rubric")
    if rubric is None:
        return
    origin = {"assumed": "assumed, not official", "official": "official"}.get(rubric["status"], rubric["status"])
    if "value" in question and "bands" in rubric:
        bands = [band for band in rubric["bands"] if str(band["score"]) == str(question["score"])]
        yield "band", " or ".join(map(_bounds, bands))
    yield "rubric", f"{rubric['version']}, {origin}: {rubric['basis']}"


def _bounds(band: Document) -> str:
    words = [f"{word} {band[word]}" for word in ("from", "above", "to", "below") if word in band]
    return " ".join(words) or "every value"


def _value(question: Document) -> Iterator[Line]:
    indicator = question.get("indicator")
    if indicator is None:
        return
    yield "indicator", f"{indicator['name']['en']} ({indicator['id']})"
    if question.get("value") is not None:
        proxy = ", a proxy: not what the question asks" if question.get("relation") == "proxy" else ""
        basis = "taken over as published" if question.get("basis") == "taken_over" else "computed"
        yield "value", f"{question['value']} {indicator['unit']} of {question['period']}, {basis}{proxy}"
        if question.get("denominator") is not None:
            yield "formula", _formula(question)
    if question.get("held_since") is not None:
        yield "held", f"its pillar is held since {question['held_since']}: this is its last good version"
    if question.get("published_value") is not None and question.get("basis") != "taken_over":
        yield "published", f"{question['published_value']} by {question['published_by']}"
    for name, text in indicator["parts"].items():
        if text is not None:
            yield name, text["en"]
    yield "defined", indicator["definition"]["en"]
    yield "basis", indicator["cites"]
    yield "records", ", ".join(indicator["records"])


def _formula(question: Document) -> str:
    indicator, n, d = question["indicator"], question["numerator"], question["denominator"]
    if indicator["formula"] == "growth":
        return f"100 x ({n} - {d}) / {d}, half up to {indicator['decimals']} decimals"
    return f"{indicator['factor']} x {n} / {d}, half up to {indicator['decimals']} decimals"


def _batches(document: Document, question: Document) -> Iterator[Line]:
    for name in question.get("batches", ()):
        batch = document["batches"].get(name)
        if batch is None:
            yield "batch", f"{name}: not described in this publication"
            continue
        simulated = ", simulated" if batch["synthetic"] else ""
        yield "source", f"{batch['source']} of {agency_name(batch['opd'])}, {batch['system'] or 'system'}{simulated}"
        yield "batch", f"{name}, coverage {batch['coverage']}, fetched {_moment(batch['fetched_at'])}"
        landed = "not told (few people)" if batch["rows_landed"] is None else batch["rows_landed"]
        yield (
            "rows",
            f"{landed} landed, {batch['rows_quarantined']} refused, of {batch['pages']} pages "
            f"with {batch['bytes']} bytes",
        )
        yield "receipt", str(batch["receipt_sha256"] or "none")
        yield "check", f"{batch['trace']} --show"
        yield "", batch["verify"]


def _moment(at: str) -> str:
    return moment(datetime.fromisoformat(at))


def _questions(sheet: Document, questions: Sequence[Document]) -> Iterator[Line]:
    scored = [one for one in questions if one.get("score") is not None]
    for one in scored:
        yield one["key"], f"{_number(one['score'])}  {one['text']['en']}"
    lost: dict[str, list[str]] = {}
    for one in questions:
        if one.get("score") is None:
            lost.setdefault(_why(sheet, one), []).append(one["key"])
    for why, keys in lost.items():
        yield "unanswered", f"{len(keys)}: {why} {', '.join(keys)}"


def _why(sheet: Document, question: Document) -> str:
    why = question.get("why")
    if why is None:
        return "-"
    by = f" From {question['by']}." if question.get("by") and why == "waiting" else ""
    if why == "no_indicator":
        by = f" The instrument has it answered as: {question['answered']}."
    more = f" {question['reason']}." if question.get("reason") else ""
    return f"{sheet['why'][why]['en']}{more}{by}"


def _owner(question: Document) -> str:
    if question.get("owner"):
        return agency_name(question["owner"])
    return question.get("by") or f"nobody is named; it is answered by {question['answered']}"


def _value_text(value: Decimal | int | None) -> str:
    """A rounded value, with the two decimals that documents leave out where they are noughts."""
    return (
        NONE if value is None else f"{Decimal(value):.2f}" if Decimal(value) == round(Decimal(value), 2) else f"{value}"
    )


def _number(value: object) -> str:
    return NONE if value is None else str(value)
