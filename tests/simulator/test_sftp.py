"""The drop of workbooks: who may look, what is there, what can go wrong."""

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncssh
import pytest
import requests
from python_calamine import CalamineWorkbook

from simulator.errors import SimulatorError
from simulator.regions import KUKAR
from simulator.server import ConnectionInfo, Simulator
from simulator.workbooks import render

pytestmark = pytest.mark.integration
T = TypeVar("T")
NAME = "eppgbm_64.02_2024-08.xlsx"


def visit(
    connection: ConnectionInfo, work: Callable[[asyncssh.SFTPClient], Awaitable[T]], password: str | None = None
) -> T:
    """Log in, check the host key, do the work."""

    async def run() -> T:
        port = int(connection["url"].rpartition(":")[2])
        hosts = asyncssh.import_known_hosts(f"[127.0.0.1]:{port} {connection['extra']['host_key']}\n")
        async with (
            asyncssh.connect(
                "127.0.0.1",
                port,
                username=connection["login"],
                password=connection["password"] if password is None else password,
                known_hosts=hosts,
                config=None,
                client_keys=None,
            ) as channel,
            channel.start_sftp_client() as client,
        ):
            return await work(client)

    return asyncio.run(run())


async def fetch(client: asyncssh.SFTPClient) -> bytes:
    async with client.open(NAME, "rb") as file:
        content = await file.read()
    return bytes(content) if isinstance(content, bytes) else content.encode()


async def names(client: asyncssh.SFTPClient) -> list[str]:
    return sorted(str(name) for name in await client.listdir("/") if not str(name).startswith("."))


@pytest.fixture
def drop(connections: dict[str, ConnectionInfo]) -> ConnectionInfo:
    return connections["eppgbm_sftp"]


def test_one_workbook_a_region(drop: ConnectionInfo) -> None:
    assert visit(drop, names) == [f"eppgbm_{code}_2024-08.xlsx" for code in ("35.07", "62.02", "64.02")]
    content = visit(drop, fetch)
    assert content == render(KUKAR, "2024-08")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert len(rows) == 1 + 500 + 2
    assert rows[0][:4] == ["no_kk", "nik_anak", "nama_anak", "tanggal_lahir"]
    groups = ("TANGGALUKUR", "UMUR", "BERAT", "TINGGI", "CARAUKUR", "TBU")
    assert rows[0][9:] == [f"{month}_{name}" for month in ("FEBRUARI", "AGUSTUS") for name in groups]


def test_the_drop_is_read_only_and_closed(drop: ConnectionInfo) -> None:
    async def write(client: asyncssh.SFTPClient) -> None:
        async with client.open("new.xlsx", "wb") as file:
            await file.write(b"x")

    async def remove(client: asyncssh.SFTPClient) -> None:
        await client.remove(NAME)

    async def escape(client: asyncssh.SFTPClient) -> list[str]:
        return [str(name) for name in await client.listdir("/../../..") if not str(name).startswith(".")]

    for attempt in (write, remove):
        with pytest.raises(asyncssh.SFTPPermissionDenied):
            visit(drop, attempt)
    assert sorted(visit(drop, escape)) == visit(drop, names)
    with pytest.raises(asyncssh.PermissionDenied):
        visit(drop, names, password="wrong")


def test_faults_of_the_content(simulator: Simulator, drop: ConnectionInfo) -> None:
    healthy = visit(drop, fetch)
    simulator.faults.set("eppgbm_sftp", "half_page")
    assert visit(drop, fetch) == healthy[: len(healthy) // 2]
    simulator.faults.set("eppgbm_sftp", "broken_workbook")
    broken = visit(drop, fetch)
    assert len(broken) == len(healthy)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(broken))
    simulator.faults.set("eppgbm_sftp", "html")
    assert visit(drop, fetch).startswith(b"<!DOCTYPE html>")
    simulator.faults.clear()
    assert visit(drop, fetch) == healthy


@pytest.mark.parametrize(
    ("kind", "rows", "columns"), [("empty", 1, 21), ("drop_ratio", 252, 21), ("unknown_column", 503, 22)]
)
def test_faults_of_the_rows(simulator: Simulator, drop: ConnectionInfo, kind: str, rows: int, columns: int) -> None:
    simulator.faults.set("eppgbm_sftp", kind)
    read = CalamineWorkbook.from_filelike(io.BytesIO(visit(drop, fetch))).get_sheet_by_index(0).to_python()
    assert (len(read), len(read[0])) == (rows, columns)
    assert ("kolom_baru" in read[0]) == (kind == "unknown_column")


def test_faults_of_the_connection(simulator: Simulator, drop: ConnectionInfo) -> None:
    simulator.faults.set("eppgbm_sftp", "wrong_token")
    with pytest.raises(asyncssh.PermissionDenied):
        visit(drop, names)
    simulator.faults.set("eppgbm_sftp", "down")
    with pytest.raises((asyncssh.Error, OSError)):
        visit(drop, names)
    simulator.faults.set("eppgbm_sftp", "reset")
    with pytest.raises((asyncssh.Error, OSError)):
        visit(drop, fetch)
    simulator.faults.set("eppgbm_sftp", "slow_drip", value=0.01)
    started = asyncio.run(_seconds(drop))
    assert started < 5


async def _seconds(drop: ConnectionInfo) -> float:
    """Time to read the first 256 bytes while they drip."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    port = int(drop["url"].rpartition(":")[2])
    async with (
        asyncssh.connect(
            "127.0.0.1", port, username=drop["login"], password=drop["password"], known_hosts=None, config=None
        ) as channel,
        channel.start_sftp_client() as client,
        client.open(NAME, "rb", block_size=None) as file,
    ):
        first = await file.read(256, 0)
    assert len(first) == 64
    return loop.time() - begun


def test_a_new_month_arrives(drop: ConnectionInfo) -> None:
    with Simulator() as simulator:
        fresh = simulator.connections()["eppgbm_sftp"]
        reply = requests.post(f"{simulator.base_url}/_arrivals", json={"month": "2024-09"}, timeout=10)
        assert reply.json()["files"][0] == "eppgbm_64.02_2024-09.xlsx"
        assert len(visit(fresh, names)) == 6
        assert visit(fresh, fetch) == render(KUKAR, "2024-08")
        wrong = requests.post(f"{simulator.base_url}/_arrivals", json={"month": "soon"}, timeout=10)
        assert wrong.status_code == 400
        with pytest.raises(SimulatorError, match="no workbook of 'x' can arrive"):
            simulator.arrive("x")
    assert len(visit(drop, names)) == 3
