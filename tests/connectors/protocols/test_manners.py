"""The bad manners that real agencies' systems have in common, each shown once.

Text, HTML and PDF in place of JSON, next links without end and repeated pages are in the table of faults; glued keys in
test_bps, answers bound to their moment in test_bpjs, pushes in tests/events.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.http.client import HttpClient
from connectors.protocols import registry
from connectors.protocols.rest import Envelope
from connectors.protocols.rest import classify as classify_rest
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection
from tests.connectors.http.conftest import Heard, response, serving
from tests.connectors.landing.conftest import land_pages, source_of
from tests.connectors.protocols.systems import SYSTEMS
from tests.connectors.protocols.test_classify import reading


def spelled(name: str, code: object) -> dict[str, Any]:
    return {name: {"code": code, "message": "OK"}, "response": [{"a": 1}]}


@pytest.mark.parametrize(
    ("protocol", "answer"),
    [
        *(("bpjs", spelled(name, code)) for name in ("metaData", "metadata") for code in ("200", 200)),
        *(("oss", {name: {"kode": kode, "dataProyek": {"data_proyek": [{}]}}})
          for name in ("responinqueryProyek", "responInqueryNIB") for kode in ("200", 200)),
    ],
)  # fmt: skip
def test_one_envelope_has_two_spellings_and_its_code_two_types(protocol: str, answer: Any) -> None:
    assert reading(protocol, 200, answer).kind == "ok"


def oss(data: Any) -> dict[str, Any]:
    return {"responinqueryProyek": {"kode": 400, "keterangan": "Data tidak ditemukan", "dataProyek": data}}


@pytest.mark.parametrize(
    ("protocol", "answer", "kind"),
    [
        ("dapodik", {"results": 1, "rows": {"npsn": "1"}}, "ok"),
        ("dapodik", {"results": 0, "rows": ""}, "empty"),
        ("oss", oss([]), "empty"),
        ("oss", oss(""), "empty"),
        ("bps", {"status": "OK", "data-availability": "not-available", "data": ""}, "empty"),
        ("sipsn", {"markers": ""}, "empty"),
        ("sipd", {"data": None}, "empty"),
        ("bpjs", {"metadata": {"code": 200}, "response": ""}, "empty"),
        ("rest", "null", "empty"),
    ],
)
def test_p8_where_rows_were_due_stands_an_object_or_nothing_at_all(protocol: str, answer: Any, kind: str) -> None:
    assert reading(protocol, 200, answer).kind == kind


REFUSALS = {protocol: asked.refusal for protocol, asked in SYSTEMS.items() if protocol != "rest"}


@pytest.mark.parametrize("protocol", sorted(REFUSALS))
def test_a_refusal_with_http_200_is_one(protocol: str) -> None:
    verdict = reading(protocol, 200, REFUSALS[protocol])
    assert verdict.kind in {"permanent", "damaged"}
    assert verdict.detail


def test_a_refusal_with_http_200_is_told_to_rest_by_its_source() -> None:
    body = b'{"ok": false, "pesan": "Parameter salah", "data": []}'
    verdict = classify_rest(200, {}, body, envelope=Envelope(status="$.ok", ok=["true"], message="$.pesan"))
    assert (verdict.kind, "Parameter salah" in verdict.detail) == ("permanent", True)


@pytest.mark.parametrize(
    ("protocol", "args"),
    [
        ("bps", {"domain": "6400", "var": [1], "tahun": [2020]}),
        ("rest", {"path": "/isb/{secret}/json", "auth": {"type": "path"}}),
        ("rest", {"path": "/a", "auth": {"type": "query", "name": "k"}}),
    ],
)
def test_a_secret_in_the_address_is_in_no_error(pull: Any, reply: Any, protocol: str, args: Any) -> None:
    with pytest.raises(SourceError) as caught:
        pull(protocol, args, [reply("tidak dikenal: kunci-rahasia", 404)]).pages()
    assert "kunci-rahasia" not in str(caught.value)
    assert "***" in caught.value.where


def test_one_row_has_numbers_in_two_locales(pull: Any, reply: Any, tmp_path: Any) -> None:
    form = {"columns": ["id", "timbulan", "tinggi"], "session": ""}
    pages = pull("sipsn", form, [reply({"markers": [["a", "135,200.79", "13,9"], ["b", "1,000", "1.000,5"]]})]).pages()
    columns = {
        "id": {},
        "timbulan": {"type": "decimal(18,2)", "locale": "en"},
        "tinggi": {"type": "decimal(9,1)", "locale": "id"},
    }
    rows = land_pages(source_of(columns, ["id"]), pages, tmp_path).rows
    assert [(row["timbulan"], row["tinggi"]) for row in rows] == [
        (Decimal("135200.79"), Decimal("13.9")), (Decimal("1000.00"), Decimal("1000.5")),
    ]  # fmt: skip


def test_moments_are_in_utc_there_in_local_time_here_and_in_milliseconds_elsewhere(tmp_path: Any, pull: Any) -> None:
    record = {"id": "a", "utc": "2024-08-01T01:00:00+00:00", "wib": "2024-08-01 08:00:00", "ms": 1722474000000}
    pages = pull("rest", {"path": "/a"}, [(200, {}, json.dumps([record]).encode())]).pages()
    columns: dict[str, Any] = {
        "id": {},
        "utc": {"type": "timestamp"},
        "wib": {"type": "timestamp", "timezone": "Asia/Jakarta"},
        "ms": {"type": "bigint", "unit": "ms"},
    }
    [row] = land_pages(source_of(columns, ["id"]), pages, tmp_path / "a").rows
    moment = datetime(2024, 8, 1, 1, tzinfo=UTC)
    assert (row["utc"], row["wib"], row["ms"]) == (moment, moment, int(moment.timestamp() * 1000))
    columns["ms"] = {"type": "timestamp"}  # a number is not taken for a moment by guessing
    assert land_pages(source_of(columns, ["id"]), pages, tmp_path / "b").reasons == [("type", "ms")]


def test_what_a_captcha_guards_is_exported_by_a_person_and_lands_alike(pull: Any, reply: Any, tmp_path: Any) -> None:
    """SIPD's login asks for a captcha: without a token, its export as a file is read by the same contract."""
    columns = {"kode": {"from": "kode_rekening"}, "anggaran": {"type": "decimal(18,2)"}}
    asked = pull("sipd", {"path": "/lra", "paged": False}, [reply([{"kode_rekening": "4.1", "anggaran": "1500000.5"}])])
    (tmp_path / "lra.csv").write_text("kode_rekening,anggaran\n4.1,1500000.5\n")
    link = Connection(url=f"file://{tmp_path}")
    with HttpClient(link) as http:
        files = registry.get("files.csv")
        exported = list(files(files.Args.model_validate({"pattern": r"lra\.csv"}), link, (), http).pages())
    landed = [
        land_pages(source_of(columns, ["kode"]), pages, tmp_path / name).rows
        for name, pages in (("asked", asked.pages()), ("exported", exported))
    ]
    assert landed[0] == landed[1]
    assert landed[0][0]["anggaran"] == Decimal("1500000.50")


