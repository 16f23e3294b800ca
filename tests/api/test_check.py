"""A file is checked before it is sent: by its contract, with lines and masked values, and nothing of it is kept."""

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.files import MOST_BYTES
from connectors.pull import file_check
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.platform.file_check import checker
from tests.api.conftest import Shelf, bearer, desk, key, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

NIK = "3507014101900001"
SOURCE = """
id: {id}
title: Contoh
system: Contoh
protocol: {protocol}
connection: contoh
args: {args}
load: snapshot
coverage: {{from: tahun, grain: year}}
contract:
  key: [nik]
  columns:
    nik: {{type: string, personal: pseudonym, kind: nik, required: true}}
    tahun: {{type: integer, context: tahun, from: tahun}}
    tinggi: {{type: 'decimal(5,1)', required: true, min: 30, max: 130, unit: cm}}
    catatan: {{type: string, pattern: '[a-z]*'}}
provides: []
assertions: {{rows: {{min: 1, max: 10}}, quarantine: {{max: 5%}}, shrink: {{max: 20%}}}}
freshness: {{due: {{id: kapan saja, en: any time}}, warn: 30d, fail: 90d}}
events: {{fallback: '0 2 * * *'}}
caveats: [{{id: Contoh., en: An example.}}]
runbook: Nothing is to be done.
"""


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    """An installation with two sources of one agency: one of files, and one that is asked."""
    folder = tmp_path / "sources" / "dinkes"
    folder.mkdir(parents=True)
    files = "{pattern: 'timbang_(?P<tahun>\\d{4})\\.csv'}"
    (folder / "timbang.yaml").write_text(SOURCE.format(id="timbang", protocol="files.csv", args=files))
    asked = "{path: /x, records: $, params: {tahun: '{tahun}'}}\nfor_each: [{tahun: '2024'}]"
    (folder / "asked.yaml").write_text(SOURCE.format(id="asked", protocol="rest", args=asked))
    return settings.model_copy(update={"sources_dir": tmp_path / "sources"})


@pytest.fixture
def address(shelf: Shelf, ledger: Ledger, own: Settings) -> Iterator[str]:
    with serving(desk(shelf, ledger), checker(own)) as found:
        yield found


def post(
    address: str, sent: str | None, body: bytes, source: str = "timbang", name: str = "timbang_2024.csv"
) -> httpx.Response:
    headers = bearer(sent) if sent else {}
    return httpx.post(f"{address}/v1/check/{source}", params={"name": name}, content=body, headers=headers, timeout=30)


def test_every_reason_is_told_with_its_line(address: str, ledger: Ledger) -> None:
    body = f"nik,tahun,tinggi,lain\n{NIK},2024,75.5,a\n3507014101900002,2024,750,b\n\n{NIK}9,2024,80,c\n".encode()
    answer = post(address, key(ledger, opds=("dinkes",)), body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["rows_received"], told["rows_good"], told["rows_refused"]) == (3, 1, 2)
    assert (told["unknown"], told["absent"], told["all_told"]) == (["lain"], ["catatan"], True)
    assert [(one["row"], one["line"], one["field"], one["rule"]) for one in told["refused"]] == [
        (2, "line 3", "tinggi", "max"),
        (3, "line 5", "nik", "kind"),
    ]
    assert told["refused"][0]["value"] == "750"
    assert "130" in told["refused"][0]["message"]
    columns = {column["name"]: column for column in told["schema"]}
    assert columns["tinggi"] == {
        "name": "tinggi",
        "type": "decimal(5,1)",
        "required": True,
        "personal": False,
        "unit": "cm",
    }
    assert columns["nik"]["personal"] is True
    assert NIK not in answer.text, "a person's number is masked"


def test_p6_nothing_is_kept_and_the_ledger_hears_nothing(address: str, ledger: Ledger, own: Settings) -> None:
    before = set(Path(tempfile.gettempdir()).iterdir())
    sent = key(ledger)
    for _ in range(2):
        assert post(address, sent, f"nik,tahun,tinggi\n{NIK},2024,999\n".encode()).status_code == 200
    left = set(Path(tempfile.gettempdir()).iterdir()) - before
    assert [path.name for path in left if "pilar-check" in path.name] == []
    assert list(own.home.iterdir()) == []
    assert ledger.last_pull("timbang") is None


def test_p6_what_a_killed_check_left_is_removed_where_the_next_process_begins(
    own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    body = f"nik,tahun,tinggi\n{NIK},2024,750\n".encode()
    at_work = tmp_path / f"pilar-check-{os.getppid()}-x"
    at_work.mkdir()

    def die_in_the_middle() -> None:
        file_check._reasons = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment, return-value]
        checker(own).check("timbang", "timbang_2024.csv", body)

    process = multiprocessing.get_context("fork").Process(target=die_in_the_middle)
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert len(list(tmp_path.glob("pilar-check-*"))) == 2

    checker(own)
    assert list(tmp_path.glob("pilar-check-*")) == [at_work]


def test_who_may_check_which_files(address: str, ledger: Ledger) -> None:
    body = b"nik,tahun,tinggi\n"
    asked = {
        None: 401,
        key(ledger, "public"): 401,
        key(ledger, opds=("dlh",)): 403,
        key(ledger, "ministry", opds=("dinkes",)): 200,
    }
    for sent, status in asked.items():
        answer = post(address, sent, body)
        assert answer.status_code == status, answer.text
        assert status == 200 or answer.headers["content-type"] == "application/problem+json"
    assert post(address, key(ledger), body, source="no_such_source").status_code == 404


UNREADABLE = {
    "nothing": (b"", "timbang", "timbang_2024.csv", "there is no file"),
    "another name": (b"nik,tahun,tinggi\n", "timbang", "x.csv", "does not fit"),
    "no name": (b"nik,tahun,tinggi\n", "timbang", "", "does not fit"),
    "a source that is asked": (b"[]", "asked", "x", "takes no files"),
    "no text": (b"\x00\xff\xfe" * 100, "timbang", "timbang_2024.csv", ""),
}


@pytest.mark.parametrize("case", UNREADABLE.values(), ids=UNREADABLE)
def test_p10_a_file_that_cannot_be_read_is_refused_in_words(
    address: str, ledger: Ledger, case: tuple[bytes, str, str, str]
) -> None:
    body, source, name, said = case
    answer = post(address, key(ledger), body, source, name)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert tempfile.gettempdir() not in answer.text


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_that_is_too_large_is_not_read_to_its_end(address: str, ledger: Ledger, chunked: bool) -> None:
    read = 0

    def parts() -> Iterator[bytes]:
        nonlocal read
        for _ in range(64):
            read += 1
            yield b"x" * 1_048_576

    headers = bearer(key(ledger)) | ({} if chunked else {"content-length": str(64 * 1_048_576)})
    try:
        answer = httpx.post(f"{address}/v1/check/timbang", content=parts(), headers=headers, timeout=30)
        assert answer.status_code == 413
    except (httpx.WriteError, httpx.ReadError):
        pass  # closed while it was sent: as good an answer
    assert read <= MOST_BYTES / 1_048_576 + 20
    assert httpx.get(f"{address}/health").status_code == 200
