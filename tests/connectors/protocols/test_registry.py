"""Names, classes and paths."""

import subprocess
import sys

import pytest
from pydantic import BaseModel

from connectors.protocols import registry
from connectors.protocols.json_path import MISSING, leads_to_nothing, member, select, steps
from ledger.errors import ConfigError


@pytest.mark.parametrize("name", registry.names())
def test_every_name_has_a_class_that_knows_it(name: str) -> None:
    protocol = registry.get(name)
    assert protocol.name == name
    assert issubclass(protocol.Args, BaseModel)
    assert protocol.Args.model_config["extra"] == "forbid"
    assert protocol.__doc__


@pytest.mark.parametrize(
    ("typo", "meant"), [("dapodiq", "dapodik"), ("files.xls", "files.xlsx"), ("satu_sehat", "satusehat")]
)
def test_p10_a_typo_gets_the_nearest_name(typo: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"Did you mean '{meant}'"):
        registry.get(typo)


def test_asking_for_names_imports_no_protocol() -> None:
    code = (
        "import sys; from connectors.protocols import registry; registry.names();"
        "heavy = {'asyncssh', 'python_calamine', 'psycopg'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", ()),
        ("$.data", ("data",)),
        ("$.a.b-c", ("a", "b-c")),
        ('$."odd name".x', ("odd name", "x")),
        ("$.entry[*].resource", ("entry", "[*]", "resource")),
    ],
)
def test_paths(path: str, found: tuple[str, ...]) -> None:
    assert steps(path) == found


@pytest.mark.parametrize("path", ["", "data", "$data", "$.", "$..a", "$.a[0]", "$.a[*", '$."a', "$.a b", "$.a'; DROP"])
def test_p10_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        steps(path)


def test_selecting() -> None:
    data = {"a": {"b": [{"c": 1}, {"d": 2}]}, "n": None, "e": []}
    assert select(data, "$.a.b[*].c") == [1]
    assert select(data, "$.a.x") is MISSING
    assert select(data, "$.n") is None
    assert not leads_to_nothing(data, "$.a.b")
    assert leads_to_nothing(data, "$.n.x")
    assert leads_to_nothing(data, "$.e.x")
    assert not leads_to_nothing(data, "$.a.x")
    assert member("data") == ".data"
    assert member("respon x") == '."respon x"'
