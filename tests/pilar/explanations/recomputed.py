"""An explanation computed again from its own document: plain arithmetic, which shares nothing with the project's."""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

Document = Mapping[str, Any]


def read(text: str) -> dict[str, Any]:
    """A document with its exact numbers."""
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return found


def exact(written: object) -> Fraction:
    return Fraction(str(written))


def round_to(value: Fraction, decimals: int, mode: str = "half_up") -> Fraction:
    """Rounded as a person would: cut behind many digits is not enough, so the remainder is looked at."""
    scaled = abs(value) * 10**decimals
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and (mode == "half_up" or whole % 2 == 1))
    return Fraction(whole + up, 10**decimals) * (-1 if value < 0 else 1)


assert round_to(Fraction("2.125"), 2) == Fraction(Decimal("2.125").quantize(Decimal("0.01"), ROUND_HALF_UP))
assert round_to(Fraction("2.125"), 2, "half_even") == Fraction(
    Decimal("2.125").quantize(Decimal("0.01"), ROUND_HALF_EVEN)
)


def score_of(rubric: Document, value: Fraction) -> Fraction | None:
    """The score that the document's own bands give a value."""
    if rubric.get("decimals") is not None:
        value = round_to(value, rubric["decimals"])
    found = [exact(band["score"]) for band in rubric["bands"] if _in(band, value)]
    if not found:
        return None
    return max(found) if rubric.get("overlap") == "higher_score" else min(found)


def _in(band: Document, value: Fraction) -> bool:
    return (
        ("from" not in band or value >= exact(band["from"]))
        and ("above" not in band or value > exact(band["above"]))
        and ("to" not in band or value <= exact(band["to"]))
        and ("below" not in band or value < exact(band["below"]))
    )


def value_of(question: Document, more: int = 0) -> Fraction | None:
    """The value that follows from the document's parts; None where it does not follow from two."""
    indicator = question["indicator"]
    if indicator["formula"] not in ("share", "percent", "ratio", "growth") or question.get("numerator") is None:
        return None
    if question.get("denominator") is None:
        return None
    numerator, denominator = exact(question["numerator"]) + more, exact(question["denominator"])
    if indicator["formula"] == "growth":
        numerator -= denominator
    return round_to(exact(indicator["factor"]) * numerator / denominator, indicator["decimals"])


class Recomputed:
    """The index, its parts and its pillars, from a sheet's scores. ``other``: scores in place of some."""

    def __init__(self, sheet: Document, other: Mapping[str, Fraction] | None = None) -> None:
        self.sheet = sheet
        self.nodes = {node["id"]: node for node in sheet["nodes"]}
        self.scores = {
            one["key"]: exact(one["score"]) for one in sheet["questions"] if one.get("score") is not None
        } | dict(other or {})

    def value(self, name: str) -> Fraction | None:
        """A node as it is rounded."""
        node, found = self.nodes[name], self.exact(name)
        if found is None:
            return None
        follows = node.get("follows", {})
        if follows.get("components") == "rounded":
            whole = sum((exact(child["weight"]) for child in node["children"]), Fraction(0))
            parts = [(exact(child["weight"]), self.used(node, child)) for child in node["children"]]
            return sum((self._round(weight * (value or 0) / whole) for weight, value in parts), Fraction(0))
        return self._round(found, follows.get("decimals"))

    def exact(self, name: str) -> Fraction | None:
        """A node before it is rounded; None where something below it is missing."""
        node = self.nodes[name]
        if node["given"]:
            return exact(node["answer"])
        follows = node["follows"]
        children = [(child, self.used(node, child)) for child in node["children"]]
        if follows["rule"] == "mean_of_answered":
            children = [(child, value) for child, value in children if value is not None]
        if not children or any(value is None for _, value in children):
            return None
        weighs = follows["rule"].startswith("weighted")
        weights = [exact(child["weight"]) if weighs else Fraction(1) for child, _ in children]
        total = sum((weight * (value or 0) for weight, (_, value) in zip(weights, children, strict=True)), Fraction(0))
        divisor = sum(weights, Fraction(0)) if follows["rule"] in ("weighted_mean", "mean", "mean_of_answered") else 1
        return exact(follows["times"]) * total / divisor

    def used(self, parent: Document, child: Document) -> Fraction | None:
        """What a parent follows from."""
        if "question" in child:
            return self.scores.get(child["question"])
        return self.exact(child["node"]) if parent["follows"]["of"] == "exact" else self.value(child["node"])

    def pillar(self, name: str) -> Fraction | None:
        """The mean of a pillar's scores, half up."""
        own = [self.scores[one["key"]] for one in self.sheet["questions"]
               if one.get("pillar") == name and one["key"] in self.scores]  # fmt: skip
        return round_to(sum(own, Fraction(0)) / len(own), 2) if own else None

    def _round(self, value: Fraction, decimals: int | None = None) -> Fraction:
        rounding = self.sheet["rounding"]
        return round_to(value, rounding["decimals"] if decimals is None else decimals, rounding["mode"])


