"""`pilar sureness`: what an index rests on, its range and that of its rank, and differences that mean nothing."""

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

from definitions.exact import rounded
from pilar.commands.console import Row, out, say, table
from pilar.commands.report import DASH

if TYPE_CHECKING:
    from definitions.variations import Variations
    from pilar.explanations.answered import Answered
    from pilar.explanations.sureness import Sureness

WORDS = {
    "simulated": "comes from simulated systems",
    "assumed": "is scored by assumed bands",
    "proxy": "stands in for what is asked",
    "contradicted": "is contradicted by another figure (pilar findings list)",
    "missing": "has no figure",
}


def sureness_command(
    region: Annotated[str | None, typer.Argument(help="A region's code or name. Default: all of them.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the draws. Default: definitions/variations.yaml.")] = None,
) -> None:
    """Show how sure each index is when assumed bands and weights vary. One seed gives one result. Changes nothing."""
    from definitions.variations import load_variations
    from ledger.errors import ConfigError
    from ledger.regions import find_one
    from pilar.commands import installation
    from pilar.explanations.answered import answered
    from pilar.explanations.sureness import sureness
    from publication.pointer import resolve

    _, settings = installation.opened()
    folder, variations = resolve(settings.published_dir), load_variations()
    if seed is not None:
        variations = variations.model_copy(update={"seed": seed})
    chosen = find_one(region).code if region is not None else None
    found, others = sureness(folder, variations, chosen), answered(folder, chosen)
    if not found and not others:
        raise ConfigError(
            "the publication says nothing of this region",
            where=chosen or folder.name,
            do="Name one of the installation's: see PILAR_REGIONS",
        )
    drawn = {"seed": variations.seed, "draws": variations.draws}
    result = {"publication_id": folder.name, **drawn, "indices": [_exact(asdict(one)) for one in found]}
    result["instruments"] = [_exact(asdict(one)) for one in others]

    def show() -> None:
        _show(found, variations, alone=chosen is not None)
        _show_answered(others)

    say(result, show)


def _exact(value: Any) -> Any:
    """Fractions as the text that is exactly them."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dict):
        return {name: _exact(inner) for name, inner in value.items()}
    return [_exact(inner) for inner in value] if isinstance(value, tuple | list) else value


def _show(found: "Sequence[Sureness]", variations: "Variations", *, alone: bool) -> None:
    names = {one.region_code: one.region_name for one in found}
    for (rule_set, basis), rows in groupby(found, key=lambda one: (one.rule_set, one.basis)):
        own = list(rows)
        out.print(f"{rule_set}, {basis}", markup=False, style="bold")
        table([_line(one) for one in own], COLUMNS, right=NUMBERS)
        for one in own:
            for line in _sentences(one, names, alone=alone):
                out.print(f"  {line}", markup=False)
    out.print(
        f"Ranges: the lowest and highest of {variations.draws} draws, seed {variations.seed}; "
        "what is varied stands in definitions/variations.yaml.",
        style="dim",
    )


COLUMNS = {"region": "region", "index": "index", "range": "range", "rank": "rank", "ranks": "ranks", "sure": "sure"}
NUMBERS = ("index", "rank", "sure")


def _line(one: "Sureness") -> Row:
    line = {"region": f"{one.region_name} {one.region_code}", "index": DASH, "sure": _percent(one.sure)}
    if one.range is None:
        return line
    found = one.range
    return line | {
        "index": found.nominal,
        "range": f"{found.least} to {found.most}",
        "rank": f"{found.rank} of {one.of}",
        "ranks": f"{found.best} to {found.worst}",
    }


def _show_answered(found: "Sequence[Answered]") -> None:
    """What people answered: a line for each instrument, party and region."""
    if found:
        out.print("By who answered, as shares of the weight", style="bold")
        table([_answered_line(one) for one in found], ANSWERED, right=("index", "rank", *_SHARES))


_SHARES = ("sure", "simulated", "waiting", "missing")
ANSWERED = {name: name for name in ("region", "instrument", "index", "rank", *_SHARES)}


def _answered_line(one: "Answered") -> Row:
    year = "" if str(one.year) in one.instrument else f" {one.year}"
    return {
        "region": f"{one.region_name} {one.region_code}",
        "instrument": f"{one.instrument}{year}, {one.role}{'' if one.by == 'weight' else ' (by number)'}",
        "index": DASH if one.value is None else rounded(Fraction(one.value), 2),
        "rank": DASH if one.rank is None else f"{one.rank} of {one.of}",
        "sure": _percent(one.sure),
        **{name: _percent(share) for name, share in one.shares.items()},
    }


def _sentences(one: "Sureness", names: dict[str, str], *, alone: bool) -> Sequence[str]:
    told = []
    if alone:
        told = [f"{_percent(share)} of the weight {WORDS[kind]}." for kind, share in one.shares.items() if share]
        if one.assumed_weights:
            told.append(f"{_percent(one.assumed_weights)} of the weights is itself assumed.")
    for other in one.meaningless:
        name = names.get(other.region, other.region)
        told.append(
            f"{one.region_name} and {name}: the difference means nothing. "
            f"The order is another one, or none, in {_percent(other.turned)} of the draws."
        )
    return told


def _percent(share: Fraction) -> str:
    return f"{rounded(100 * share, 1)} %"
