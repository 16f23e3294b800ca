"""How a batch's form differs from its contract, spelled out: which column, before and now, on how many values.

Five kinds: added, removed, renamed (one of each that look alike: said, never mapped), retyped, reordered. Pure policy:
what values say is asked through ``fit``; no value is ever in a text made here, since it may be a person's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.decide.facts import Reason
from connectors.decide.gate import ADDED
from connectors.http.words import known_words
from connectors.landing.fields import field_of
from connectors.landing.fitting import Fit
from connectors.landing.sample import Sample
from connectors.source.columns import Column
from connectors.source.contract import Contract, DriftKind, Policy
from connectors.source.guess import guess
from connectors.source.persons import named_like_a_person, plain
from definitions.problems import likeness
from ledger.records import QuarantineCount

MOST = 0.9
_ALIKE = 0.6
_SHOWN = 12
_MAX_NAME = 60
_MANY_DIGITS = 8
_MANY_FIELDS = 24
_UNREADABLE = frozenset({"type", "precision", "ambiguous"})
_STRANGE = frozenset({*_UNREADABLE, "kind", "pattern", "values", "min", "max"})


@dataclass(frozen=True)
class Form:
    """The form of a batch's records: declared fields in their order, and what JSON says most of their values are."""

    order: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One difference. ``lines`` are what the source file would say about it; ``harmless``: all reads as declared."""

    kind: DriftKind
    said: str
    lines: str = ""
    harmless: bool = False


@dataclass(frozen=True)
class ObservedForm:
    """What is known of a batch's form. ``unknown``: fields neither declared nor ignored; ``before``: the last form."""

    received: int
    unknown: Sequence[str]
    absent: Sequence[str]
    quarantine: Sequence[QuarantineCount]
    sample: Sample
    before: Form | None = None


def form_of(contract: Contract, sample: Sample) -> Form:
    """What is remembered of a batch. Names nobody declared are not: they may be anything."""
    declared = {field_of(name, column) for name, column in contract.columns.items()}
    order = tuple(name for name in sample.order if name in declared)
    return Form(order, {name: kind for name in order if (kind := sample.kind(name)) is not None})


def changes(contract: Contract, observed: ObservedForm, fit: Fit) -> list[Change]:
    """Every difference, renamed fields neither among the added nor among the removed ones."""
    renamed = _renamed(contract, observed, fit)
    exchanged = _exchanged(contract, observed, fit)
    return [
        *(_Renamed(contract, observed, fit).told(old, new) for old, new in renamed.items()),
        *(_removed(contract, observed, name) for name in observed.absent if name not in renamed),
        *(_added(observed, name) for name in observed.unknown if name not in renamed.values()),
        *(_told_exchange(*pair) for pair in exchanged.items()),
        *_retyped(contract, observed, exchanged),
        *_in_another_kind(contract, observed),
        *_in_another_order(contract, observed),
    ]


_WHAT: Mapping[DriftKind, tuple[str, str]] = {
    "added": ("fields that nobody declared", "Declare them, drop them, or list them under `ignore`"),
    "removed": ("declared fields are in no record", "Ask the agency; a field that may be missing is `optional`"),
    "renamed": (
        "fields look renamed",
        "Ask the agency; nothing was mapped: the new name goes into the column's `from`",
    ),
    "retyped": ("columns come as another type", "Ask the agency what changed, then declare what is true now"),
    "reordered": ("columns stand in another order", "Compare the order with the source; correct positions or names"),
}


def by_policy(contract: Contract, found: Sequence[Change]) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """What holds the batch, and what is only noted: one reason for each kind and policy."""
    grouped: dict[tuple[DriftKind, Policy], list[Change]] = {}
    for change in found:
        policy = contract.drift.policy(change.kind, harmless=change.harmless)
        if policy is not None:
            grouped.setdefault((change.kind, policy), []).append(change)
    holds = tuple(_reason(kind, policy, group) for (kind, policy), group in grouped.items() if policy == "hold")
    notes = tuple(_reason(kind, policy, group) for (kind, policy), group in grouped.items() if policy != "hold")
    return holds, notes