def check(sheet: Document) -> int:
    """Every value of a sheet follows from what stands below it. Returns how many values were computed."""
    found = Recomputed(sheet)
    tree = "children" in sheet["nodes"][0]
    for node in sheet["nodes"] if tree else ():
        value = found.value(node["id"])
        assert value == (None if node["value"] is None else exact(node["value"])), (sheet["role"], node["id"])
    for pillar in sheet["pillars"]:
        value = found.pillar(pillar["pillar"])
        assert value == (None if pillar["score"] is None else exact(pillar["score"])), pillar
    for question in sheet["questions"]:
        _check_question(question)
        if question.get("gap", {}).get("index") is not None and tree:
            _check_gap(sheet, question, found)
    return len(sheet["nodes"]) + len(sheet["pillars"]) + len(sheet["questions"])


def _check_question(question: Document) -> None:
    if question.get("score") is None:
        assert question["why"], question
        return
    rubric = question.get("rubric", {})
    if "value" in question:
        assert score_of(rubric, exact(question["value"])) == exact(question["score"]), question
        follows = value_of(question)
        assert follows is None or follows == exact(question["value"]), question
    elif "options" in rubric and isinstance(question.get("said"), str) and question["said"] in rubric["options"]:
        assert exact(rubric["options"][question["said"]]) == exact(question["score"]), question


def _check_gap(sheet: Document, question: Document, before: Recomputed) -> None:
    gap = question["gap"]
    after = Recomputed(sheet, {question["key"]: exact(gap["next_score"])})
    for name, of in (("dimension", "value"), ("index", "value"), ("pillar", "pillar")):
        told = gap[name]
        for when, computed in (("before", before), ("after", after)):
            if told["id"] is None or (of == "value" and told["id"] not in computed.nodes):
                assert told[when] is None
                continue
            value = getattr(computed, of)(told["id"])
            assert value == (None if told[when] is None else exact(told[when])), (question["key"], name, when)
    if "value_needed" in gap:
        _check_needed(question)


def _check_needed(question: Document) -> None:
    gap, rubric, now = question["gap"], question["rubric"], exact(question["score"])
    value, needed = exact(question["value"]), exact(gap["value_needed"])
    unit = Fraction(1, 10 ** question["indicator"]["decimals"]) * (1 if needed > value else -1)
    assert _higher(score_of(rubric, needed), now), question
    assert not _higher(score_of(rubric, needed - unit), now), question
    if "more" in gap:
        more = gap["more"]
        reached, short = value_of(question, more), value_of(question, more - (1 if more > 0 else -1))
        assert reached == exact(gap["value_reached"])
        assert reached is not None
        assert short is not None
        assert score_of(rubric, reached) == exact(gap["next_score"])
        assert not _higher(score_of(rubric, short), now), question


def _higher(score: Fraction | None, now: Fraction) -> bool:
    return score is not None and score > now


def sheets(rows: Sequence[tuple[object, ...]]) -> Iterator[dict[str, Any]]:
    """The documents of a table's rows."""
    for (text,) in rows:
        yield read(str(text))
