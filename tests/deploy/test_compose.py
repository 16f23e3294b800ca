"""docker-compose.yml, the Dockerfile and deploy/: what can be proved of them without a container."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from ledger.settings import REPOSITORY, Settings
from pilar.platform import airflow_settings
from tests.deploy import compose
from tests.deploy.containers import POSTGRES_BIN

SERVICES = (
    "postgres",
    "init",
    "api-server",
    "scheduler",
    "dag-processor",
    "triggerer",
    "door",
    "relay",
    "api",
    "alerts",
)
SECRET_NAME = re.compile(r"PASSWORD|SECRET|FERNET_KEY|TOKEN")
# What the demo sets in other words than production: folders, addresses, and who may log in.
SET_ELSEWHERE = {
    "AIRFLOW__API__BASE_URL",
    "AIRFLOW__API__HOST",
    "AIRFLOW__API__PORT",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__CORE__DAGS_FOLDER",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
}
DEMO_ONLY = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "AIRFLOW__DATABASE__CHECK_MIGRATIONS"}


@pytest.fixture
def raw() -> Mapping[str, Any]:
    services = compose.document()["services"]
    assert isinstance(services, dict)
    return services


@pytest.fixture(scope="module")
def values() -> Mapping[str, str]:
    """The variables as `deploy/new-env` writes them."""
    done = subprocess.run(
        [REPOSITORY / "deploy" / "new-env", "35.07,64.02"], capture_output=True, text=True, check=True
    )
    pairs = (line.partition("=") for line in done.stdout.splitlines() if re.match(r"[A-Z]", line))
    return {name: value for name, _, value in pairs}


def validate(file: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_follows_the_compose_specification(tmp_path: Path) -> None:
    assert validate(compose.COMPOSE_FILE).returncode == 0
    spoilt = tmp_path / "docker-compose.yml"
    spoilt.write_text(compose.COMPOSE_FILE.read_text().replace("restart: unless-stopped", "restarts: unless-stopped"))
    assert validate(spoilt).returncode != 0


def test_every_variable_is_explained_and_every_explained_one_is_used() -> None:
    asked = compose.variables(compose.COMPOSE_FILE.read_text())
    explained = compose.read_env(compose.EXAMPLE)
    assert set(asked) == set(explained)
    required = {name for name, default in asked.items() if default is None}
    assert required == {name for name, value in explained.items() if not value}
    assert {name: explained[name] for name in asked.keys() - required} == {
        name: default for name, default in asked.items() if default is not None
    }


def test_no_secret_stands_in_a_file() -> None:
    for name, service in compose.document()["services"].items():
        for key, value in service["environment"].items():
            if SECRET_NAME.search(key):
                assert compose.VARIABLE.fullmatch(value), f"{name}: {key}"
            for password in re.findall(r"://[^:/@]+:([^@]+)@", str(value)):
                assert compose.VARIABLE.fullmatch(password), f"{name}: {key}"
    for file in (compose.EXAMPLE, *(REPOSITORY / "deploy").glob("*.env.example")):
        found = {key: value for key, value in compose.read_env(file).items() if SECRET_NAME.search(key) and value}
        assert not found, file.name
    assert not SECRET_NAME.search(re.sub(r"--mount=type=secret\S*|--secret\b.*", "", compose.DOCKERFILE.read_text()))


def test_p10_an_installation_is_about_the_regions_that_were_named(values: Mapping[str, str]) -> None:
    assert values["PILAR_REGIONS"] == "35.07,64.02"
    done = subprocess.run([REPOSITORY / "deploy" / "new-env"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "name the regions" in done.stderr


def test_new_secrets_are_random_and_of_the_right_kind(values: Mapping[str, str]) -> None:
    empty = {name for name, value in compose.read_env(compose.EXAMPLE).items() if not value} - {"PILAR_REGIONS"}
    assert len({values[name] for name in empty}) == len(empty)
    assert all(len(values[name]) >= 43 for name in empty)
    Fernet(values["AIRFLOW_FERNET_KEY"])
    # They become parts of URLs.
    assert all(re.fullmatch(r"[0-9a-f]{64}", values[name]) for name in empty - {"AIRFLOW_FERNET_KEY"})


def test_a_missing_secret_stops_compose(values: Mapping[str, str]) -> None:
    with pytest.raises(KeyError, match="AIRFLOW_JWT_SECRET"):
        compose.services({**values, "AIRFLOW_JWT_SECRET": ""})


def test_every_service_is_there_checked_and_limited(raw: Mapping[str, Any]) -> None:
    assert tuple(raw) == SERVICES
    for name, service in raw.items():
        assert service["restart"] == ("no" if name == "init" else "unless-stopped"), name
        assert ("healthcheck" in service) == (name not in ("init", "relay")), name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        # One service builds the image. The others wait for it, and nobody looks for it in a registry.
        assert ("build" in service) == (name == "init"), name
        assert (service.get("pull_policy") == "never") == (name != "postgres"), name


def test_no_service_has_more_rights_than_it_needs(raw: Mapping[str, Any]) -> None:
    for name, service in raw.items():
        assert int(service["user"].split(":")[0]) > 0, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "network_mode", "pid", "ipc"} & set(service), name
    internal = {name for name, network in compose.document()["networks"].items() if network.get("internal")}
    assert set(raw["postgres"]["networks"]) <= internal
    assert "ports" not in raw["postgres"]
    for name in ("api-server", "door", "api"):
        assert all(port.startswith("${BIND_ADDRESS:-127.0.0.1}:") for port in raw[name]["ports"]), name
    # Its page has no login.
    assert all(port.startswith("127.0.0.1:") for port in raw["alerts"]["ports"])


def test_images_are_pinned(raw: Mapping[str, Any]) -> None:
    base = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", compose.DOCKERFILE.read_text(), re.MULTILINE)
    assert base is not None
    images = {service["image"] for service in raw.values()} | {base[1]}
    for image in images:
        tag = image.split(":", 1)[1]
        assert re.search(r"\d+\.\d+", tag), image
        assert "latest" not in tag, image


def test_keys_and_data_lie_apart_and_few_see_them(values: Mapping[str, str]) -> None:
    services = compose.services(values)
    sees = {
        volume: {name for name, service in services.items() if volume in service.mounts.values()}
        for volume in compose.document()["volumes"]
    }
    assert sees["keys"] == {"init", "scheduler"}
    assert sees["data"] == {"scheduler"}
    assert sees["published"] == {"scheduler", "door", "api", "alerts"}
    assert sees["postgres"] == {"postgres"}
    keys = Path(services["scheduler"].environment["PILAR_KEYS"])
    assert not keys.is_relative_to(services["scheduler"].environment["PILAR_HOME"])


def test_secrets_reach_only_those_who_need_them(values: Mapping[str, str]) -> None:
    services = compose.services(values, {"relay"})

    def holders(secret: str) -> set[str]:
        return {
            name
            for name, service in services.items()
            if any(values[secret] in value for value in service.environment.values())
        }

    assert holders("POSTGRES_PASSWORD") == {"postgres"}
    assert holders("PILAR_LEDGER_PASSWORD") == {"postgres", "init", "scheduler", "door", "relay", "api", "alerts"}
    assert holders("AIRFLOW_JWT_SECRET") == {"api-server", "scheduler"}
    assert holders("AIRFLOW_API_SECRET_KEY") == {"api-server"}
    assert holders("AIRFLOW_ADMIN_PASSWORD") == {"init"}
    assert holders("AIRFLOW_DOOR_PASSWORD") == {"init", "door"}
    assert "door" not in holders("AIRFLOW_FERNET_KEY") | holders("AIRFLOW_DATABASE_PASSWORD")


def test_whatever_is_written_lies_in_a_mount(values: Mapping[str, str]) -> None:
    for service in compose.services(values).values():
        for name in ("AIRFLOW_HOME", "HOME"):
            folder = service.environment.get(name)
            assert folder is None or folder in service.mounts, f"{service.name}: {name}"
    scheduler = compose.services(values)["scheduler"]
    assert scheduler.environment["PILAR_HOME"] in scheduler.mounts


def test_airflow_is_set_as_in_the_demo(tmp_path: Path, values: Mapping[str, str]) -> None:
    settings = Settings(home=tmp_path, ledger_url="postgresql://x", key_dir=tmp_path / "keys")
    airflow_settings.prepare_home(tmp_path / "airflow")
    demo = airflow_settings.airflow_environment(settings, "postgresql://x/airflow", 8080)
    shared = compose.read_env(REPOSITORY / "deploy" / "airflow.env")
    assert shared == {name: demo.get(name) for name in shared}
    ours = {name for name in demo if name.startswith("AIRFLOW__")}
    assert ours - set(shared) == SET_ELSEWHERE | DEMO_ONLY
    declared = {name for service in compose.services(values).values() for name in service.environment}
    assert declared >= SET_ELSEWHERE - {"AIRFLOW__API__HOST", "AIRFLOW__API__PORT"}
    assert not declared & DEMO_ONLY


def test_the_scheduler_preloads_as_in_the_demo() -> None:
    ours = (REPOSITORY / "deploy" / "settings" / "airflow_local_settings.py").read_text()
    assert ours.endswith(airflow_settings.LOCAL_SETTINGS)


def test_postgresql_is_the_release_that_the_tests_run_on(raw: Mapping[str, Any]) -> None:
    said = subprocess.run([POSTGRES_BIN / "postgres", "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"postgres:([\d.]+)-\w+", raw["postgres"]["image"])[1] in said.stdout.split()  # type: ignore[index]


def test_the_image_is_made_of_what_is_there() -> None:
    text = compose.DOCKERFILE.read_text()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        assert all((REPOSITORY / source).exists() for source in line.split()[:-1]), line
    assert re.findall(r"^USER (\d+):(\d+)$", text, re.MULTILINE) == [("10001", "10001")]
    kept = [line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert not [name for name in kept if not (REPOSITORY / name).exists()]
    needed = {"LICENSE", "README.md", "pyproject.toml", "requirements.lock", "dbt_project", "deploy"}
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    assert needed | packages <= set(kept)
    assert {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - packages == {"benchmarks"}


@pytest.mark.parametrize("script", ["deploy/new-env", ".ci/run", "run"])
def test_scripts_can_be_read_by_bash(script: str) -> None:
    assert subprocess.run(["bash", "-n", REPOSITORY / script], check=False).returncode == 0
    assert (REPOSITORY / script).stat().st_mode & 0o111