def _reason(kind: DriftKind, policy: Policy, group: Sequence[Change]) -> Reason:
    what, do = _WHAT[kind]
    lines = [change.lines for change in group[:_SHOWN] if change.lines]
    if policy == "evolve" and lines:
        do = f"They are in the kept pages; to take them up, write under `columns`: {'; '.join(lines)}"
    more = f"; and {len(group) - _SHOWN} more" if len(group) > _SHOWN else ""
    code = ADDED if kind == "added" else f"drift_{kind}"
    return Reason(code, what, do, "; ".join(change.said for change in group[:_SHOWN]) + more)


# -- added, removed, renamed ------------------------------------------------------------------------------------------


def _added(observed: ObservedForm, name: str) -> Change:
    if not _is_a_fields(observed, name):
        return Change(
            "added", f"{known_words(tame(name))} (in few records, or one of many: what it names is not shown)"
        )
    values = observed.sample.of(name)
    if not values:
        return Change("added", tame(name), f"{_declared(name)}: {{optional: true, unused: TODO why it is landed}}")
    guessed = guess([value.text for value in values], numbers=observed.sample.kind(name) == "number")
    source = "" if _declared(name) == name else f"from: {tame(name)!r}, "
    if named_like_a_person([name]):
        return Change("added", tame(name), f"{_declared(name)}: {{{source}personal: drop}}")
    kind = f"type: '{guessed.type}', " if "(" in guessed.type else f"type: {guessed.type}, "
    lines = f"{_declared(name)}: {{{source}{kind}optional: true, unused: TODO why it is landed}}"
    return Change("added", f"{tame(name)} (looks like {guessed.words})", lines)


def _removed(contract: Contract, observed: ObservedForm, name: str) -> Change:
    told = _columns(contract, name)
    lines = "; ".join(f"{column_name}: {{..., optional: true}}" for column_name, _ in told)
    kinds = ", ".join(dict.fromkeys(column.type for _, column in told))
    return Change("removed", f"{name} ({kinds}): in none of {observed.received} records", lines)


@dataclass(frozen=True)
class _Renamed:
    """How well an unknown field fits the field of an absent one."""

    contract: Contract
    observed: ObservedForm
    fit: Fit

    def score(self, old: str, new: str) -> float:
        """0 is no; else the more alike, the greater."""
        alike = likeness(plain(old), plain(new))
        share = self._share(old, new)
        if share is not None and share < MOST:
            return 0.0
        fits = share is not None and any(_specific(column) for _, column in _columns(self.contract, old))
        if alike >= _ALIKE:
            return alike + (1.0 if fits else 0.0)
        return alike + 0.5 if fits and len(self.observed.absent) == 1 else 0.0

    def told(self, old: str, new: str) -> Change:
        """The pair in words."""
        ((name, column), *_) = _columns(self.contract, old)
        values = self.observed.sample.of(new)
        count = (
            f"{self.fit(values, column)} of {len(values)} values seen fit {column.type}" if values else "no value seen"
        )
        return Change("renamed", f"{old} -> {tame(new)} ({count})", f"{name}: {{..., from: {tame(new)!r}}}")

    def _share(self, old: str, new: str) -> float | None:
        values = self.observed.sample.of(new)
        if not values:
            return None
        return max(self.fit(values, column) for _, column in _columns(self.contract, old)) / len(values)


