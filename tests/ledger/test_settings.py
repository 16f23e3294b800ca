"""Settings, connections and keys: read from the environment, never quoted in a message."""

import stat
from pathlib import Path

import pytest

from ledger.errors import ConfigError
from ledger.keys import Keys
from ledger.settings import Settings


def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, ledger_url="postgresql://u:hunter2@h/db", key_dir=tmp_path / "keys")


def test_p10_a_missing_ledger_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PILAR_LEDGER_URL"):
        Settings.from_env({"PILAR_HOME": str(tmp_path)})


def test_p6_the_keys_lie_outside_the_data_folder(tmp_path: Path) -> None:
    made = Settings.from_env({"PILAR_HOME": str(tmp_path / "data"), "PILAR_LEDGER_URL": "postgresql://h/db"})
    assert not made.key_dir.is_relative_to(made.home)


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        ("35.73", ("35.73",)),
        ("64.02,35.07", ("35.07", "64.02")),
        (" 64.02 , 35.07  64.02 ", ("35.07", "64.02")),
        ("", ()),
    ],
)
def test_the_regions_are_read_from_the_environment(tmp_path: Path, said: str, codes: tuple[str, ...]) -> None:
    values = {"PILAR_HOME": str(tmp_path), "PILAR_LEDGER_URL": "postgresql://h/db", "PILAR_REGIONS": said}
    assert Settings.from_env(values).regions == codes


@pytest.mark.parametrize("said", ["3573", "35.99", "Kota Malang", "35"])
def test_p10_what_is_no_regions_code_is_refused(tmp_path: Path, said: str) -> None:
    values = {"PILAR_HOME": str(tmp_path), "PILAR_LEDGER_URL": "postgresql://h/db", "PILAR_REGIONS": said}
    with pytest.raises(ConfigError, match="PILAR_REGIONS"):
        Settings.from_env(values)


def test_p10_without_a_region_there_is_nothing_to_evaluate(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no region is chosen"):
        settings(tmp_path).evaluated  # noqa: B018


def test_a_connection_is_read_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILAR_CONN_SIPD", '{"url": "https://x", "password": "p", "extra": {"synthetic": true}}')
    found = settings(tmp_path).connection("sipd")
    assert (found.url, found.password, found.synthetic) == ("https://x", "p", True)


@pytest.mark.parametrize(
    "value", ["{not json hunter2", '{"url": "x", "pasword": "hunter2"}', '{"password": "hunter2"}']
)
def test_p10_a_wrong_connection_is_refused_without_quoting_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PILAR_CONN_SIPD", value)
    with pytest.raises(ConfigError, match="PILAR_CONN_SIPD") as caught:
        settings(tmp_path).connection("sipd")
    assert "hunter2" not in str(caught.value)


def test_p6_secrets_are_not_in_a_representation(tmp_path: Path) -> None:
    keys = Keys.ensure(tmp_path / "keys")
    shown = repr(settings(tmp_path)) + repr(keys)
    assert "hunter2" not in shown
    assert keys.page_key.hex() not in shown


def test_keys_are_made_once_and_are_the_owners_alone(tmp_path: Path) -> None:
    first = Keys.ensure(tmp_path / "keys")
    assert Keys.ensure(tmp_path / "keys") == first
    assert first.page_key != first.pseudonym_key
    for path in (tmp_path / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "zz", "ab" * 31])
def test_p10_a_damaged_key_is_named(tmp_path: Path, content: str) -> None:
    Keys.ensure(tmp_path)
    (tmp_path / "page.key").write_text(content)
    with pytest.raises(ConfigError, match=r"page\.key"):
        Keys.load(tmp_path)


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ("", None),
        ("none", None),
        (" CC-BY-4.0 ", "CC-BY-4.0"),
        ("CC-BY-4.0 https://example.org/by", "CC-BY-4.0 https://example.org/by"),
    ],
)
def test_the_licence_is_a_name_and_where_it_stands(tmp_path: Path, said: str, licence: str | None) -> None:
    env = {"PILAR_HOME": str(tmp_path), "PILAR_LEDGER_URL": "postgresql://h/db", "PILAR_DATA_LICENCE": said}
    assert Settings.from_env(env).data_licence == licence


@pytest.mark.parametrize("said", ["free for all", "CC-BY-4.0 javascript:alert(1)", "<b>"])
def test_what_is_no_licence_is_refused(tmp_path: Path, said: str) -> None:
    env = {"PILAR_HOME": str(tmp_path), "PILAR_LEDGER_URL": "postgresql://h/db", "PILAR_DATA_LICENCE": said}
    with pytest.raises(ConfigError, match="PILAR_DATA_LICENCE"):
        Settings.from_env(env)
