"""Reading a file of definitions: one document, proved against its model, and one clear line for what is wrong."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from definitions.problems import Problem, from_validation
from definitions.yaml_reader import YamlError, read_yaml
from ledger.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


def read_definition(path: Path, model: type[Model]) -> Model:
    """The document in a file, with ``id`` taken from the file's name.

    Raises ConfigError with the first thing that is wrong with it.
    """
    try:
        raw = read_yaml(path)
    except YamlError as error:
        raise refused(Problem(path, error.where, error.what, error.do)) from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise refused(Problem(path, "file", f"cannot be read ({type(error).__name__})", "Mend the YAML")) from error
    if not isinstance(raw, dict):
        raise refused(Problem(path, "file", "is not a mapping", "Start from another file of its folder"))
    try:
        return model.model_validate({**raw, "id": path.stem})
    except ValidationError as error:
        raise refused(from_validation(path, error, model)[0]) from error


def refused(problem: Problem) -> ConfigError:
    """A problem of a file as the error that stops whoever needs the file."""
    return ConfigError(problem.what, where=f"{problem.file}: {problem.where}", do=problem.do)
