"""The files of instruments: those that are shipped in ``definitions/instruments``, and a user's own."""

from collections.abc import Collection, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from definitions import instrument_checks
from definitions.instrument import Instrument
from definitions.problems import Problem, did_you_mean, from_validation
from definitions.yaml_reader import YamlError, read_yaml
from ledger.errors import ConfigError

SHIPPED = Path(__file__).with_name("instruments")


def read_form(path: Path, shipped: Path = SHIPPED) -> Instrument | tuple[Problem, ...]:
    """The instrument in one file, or everything that is wrong with it. ``based_on`` names a shipped one."""
    try:
        raw = _raw(path, shipped)
    except YamlError as error:
        return (Problem(path, error.where, error.what, error.do),)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        return (Problem(path, "file", f"cannot be read ({type(error).__name__})", "Name an instrument's YAML file"),)
    try:
        found = Instrument.model_validate(raw)
    except ValidationError as error:
        return from_validation(path, error, Instrument)
    wrong = tuple(Problem(path, "instrument", what, "Correct it") for what in instrument_checks.problems(found))
    return wrong or found


def read_instrument(path: Path, indicators: Collection[str] | None = None) -> Instrument:
    """The instrument in one file; with ``indicators``, every one it names must be among them.

    Raises ConfigError with the first problem.
    """
    found = read_form(path)
    if not isinstance(found, Instrument):
        raise _refusal(found[0])
    _check_indicators(path, found, indicators)
    return found


def load_instruments(folder: Path = SHIPPED, indicators: Collection[str] | None = None) -> Mapping[str, Instrument]:
    """Every instrument of a folder by its id, each after those whose index it takes over.

    Raises ConfigError with the first problem of the first bad file, or where an instrument feeds itself.
    """
    found: dict[str, Instrument] = {}
    for path in sorted(folder.glob("*.yaml")):
        instrument = read_instrument(path, indicators)
        if instrument.id != path.stem:
            raise ConfigError(
                f"the instrument {instrument.id!r} stands in another's file",
                where=str(path),
                do="Name the file by its id",
            )
        found[instrument.id] = instrument
    return {name: found[name] for name in computing_order(found)}


@cache
def shipped_instruments() -> Mapping[str, Instrument]:
    """The shipped instruments in computing order, read once in a process: each row of answers asks for them."""
    return load_instruments()


def find_instrument(named: str) -> Instrument:
    """A shipped instrument by its id, or a user's own by its file. Raises ConfigError where there is none."""
    shipped = {path.stem: path for path in SHIPPED.glob("*.yaml")}
    if named in shipped:
        return read_instrument(shipped[named])
    if named.endswith((".yaml", ".yml")) or Path(named).is_file():
        return read_instrument(Path(named))
    do = f"{did_you_mean(named, list(shipped))}; a file of your own ends in .yaml"
    raise ConfigError(f"there is no instrument {named[:60]!r}", do=do)


def computing_order(instruments: Mapping[str, Instrument]) -> tuple[str, ...]:
    """The ids, each after those whose index answers a question of it.

    Raises ConfigError where one is not known, or where an instrument feeds itself through others.
    """
    feeds: dict[str, list[str]] = {}
    for name, instrument in instruments.items():
        feeds[name] = [one.question.from_ for one in instrument.asked.values() if one.question.from_]
        for other in feeds[name]:
            if other not in instruments:
                raise ConfigError(
                    f"takes over the index of {other!r}, which is no instrument",
                    where=name,
                    do=did_you_mean(other, list(instruments)),
                )
    try:
        return tuple(TopologicalSorter(feeds).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ConfigError(f"an instrument feeds itself: {circle}", do="Take one of the steps out") from None


def _raw(path: Path, shipped: Path) -> dict[str, Any]:
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise YamlError("file", "is not a mapping", "Start from a shipped instrument")
    base = raw.get("based_on")
    if base is None:
        return raw
    file = shipped / f"{base}.yaml"
    if not file.is_file():
        known = did_you_mean(str(base), [one.stem for one in shipped.glob("*.yaml")])
        raise YamlError("based_on", f"there is no instrument {str(base)[:60]!r}", known)
    # What the file says itself stands in place of what it is based on, key by key; keys of its own it must make itself.
    inherited = {key: value for key, value in read_yaml(file).items() if key != "key"}
    return {**inherited, **raw}


def _check_indicators(path: Path, instrument: Instrument, indicators: Collection[str] | None) -> None:
    if indicators is None:
        return
    for one in instrument.asked.values():
        named = one.question.indicator
        if named is not None and named not in indicators:
            do = did_you_mean(named, list(indicators))
            raise ConfigError(f"indicator {named!r} is not known", where=f"{path}: {one.key}", do=do)


def _refusal(problem: Problem) -> ConfigError:
    return ConfigError(problem.what, where=f"{problem.file}: {problem.where}", do=problem.do)