@pytest.mark.integration
def test_every_school_has_a_server_and_a_token_of_its_own() -> None:
    args = {"method": "getSekolah", "semester_id": "20241"}
    schools = [{"npsn": "99640201"}, {"npsn": "99640202"}]

    def speak(sock: Any, heard: Heard) -> None:
        npsn = heard.line.partition("npsn=")[2][:8]
        if heard.headers["authorization"] != f"Bearer token-{npsn}":
            sock.sendall(response(b"Access denied - IP Anda tidak terdaftar", 403, "text/plain"))
        else:
            sock.sendall(response(json.dumps({"results": 1, "start": 0, "rows": {"npsn": npsn}}).encode()))

    with serving() as first, serving() as second:
        servers = {}
        for server, school in zip((first, second), schools, strict=True):
            server.on("/WebService/getSekolah", speak)
            servers[school["npsn"]] = {"url": server.url, "token": f"token-{school['npsn']}"}
        extra = {"private": True, "servers": servers}
        assert [page.context["npsn"] for page in schools_of(args, schools, extra)] == ["99640201", "99640202"]
        assert (len(first.heard), len(second.heard)) == (1, 1)
        servers["99640202"]["token"] = "token-99640201"
        with pytest.raises(SourceError) as caught:
            schools_of(args, schools, extra)
        assert caught.value.kind == "auth"  # an allow list refuses like a wrong token
        assert "token-9964" not in str(caught.value)
        del servers["99640202"]
        with pytest.raises(ConfigError, match="no server for school 99640202"):
            schools_of(args, schools, extra)


def schools_of(args: Any, schools: Any, extra: Any) -> list[Any]:
    link = Connection(url="https://dapodik.example", extra=extra)
    dapodik = registry.get("dapodik")
    with HttpClient(link) as http:
        return list(dapodik(dapodik.Args.model_validate(args), link, schools, http).pages())


def test_p1_a_bare_array_without_a_total_ends_at_an_empty_page_only(pull: Any, reply: Any, rows_of: Any) -> None:
    """A page that is not full is no end: some systems cap below what was asked for."""
    answers = [reply([{"id": 1}, {"id": 2}]), reply([{"id": 3}]), reply([{"id": 4}]), reply([])]
    for name, args in {
        "sipd": {"path": "/a", "limit": 2},
        "sicantik": {"method": "listpermohonanproses", "limit": 2, "counted": False},
        "rest": {"path": "/a", "paging": {"mode": "page", "size": 2, "size_param": "limit"}},
    }.items():
        assert len(rows_of(pull(name, args, list(answers)).pages())) == 4
