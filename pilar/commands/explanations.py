"""`pilar explain`, `pilar gap`, `pilar whatif` and `pilar steps`: why a score is what it is, and what would change it.

All of them read the current publication and write nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ledger.errors import ConfigError, NoPublicationError
from ledger.names import agency_name
from pilar.commands.console import Row, as_typed, out, say, table
from pilar.commands.exit_codes import ExitCode

if TYPE_CHECKING:
    from definitions.instrument import Instrument
    from pilar.explanations.case import Case
    from pilar.explanations.cheapest import Plan, Raise
    from pilar.explanations.gaps import Gap

ROLES = ("computed", "final", "interview", "external", "internal", "opd", "reported")
"""Whose scores are explained where nobody says whose: the first that there are."""

RegionName = Annotated[str, typer.Argument(help="A region's name or code: 'Kota Malang', 64.02.")]
InstrumentId = Annotated[
    str | None, typer.Option("--instrument", help="Default: the one that the evaluation computes.")
]
Year = Annotated[int | None, typer.Option(help="Default: the newest.")]
Role = Annotated[
    str | None, typer.Option(help=f"Whose scores: {', '.join(ROLES)}. Default: the first of these that there are.")
]


def explain_command(
    region: RegionName,
    question: Annotated[str, typer.Argument(help="Like outcome/19, a printed code, a part, a pillar, or index.")],
    instrument: InstrumentId = None,
    year: Year = None,
    role: Role = None,
) -> None:
    """Tell why a score is what it is: from the index down to the records, the batches and their receipts."""
    document = _document(region)
    sheet, name = _found(document, question, instrument, year, role)
    shown, lines = _explained(document, sheet, name)
    others = [*_others(document, sheet, name)]
    about = {**_about(document, sheet), "node": name, "explained": shown, "others": others}
    say(about, lambda: _print(_title(document, sheet, name), [*lines, *((one["role"], _other(one)) for one in others)]))


def gap_command(
    region: RegionName,
    instrument: InstrumentId = None,
    year: Year = None,
    role: Role = None,
) -> None:
    """List what the next band of each question takes, in its own unit, and what that would do to the index."""
    document = _document(region)
    sheet = _sheet(document, instrument, year, role)
    rows = [{"question": one["key"], **one["gap"]} for one in sheet["questions"] if "gap" in one]
    say({**_about(document, sheet), "gaps": rows}, lambda: _print_gaps(document, sheet, rows))


def whatif_command(
    region: RegionName,
    values: Annotated[list[str], typer.Argument(help="QUESTION=VALUE: outcome/19=82.5, outcome/19=score:3, 1a=BB.")],
    instrument: InstrumentId = None,
    year: Year = None,
    role: Role = None,
) -> None:
    """Compute pillar, dimension and index with other values. Nothing is written.

    A number is the indicator's value where the score is computed from one, else a score; score: and value: say which.
    """
    from pilar.explanations.tried import changes, tried

    document = _document(region)
    sheet = _sheet(document, instrument, year, role)
    case = _case(sheet)
    before, after = tried(case, _pairs(values), sheet)
    rows = [{"what": name, "before": old, "after": new} for name, old, new in changes(case, before, after)]
    told = {**_about(document, sheet), "changes": [{name: _text(value) for name, value in row.items()} for row in rows]}
    say(told, lambda: _print_changes(document, sheet, told["changes"]))


def steps_command(  # noqa: PLR0917 (each is an option)
    region: RegionName,
    target: Annotated[str, typer.Option(help="The index that is wanted, like 3.00.")],
    costs: Annotated[
        Path | None, typer.Option(help="CSV question,cost: what a band of each costs. Others are left as they are.")
    ] = None,
    instrument: InstrumentId = None,
    year: Year = None,
    role: Role = None,
) -> None:
    """Find the cheapest questions to raise so that the index reaches a target. Nothing is written.

    A band climbed costs 1, or what --costs says; of ways that cost the same, the one with fewer questions. No way is
    cheaper: all are weighed, exactly. The exit code is 1 where all raises together do not reach the target.
    """
    from pilar.explanations.cheapest import cheapest
    from pilar.explanations.tried import gaps_of

    document = _document(region)
    sheet = _sheet(document, instrument, year, role)
    case, wanted = _case(sheet), _target(target)
    gaps = gaps_of(sheet, case.instrument)
    scores = {key: [*higher] for key, higher in gaps.items()}
    plan = cheapest(case, wanted, _costs(costs, case) if costs is not None else None, scores)
    told = {
        **_about(document, sheet),
        "target": wanted,
        "costs": costs,
        "reached": plan is not None,
        **_planned(sheet, plan, gaps),
    }
    say(told, lambda: _print_plan(document, sheet, told))
    raise typer.Exit(ExitCode.DONE if plan is not None else ExitCode.NOT_IN_ORDER)


# -- what is published -------------------------------------------------------------------------------------------------


def _document(said: str) -> Row:
    """The explanations of one region, of the current publication."""
    import json

    from ledger.regions import find_one
    from pilar.commands import installation
    from publication import pointer
    from publication.paths import explanation_path

    found = find_one(said)
    folder = pointer.resolve(installation.without_ledger().published_dir)
    path = folder / explanation_path(found.code)
    if not path.is_file():
        raise NoPublicationError(
            f"the current publication explains nothing of {found.name}",
            where=str(path),
            do="It is no region of this installation, or `pilar evaluate --force` has to publish anew",
        )
    document: Row = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    # The document may be an earlier one's, whose content is still the same.
    return {**document, "publication_id": folder.name}


def _sheet(document: Row, instrument: str | None, year: int | None, role: str | None) -> Row:
    """The sheet that is meant."""
    own = [*_sheets(document, instrument, year, role)]
    if not own:
        known = sorted({f"{one['instrument']} of {one['year']}, {one['role']}" for one in document["sheets"]})
        raise ConfigError(
            "there are no such scores in the publication",
            where=" ".join(str(one) for one in (instrument, year, role) if one is not None),
            do=f"There are: {'; '.join(known) or 'none'}",
        )
    return own[0]


def _sheets(document: Row, instrument: str | None, year: int | None, role: str | None) -> Iterable[Row]:
    """Those that may be meant, the likeliest first."""
    wanted = {"instrument": instrument, "year": year, "role": role}
    own = [
        one for one in document["sheets"] if all(value is None or one[name] == value for name, value in wanted.items())
    ]
    return sorted(own, key=lambda one: (ROLES.index(one["role"]), -one["year"], one["instrument"]))


def _found(document: Row, name: str, instrument: str | None, year: int | None, role: str | None) -> tuple[Row, str]:
    """The first sheet that has a question, part or pillar of this name, and how it is called there."""
    for sheet in _sheets(document, instrument, year, role):
        key = _named(sheet, name)
        if key is not None:
            return sheet, key
    sheet = _sheet(document, instrument, year, role)
    # It says which names are near.
    _instrument(sheet).question(name)
    raise ConfigError(
        f"{name!r} has no score here", where=sheet["instrument"], do="Name another one, or another --role or --year"
    )


def _named(sheet: Row, name: str) -> str | None:
    own = {str(one["key"]).casefold() for one in sheet["questions"]}
    own |= {str(one["id"]).casefold() for one in sheet["nodes"]} | {one["pillar"] for one in sheet["pillars"]}
    plain = name.casefold()
    if plain in own:
        names = (*(one["key"] for one in sheet["questions"]), *(one["id"] for one in sheet["nodes"]))
        return next((str(one) for one in names if str(one).casefold() == plain), plain)
    by_code = [str(one["key"]) for one in sheet["questions"] if str(one["code"]).casefold() == plain]
    return by_code[0] if len(by_code) == 1 else None


def _instrument(sheet: Row) -> "Instrument":
    from definitions.instruments import find_instrument

    return find_instrument(sheet["instrument"])


def _case(sheet: Row) -> "Case":
    from pilar.explanations.tried import case_of

    return case_of(sheet, _instrument(sheet))


def _explained(document: Row, sheet: Row, name: str) -> tuple[Mapping[str, Any], Sequence[tuple[str, str]]]:
    from pilar.explanations import words

    for question in sheet["questions"]:
        if question["key"] == name:
            return question, [*words.of_question(document, sheet, question)]
    for pillar in sheet["pillars"]:
        if pillar["pillar"] == name:
            return pillar, [*words.of_pillar(sheet, pillar)]
    node = words.node_of(sheet, name)
    assert node is not None, name
    return node, [*words.of_node(sheet, node)]


def _others(document: Row, sheet: Row, name: str) -> Iterator[Row]:
    """What others gave for the same question: no role's value replaces another's."""
    for other in document["sheets"]:
        if other is not sheet and (other["instrument"], other["year"]) == (sheet["instrument"], sheet["year"]):
            for one in (*other["questions"], *({**node, "key": node["id"]} for node in other["nodes"])):
                value = one.get("score", one.get("value"))
                if one["key"] == name and value is not None:
                    yield {"role": other["role"], "score": value, "said": one.get("said")}


def _other(one: Row) -> str:
    return f"{one['score']}" + (f", answered {one['said']}" if one["said"] is not None else "") + " (stands by itself)"


# -- what is said on the command line ----------------------------------------------------------------------------------


def _pairs(words: Sequence[str]) -> Sequence[tuple[str, str]]:
    pairs = [word.partition("=") for word in words]
    wrong = next((word for word, (name, sign, value) in zip(words, pairs, strict=True) if not (name and value)), None)
    if wrong is not None:
        raise ConfigError(f"{wrong!r} is not QUESTION=VALUE", where="whatif", do="Write outcome/19=82.5")
    return [(name, value) for name, _, value in pairs]


def _target(text: str) -> Decimal:
    from definitions.exact import exact

    try:
        found = exact(text.replace(",", "."))
    except ValueError as error:
        raise ConfigError(str(error), where="--target", do="Write 3.00") from None
    return Decimal(found.numerator) / Decimal(found.denominator)


def _costs(path: Path, case: "Case") -> Mapping[str, Fraction]:
    from definitions.exact import exact
    from pilar.recompute.csv_table import read_table

    rows = read_table(path)
    if set(rows.columns) != {"question", "cost"}:
        raise rows.problem(
            "the columns are not question and cost", "Begin the file with the line question,cost", line=1
        )
    found: dict[str, Fraction] = {}
    for line, row in rows.records:
        key = case.instrument.question(row["question"].strip()).key
        try:
            cost = exact(row["cost"])
        except ValueError as error:
            raise rows.problem(str(error), "Mend the cost", line=line, column="cost") from None
        if cost < 0 or key in found:
            raise rows.problem("the cost is below nought, or its question stands twice", "Mend the line", line=line)
        found[key] = cost
    return found


# -- what is shown -----------------------------------------------------------------------------------------------------


def _about(document: Row, sheet: Row) -> Row:
    return {
        "publication_id": document["publication_id"],
        "region": document["region"]["region_code"],
        **{name: sheet[name] for name in ("instrument", "year", "role")},
    }


def _title(document: Row, sheet: Row, name: str = "") -> str:
    region = document["region"]
    return (
        f"{region['region_name']} ({region['region_code']}), {sheet['instrument']} of {sheet['year']}, "
        f"{sheet['role']}{f': {name}' if name else ''}"
    )


def _print(title: str, lines: Iterable[tuple[str, str]]) -> None:
    out.print(Text(title, style="bold"))
    told = [*lines]
    width = max((len(name) for name, _ in told), default=0)
    for name, text in told:
        out.print(Text(as_typed(f"  {name:<{width}}  {text}")))


GAPS = {"question": "question", "what": "what the next band takes", "then": "then", "owner": "owner"}


def _print_gaps(document: Row, sheet: Row, rows: Sequence[Row]) -> None:
    from pilar.explanations.words import effect_words, gap_words

    reach = [one for one in rows if one["state"] == "reachable"]
    out.print(Text(_title(document, sheet), style="bold"))
    shown = [
        {
            "question": one["question"],
            "what": gap_words(one),
            "then": effect_words(one),
            "owner": agency_name(one["owner"]) if one["owner"] else "-",
        }
        for one in reach
    ]
    table(shown, GAPS)
    highest = [one["question"] for one in rows if one["state"] == "highest"]
    far = [one["question"] for one in rows if one["state"] == "out_of_reach"]
    for said, keys in (("Highest already", highest), ("No possible value scores more", far)):
        if keys:
            out.print(f"{said}: {', '.join(keys)}", markup=False)
    out.print("Bands that nobody published are assumed: see `pilar explain REGION QUESTION`.")


def _print_changes(document: Row, sheet: Row, rows: Sequence[Row]) -> None:
    _print(_title(document, sheet), [(row["what"], f"{row['before']} -> {row['after']}") for row in rows])
    out.print("Nothing was written.")


def _planned(sheet: Row, plan: "Plan | None", gaps: "Mapping[str, Mapping[Fraction, Gap]]") -> Row:
    if plan is None:
        return {"raises": [], "cost": None, "before": None, "after": None}
    asked = {one["key"]: one for one in sheet["questions"]}
    return {
        "before": plan.before,
        "after": plan.after.index,
        "cost": _text(plan.cost),
        "raises": [_raise(asked[one.key], one, gaps.get(one.key, {}).get(one.to)) for one in plan.raises],
    }


def _raise(question: Row, one: "Raise", gap: "Gap | None") -> Row:
    from pilar.explanations.explanation import needed_of

    return {
        "question": one.key,
        "score": _text(one.score),
        "to": _text(one.to),
        "bands": one.bands,
        "cost": _text(one.cost),
        "owner": question.get("owner"),
        "needs": needed_of(gap, question, question["indicator"]) if gap is not None else None,
    }


def _print_plan(document: Row, sheet: Row, told: Row) -> None:
    from pilar.explanations.words import needed_words

    out.print(Text(_title(document, sheet), style="bold"))
    if not told["reached"]:
        out.print(f"Even with every question at its highest score the index stays below {told['target']}.")
        return
    what = "bands climbed" if told["costs"] is None else "cost"
    out.print(f"index {told['before']} -> {told['after']} ({told['target']} is wanted); {what}: {told['cost']}")
    if not told["raises"]:
        out.print("It is reached already: nothing has to be raised.")
    for one in told["raises"]:
        owner = agency_name(one["owner"]) if one["owner"] else "no owner is named"
        needs = f": {needed_words(one['needs'])}" if one["needs"] else ""
        line = f"  {one['question']}  score {one['score']} -> {one['to']}, {owner}{needs}"
        out.print(Text(line))
    raised = " ".join(f"{one['question']}=score:{one['to']}" for one in told["raises"])
    tried = f"See it: `pilar whatif {document['region']['region_code']} {raised}`. " if raised else ""
    out.print(f"{tried}Nothing was written.", markup=False)


def _text(value: Any) -> str:
    from definitions.exact import shown

    if value is None:
        return "missing"
    return shown(value) if isinstance(value, Fraction) else str(value)
