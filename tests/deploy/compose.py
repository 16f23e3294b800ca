"""docker-compose.yml as Compose reads it, as far as its tests need: variables, services, environments, mounts."""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ledger.settings import REPOSITORY

COMPOSE_FILE = REPOSITORY / "docker-compose.yml"
EXAMPLE = REPOSITORY / ".env.example"
DOCKERFILE = REPOSITORY / "Dockerfile"
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?::(?P<kind>[-?])(?P<word>[^}]*))?\}")


@dataclass(frozen=True)
class Service:
    """One service. ``mounts`` maps folders in the container to the volume there, or to "tmpfs"."""

    name: str
    environment: Mapping[str, str]
    mounts: Mapping[str, str]


def document(text: str | None = None) -> Mapping[str, Any]:
    """The file with its merges done, and its variables still in it."""
    found = yaml.safe_load(COMPOSE_FILE.read_text() if text is None else text)
    assert isinstance(found, dict)
    return found


def variables(text: str) -> Mapping[str, str | None]:
    """The variables a text asks for, each with its default; None where there is none."""
    return {match["name"]: match["word"] if match["kind"] == "-" else None for match in VARIABLE.finditer(text)}


def read_env(path: Path) -> Mapping[str, str]:
    """An env file as Compose reads it: NAME=value, comments, values perhaps in single quotes."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value.strip("'") for name, _, value in pairs}


def image_environment() -> Mapping[str, str]:
    """What the Dockerfile's last stage sets."""
    last_stage = DOCKERFILE.read_text().rpartition("\nFROM ")[2].replace("\\\n", " ")
    lines = [line.removeprefix("ENV ") for line in last_stage.splitlines() if line.startswith("ENV ")]
    return dict(pair.split("=", 1) for line in lines for pair in line.split())


def services(values: Mapping[str, str], profiles: Set[str] = frozenset()) -> Mapping[str, Service]:
    """The services that Compose starts with these profiles, with the variables replaced by these values.

    KeyError names a variable without value and default.
    """
    return {
        name: _service(name, _filled(raw, values))
        for name, raw in document()["services"].items()
        if "profiles" not in raw or profiles & set(raw["profiles"])
    }


def _service(name: str, raw: Mapping[str, Any]) -> Service:
    own_image = raw["image"].startswith("pilar:")
    environment: dict[str, str] = dict(image_environment()) if own_image else {}
    for entry in raw.get("env_file", []):
        path = REPOSITORY / (entry if isinstance(entry, str) else entry["path"])
        # An installation's own files of secrets are not the tests' business.
        if isinstance(entry, str):
            environment.update(read_env(path))
    environment.update({key: str(value) for key, value in raw["environment"].items()})
    return Service(name=name, environment=environment, mounts=_mounts(raw))


def _mounts(raw: Mapping[str, Any]) -> Mapping[str, str]:
    volumes = (entry.split(":") for entry in raw.get("volumes", []))
    tmpfs = (entry.split(":")[0] for entry in raw.get("tmpfs", []))
    return {target: source for source, target, *_ in volumes} | dict.fromkeys(tmpfs, "tmpfs")


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(part, values) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, values) for part in value]
    return VARIABLE.sub(lambda match: _value(match, values), value) if isinstance(value, str) else value


def _value(match: re.Match[str], values: Mapping[str, str]) -> str:
    name = match["name"]
    if values.get(name):
        return values[name]
    if match["kind"] == "-":
        return match["word"]
    raise KeyError(name)
