"""Counts that give each other away: where one of them is hidden, all of them are.

A hidden count is a whole less its other parts, and it is the same count of another indicator. Such counts are one
group. What is counted in the same way is found by itself. What else adds up is said in ``rules.yaml``: under
``together``, and by every rule of the kind ``sums``.

So is what a rule says to be ``within`` a part of another whole: 11 of 15 were seen, all of the 11 that were seen at
first, and four were not. Within parts of the same whole nothing is narrowed where both hide the same counts, for a
count that is shown is nought or at least as large as the threshold. That they do is checked here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from definitions.between import FILE, Rules, load_rules
from definitions.indicators import Indicator, Part, all_indicators
from ledger.errors import ConfigError

Side = tuple[str, str]
"""An indicator and one of its parts: ``numerator`` or ``denominator``."""

SIDES = ("numerator", "denominator")


def groups() -> Mapping[Side, str]:
    """The group of each count that gives a hidden one away, named after its first member.

    Raises ConfigError where a member of a group shows what another one hides.
    """
    listed = list(all_indicators())
    indicators = {indicator.id: indicator for _, indicator in listed}
    rules = load_rules()
    found: dict[Side, str] = {}
    for sides in _joined([*_alike(indicators.values()), *_added(rules)]):
        if len({name for name, _ in sides}) > 1 and any(_hides(indicators[name], part) for name, part in sides):
            found |= dict.fromkeys(sides, ".".join(min(sides)))
    pillars = {indicator.id: pillar for pillar, indicator in listed}
    for problem in (*_bare(found, indicators, pillars), *_uneven(rules, indicators)):
        raise ConfigError(problem, where=str(FILE), do="Give both the same `suppress`, in files of one pillar")
    return found


def _alike(indicators: Iterable[Indicator]) -> Iterator[Sequence[Side]]:
    """Parts that are counted in the same way."""
    found: dict[Part, list[Side]] = {}
    for indicator in indicators:
        for name, part in indicator.all_parts.items():
            if name in SIDES:
                found.setdefault(part.model_copy(update={"says": None}), []).append((indicator.id, name))
    yield from found.values()


def _added(rules: Rules) -> Iterator[Sequence[Side]]:
    """Parts that add up. A value is as good as its numerator: the denominator may be known."""
    sums = [rule.refs for rule in rules.between if rule.kind == "sums"]
    sums += [rule.refs for rule in rules.between if rule.kind == "within" and not rule.same_whole]
    for refs in (*sums, *(one.figures for one in rules.together)):
        named = (ref.partition(".") for ref in refs)
        yield [(name, "numerator" if part == "value" else part) for name, _, part in named]


def _joined(sets: Iterable[Sequence[Side]]) -> Sequence[frozenset[Side]]:
    """These sets, with those that have a member in common made one."""
    joined: list[frozenset[Side]] = []
    for sides in sets:
        touched = [one for one in joined if one & {*sides}]
        joined = [one for one in joined if one not in touched] + [frozenset(sides).union(*touched)]
    return joined


def _hides(indicator: Indicator, part: str) -> bool:
    """Whether small counts of this part are hidden. What is left of the whole is told by the numerator."""
    counts = indicator.suppress.counts if indicator.suppress is not None else ()
    return part in counts or (part == "numerator" and "complement" in counts)


def _bare(found: Mapping[Side, str], indicators: Mapping[str, Indicator], pillars: Mapping[str, str]) -> Iterator[str]:
    for (name, part), group in found.items():
        first = group.partition(".")[0]
        if indicators[name].suppress is None:
            yield f"{name}.{part} gives {group} away, and has no `suppress`"
        elif pillars[name] != pillars[first]:
            yield f"{name}.{part} gives {group} away, and is of another pillar: pillars are judged one by one"


def _uneven(rules: Rules, indicators: Mapping[str, Indicator]) -> Iterator[str]:
    for rule in rules.between:
        if rule.kind == "within":
            hide = [indicators[ref.partition(".")[0]].suppress for ref in rule.refs]
            if len({one and one.below for one in hide}) > 1:
                yield f"the figures of rule {rule.id!r} do not hide the same counts, and narrow each other"