def _renamed(contract: Contract, observed: ObservedForm, fit: Fit) -> dict[str, str]:
    measure = _Renamed(contract, observed, fit)
    scored = [(measure.score(old, new), old, new) for old in observed.absent for new in observed.unknown]
    found: dict[str, str] = {}
    for score, old, new in sorted(scored, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if score > 0 and old not in found and new not in found.values():
            found[old] = new
    return found


# -- retyped, reordered -----------------------------------------------------------------------------------------------


def _broken(contract: Contract, observed: ObservedForm, rules: frozenset[str]) -> Mapping[str, int]:
    """Columns most of whose rows were held back for one of some rules."""
    counts: dict[str, int] = {}
    for count in observed.quarantine:
        if count.rule in rules and count.field in contract.landed:
            counts[count.field] = max(counts.get(count.field, 0), count.rows)
    return {name: counts[name] for name in contract.landed if 2 * counts.get(name, 0) > observed.received}


def _exchanged(contract: Contract, observed: ObservedForm, fit: Fit) -> dict[str, str]:
    """Columns whose values fit the declaration of another one that is broken too."""
    broken = _broken(contract, observed, _STRANGE)
    found: dict[str, str] = {}
    for name in broken:
        values = observed.sample.of(field_of(name, contract.columns[name]) or name)
        fitting = [
            other
            for other in broken
            if other != name and values and fit(values, contract.columns[other]) >= MOST * len(values)
        ]
        if fitting:
            found[name] = fitting[0]
    return found if len(found) > 1 else {}


def _told_exchange(name: str, other: str) -> Change:
    return Change("reordered", f"{name} holds what looks like {other}")


def _retyped(contract: Contract, observed: ObservedForm, exchanged: Mapping[str, str]) -> Iterator[Change]:
    for name, rows in _broken(contract, observed, _UNREADABLE).items():
        if name in exchanged:
            continue
        column = contract.columns[name]
        field = field_of(name, column) or name
        values = observed.sample.of(field)
        guessed = guess([value.text for value in values], numbers=observed.sample.kind(field) == "number")
        now = f"would as {guessed.words}" if values else "no value seen"
        said = f"{name}: {column.type} -> {rows} of {observed.received} rows cannot be read so; they {now}"
        kind = [f"type: {guessed.type!r}"]
        kind += [f"{key}: {value!r}" for key in ("format", "locale", "timezone") if (value := getattr(guessed, key))]
        yield Change("retyped", said, f"{name}: {{..., {', '.join(kind)}}}" if values else "")


def _in_another_kind(contract: Contract, observed: ObservedForm) -> Iterator[Change]:
    """JSON gives text where it gave numbers, or numbers where it gave text; a locale reads the two differently."""
    broken = _broken(contract, observed, _UNREADABLE)
    for name, column in contract.landed.items():
        field = field_of(name, column)
        if field is None or observed.before is None or name in broken:
            continue
        before, now = observed.before.kinds.get(field), observed.sample.kind(field)
        if before is not None and now is not None and before != now:
            count = sum(1 for value in observed.sample.of(field) if value.kind == now)
            said = (
                f"{name}: JSON gave a {before}, now a {now} ({count} of {len(observed.sample.of(field))} values seen)"
            )
            yield Change("retyped", said, harmless=column.locale is None)


def _in_another_order(contract: Contract, observed: ObservedForm) -> Iterator[Change]:
    if observed.before is None or contract.positional:
        return
    now = form_of(contract, observed.sample).order
    before = [name for name in observed.before.order if name in now]
    after = [name for name in now if name in before]
    if before != after:
        yield Change("reordered", f"{', '.join(before)} -> {', '.join(after)}", harmless=True)


def _is_a_fields(observed: ObservedForm, name: str) -> bool:
    """Whether a name that nobody declared is a field's: it stands in most records, and not as one of very many.

    A table that is keyed by its data has persons, places or days there.
    """
    sample = observed.sample
    if len(observed.unknown) > _MANY_FIELDS:
        return False
    return not sample.records or (sample.records > 1 and 2 * sample.named[name] >= sample.records)


# -- names ------------------------------------------------------------------------------------------------------------


def tame(name: str) -> str:
    """A field's name as it may be shown: it comes from the source, and could hold a person's number."""
    hidden = sum(char.isdigit() for char in name) >= _MANY_DIGITS
    shown = "".join("#" if hidden and char.isdigit() else char if char.isprintable() else "?" for char in name)
    # A name of one word is a field's; several may be a row that was taken for the header.
    return (shown if len(shown.split()) == 1 else known_words(shown))[:_MAX_NAME]


def _declared(name: str) -> str:
    """A column's name for a field."""
    found = plain(tame(name))
    return found if found[:1].isalpha() else f"kolom_{found}".rstrip("_")


def _columns(contract: Contract, field: str) -> list[tuple[str, Column]]:
    return [(name, column) for name, column in contract.landed.items() if field_of(name, column) == field]


def _specific(column: Column) -> bool:
    return column.sql_type.kind != "string" or any((column.pattern, column.values, column.kind))
