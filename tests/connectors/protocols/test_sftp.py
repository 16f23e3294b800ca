"""An SFTP server on loopback: its key, its login, its files."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from connectors.protocols import registry
from connectors.protocols.base import Page
from connectors.protocols.files.sftp import classify_ssh
from ledger.errors import ConfigError, PilarError, SourceError
from ledger.settings import Connection
from simulator import sftp as served
from simulator.server import Simulator
from simulator.sftp import Drop

PASSWORD = "sandi-dinas-7c1e"


@dataclass
class Served:
    """The simulator's drop: ``system`` makes it misbehave."""

    system: Simulator
    port: int
    host_key: str
    client_key: str


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[Served]:
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "balita_64.02.csv").write_text("nik,berat\n1,2\n")
    (folder / "masuk").mkdir()
    (folder / "masuk" / "balita_62.02.csv").write_text("nik,berat\n3,4\n")
    key = asyncssh.generate_private_key("ssh-ed25519")
    public = key.export_public_key().decode()
    with Simulator(systems=[], drop=Drop("drop", "dinas", PASSWORD, lambda _fault: folder, public)) as simulator:
        found = simulator.connections()["drop"]
        port = int(found["url"].rpartition(":")[2])
        yield Served(simulator, port, found["extra"]["host_key"], key.export_private_key().decode())


Read = Callable[..., list[Page]]


@pytest.fixture
def read(drop: Served) -> Read:
    def make(
        *, extra: dict[str, Any] | None = None, password: str = PASSWORD, limits: Any = None, **args: Any
    ) -> list[Page]:
        known = {"private": True, "host_key": drop.host_key} | (extra or {})
        url = f"sftp://127.0.0.1:{drop.port}"
        connection = Connection(url=url, login="dinas", password=password, extra=known)
        protocol = registry.get("files.csv")
        checked = protocol.Args.model_validate({"pattern": r"balita_(?P<kode>.+)\.csv"} | args)
        bounds = Limits(connect_s=2, read_s=3, total_s=3, attempts=2, backoff_s=0.01).model_copy(update=limits or {})
        with HttpClient(connection, bounds) as http:
            return list(protocol(checked, connection, [], http).pages())

    return make


def refused(read: Read, **args: Any) -> PilarError:
    with pytest.raises(PilarError) as caught:
        read(**args)
    assert PASSWORD not in str(caught.value)
    return caught.value


@pytest.mark.integration
class TestSftp:
    def test_files_are_read_with_a_password(self, read: Read, drop: Served) -> None:
        [page] = read()
        assert page.body == b"nik,berat\n1,2\n"
        assert page.context == {"kode": "64.02"}
        assert page.request == f"GET sftp://127.0.0.1:{drop.port}/balita_64.02.csv"

    def test_files_are_read_with_a_key_and_from_a_folder_below(self, read: Read, drop: Served) -> None:
        [page] = read(extra={"private_key": drop.client_key}, password="", folder="masuk")
        assert page.context == {"kode": "62.02"}

    def test_a_caller_inside_a_running_loop_is_served_too(self, read: Read) -> None:
        async def inside() -> list[Page]:
            return read()

        assert len(asyncio.run(inside())) == 1

    def test_no_thread_is_left_behind(self, read: Read) -> None:
        read()
        refused(read, password="wrong-password")
        assert not [thread for thread in threading.enumerate() if thread.name == "pilar-loop"]

    def test_another_host_key_is_refused(self, read: Read) -> None:
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        error = refused(read, extra={"host_key": other})
        assert isinstance(error, SourceError)
        assert error.kind == "auth"
        assert "host key" in error.what

    @pytest.mark.parametrize("key", [None, "", "ssh-ed25519 nonsense", 5])
    def test_p10_without_a_known_host_key_nothing_is_dialled(self, read: Read, key: object) -> None:
        assert isinstance(refused(read, extra={"host_key": key}), ConfigError)

    def test_a_wrong_password_is_a_matter_of_access(self, read: Read) -> None:
        error = refused(read, password="wrong-password")
        assert isinstance(error, SourceError)
        assert error.kind == "auth"
        assert "wrong-password" not in str(error)

    def test_p10_a_private_key_that_is_none_is_refused(self, read: Read) -> None:
        assert isinstance(refused(read, extra={"private_key": "nonsense"}), ConfigError)

    def test_a_missing_folder_is_named(self, read: Read) -> None:
        error = refused(read, folder="nowhere")
        assert isinstance(error, SourceError)
        assert error.kind == "permanent"
        assert "/nowhere" in error.where

    def test_a_large_file_is_damage(self, read: Read) -> None:
        assert "larger than 5 bytes" in str(refused(read, limits={"max_received": 5}))

    @pytest.mark.parametrize("text", ["nik,berat\n1,2\n3,4\n", "nik,berat\n", "nik,berat\n1,9\n"], ids=["+", "-", "="])
    def test_p1_a_file_that_changes_between_its_listing_and_its_end_is_not_landed(
        self, read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        path, opened = tmp_path / "drop" / "balita_64.02.csv", served._Served.open

        def changing(*given: Any) -> object:
            path.write_text(text)
            os.utime(path, (1_700_000_000, 1_700_000_000))  # of the same size, it has another time
            return opened(*given)

        monkeypatch.setattr(served._Served, "open", changing)
        error = refused(read)
        assert isinstance(error, SourceError)
        assert (error.kind, "changed while it was read" in error.what) == ("retryable", True)

    def test_a_slow_server_meets_the_deadline(self, read: Read, drop: Served) -> None:
        drop.system.faults.set("drop", "slow_drip", value=1)
        error = refused(read, limits={"total_s": 0.7})
        assert isinstance(error, SourceError)
        assert (error.kind, "0.7 s" in error.what) == ("retryable", True)

    def test_private_addresses_are_refused_unless_declared(self, read: Read) -> None:
        error = refused(read, extra={"private": False})
        assert isinstance(error, SourceError)
        assert error.kind == "permanent"

    def test_a_server_that_is_not_there_is_tried_again_and_then_named(self, read: Read, drop: Served) -> None:
        drop.port = 9
        error = refused(read)
        assert isinstance(error, SourceError)
        assert error.kind == "retryable"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncssh.PermissionDenied("no"), "auth"),
        (asyncssh.HostKeyNotVerifiable("no"), "auth"),
        (asyncssh.SFTPPermissionDenied("no"), "auth"),
        (asyncssh.SFTPNoSuchFile("no"), "permanent"),
        (asyncssh.SFTPNoSuchPath("no"), "permanent"),
        (asyncssh.SFTPFailure("no"), "retryable"),
        (asyncssh.ConnectionLost("no"), "retryable"),
        (asyncssh.ProtocolError("no"), "retryable"),
        (ConnectionResetError("no"), "retryable"),
        (TimeoutError(), "retryable"),
    ],
)
def test_table(error: Exception, kind: str) -> None:
    assert classify_ssh(error)[0] == kind
