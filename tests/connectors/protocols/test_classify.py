"""Every protocol's reading of answers, as a table. The bodies have the real systems' shapes."""

import importlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.verdict import Verdict
from connectors.protocols import registry
from connectors.protocols.rest import Envelope
from connectors.protocols.rest import classify as classify_rest
from connectors.protocols.satusehat import classify_token

PLAIN, HTML = "text/plain", "text/html"
LOGIN = "<html><body><form action='/login'><input type='password'></form></body></html>"
OUTAGE = "<!DOCTYPE html><html><h1>Sedang pemeliharaan</h1></html>"


def bundle(*resources: object, **more: object) -> dict[str, object]:
    return {"resourceType": "Bundle", "total": len(resources), "entry": [{"resource": r} for r in resources], **more}


def outcome(code: str, text: str = "") -> dict[str, object]:
    issue = {"severity": "error", "code": code, "details": {"text": text}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def oss(kode: object, words: str, data: object) -> dict[str, object]:
    return {"responinqueryProyek": {"kode": kode, "keterangan": words, "dataProyek": data}}


def bpjs(code: object, response: object, name: str = "metaData", words: str = "OK") -> dict[str, object]:
    return {name: {"code": code, "message": words}, "response": response}


def bps(**more: object) -> dict[str, object]:
    dimensions = {name: [] for name in ("vervar", "var", "turvar", "tahun", "turtahun")}
    return {"status": "OK", "data-availability": "available", **dimensions, "datacontent": {"1": 2}, **more}


TABLE: list[tuple[str, int, Any, str]] = [
    ("sipd", 200, [{"kode_rekening": "4"}], "ok"),
    ("sipd", 200, {"skpd": {"id_daerah": 1}, "data": [{"level": 1}]}, "ok"),
    ("sipd", 200, [], "empty"),
    ("sipd", 200, {"data": None}, "empty"),
    ("sipd", 200, {"data": "<table><tr><td>1</td></tr></table>"}, "damaged"),
    ("sipd", 200, {"message": "Token expired"}, "auth"),
    ("sipd", 200, {"message": "Parameter tahun salah"}, "permanent"),
    ("sipd", 401, {"message": "Unauthorized"}, "auth"),
    ("sipd", 429, {"message": "Too many"}, "quota"),
    ("sipd", 502, OUTAGE, "retryable"),
    ("sipd", 200, LOGIN, "auth"),
    ("sipd", 200, "", "damaged"),
    ("dapodik", 200, {"results": 1, "rows": [{"npsn": "1"}]}, "ok"),
    ("dapodik", 200, {"results": 1, "rows": {"npsn": "1"}}, "ok"),
    ("dapodik", 200, {"results": 0, "rows": []}, "empty"),
    ("dapodik", 200, {"results": 0, "rows": ""}, "empty"),
    ("dapodik", 200, {"results": 0, "rows": None}, "empty"),
    ("dapodik", 200, {"results": 3, "rows": "3"}, "damaged"),
    ("dapodik", 200, "Access denied - You are not authorized to access this page. #1", "auth"),
    ("dapodik", 403, "Access denied - You are not authorized to access this page. #1", "auth"),
    ("dapodik", 500, "Access denied - You are not authorized to access this page. #1", "auth"),
    ("dapodik", 200, "Parameter NPSN harap diisi", "permanent"),
    ("dapodik", 200, "Sekolah tidak ditemukan", "permanent"),
    ("dapodik", 404, "Sekolah tidak ditemukan", "permanent"),
    ("dapodik", 200, "Dapodik sedang sinkronisasi", "retryable"),
    ("dapodik", 200, "something new", "damaged"),
    ("dapodik", 503, "something new", "retryable"),
    ("dapodik", 200, LOGIN, "auth"),
    ("dapodik", 401, {"message": "x"}, "auth"),
    ("satusehat", 200, bundle({"resourceType": "Encounter", "id": "1"}), "ok"),
    ("satusehat", 200, bundle({"id": "1"}), "damaged"),
    ("satusehat", 200, {"resourceType": "Bundle", "total": 0}, "empty"),
    ("satusehat", 200, bundle(), "empty"),
    ("satusehat", 200, {"resourceType": "Patient"}, "damaged"),
    ("satusehat", 200, {"resourceType": "Bundle", "entry": [{"fullUrl": "x"}]}, "damaged"),
    ("satusehat", 200, {"resourceType": "Bundle", "entry": "x"}, "damaged"),
    ("satusehat", 400, outcome("value", "Salah (RuleNumber: 10124)"), "permanent"),
    ("satusehat", 200, outcome("value"), "permanent"),
    ("satusehat", 200, outcome("throttled"), "quota"),
    ("satusehat", 200, outcome("security"), "auth"),
    ("satusehat", 400, outcome("transient"), "retryable"),
    ("satusehat", 401, outcome("value"), "auth"),
    ("satusehat", 200, {"resourceType": "OperationOutcome", "issue": None}, "permanent"),
    ("satusehat", 504, "Gateway Timeout", "retryable"),
    ("satusehat", 200, "Gateway Timeout", "damaged"),
    ("satusehat", 429, {"fault": {"faultstring": "Rate limit"}}, "quota"),
    ("bps", 200, bps(), "ok"),
    ("bps", 200, bps(datacontent={}), "empty"),
    ("bps", 200, {"status": "OK", "data-availability": "not-available", "data": ""}, "empty"),
    ("bps", 200, {"status": "OK", "data-availability": "list-not-available", "data": ""}, "empty"),
    ("bps", 200, {"status": "Error", "message": "API Key is not valid"}, "auth"),
    ("bps", 200, {"status": "Error", "message": "Daily limit exceeded"}, "quota"),
    ("bps", 200, {"status": "Error", "message": "Domain harus diisi"}, "permanent"),
    ("bps", 200, {"status": "Error"}, "permanent"),
    ("bps", 200, {"status": "OK", "data-availability": "baru"}, "damaged"),
    ("bps", 200, {"status": "OK", "data-availability": "available", "data": []}, "damaged"),
    ("bps", 200, {"data": []}, "damaged"),
    ("bps", 401, {"status": "Error"}, "auth"),
    ("bps", 200, OUTAGE, "damaged"),
    ("sipsn", 200, {"markers": [["2024", "x"]]}, "ok"),
    ("sipsn", 200, {"markers": []}, "empty"),
    ("sipsn", 200, {"markers": ""}, "empty"),
    ("sipsn", 200, {"markers": {"0": []}}, "damaged"),
    ("sipsn", 200, {"table": "<table></table>"}, "damaged"),
    ("sipsn", 200, OUTAGE, "damaged"),
    ("sipsn", 200, LOGIN, "auth"),
    ("sipsn", 500, "", "retryable"),
    ("oss", 200, oss(200, "Sukses", {"data_proyek": [{"id_proyek": "1"}]}), "ok"),
    ("oss", 200, oss("200", "Sukses", {"data_proyek": [{"id_proyek": "1"}]}), "ok"),
    ("oss", 200, {"ResponInqueryNIB": oss(200, "", {"data_proyek": [{}, {}]})["responinqueryProyek"]}, "ok"),
    ("oss", 200, oss(200, "Sukses", {"data_proyek": []}), "empty"),
    ("oss", 200, oss(200, "Sukses", []), "empty"),
    ("oss", 200, oss(200, "Sukses", {"proyek": [{}]}), "damaged"),
    ("oss", 200, oss(400, "Data NIB tidak ditemukan", []), "empty"),
    ("oss", 200, oss("404", "Data tidak ditemukan", []), "empty"),
    ("oss", 200, oss(400, "Data Parameter Salah", []), "permanent"),
    ("oss", 200, oss("401", "User Akses Tidak Valid", []), "auth"),
    ("oss", 200, oss(429, "", []), "quota"),
    ("oss", 200, oss(504, "Timeout", []), "retryable"),
    ("oss", 200, oss(201, "?", []), "permanent"),
    ("oss", 200, oss("sukses", "?", []), "damaged"),
    ("oss", 500, oss(200, "Sukses", {"data_proyek": [{}]}), "ok"),
    ("oss", 200, {"kode": 200}, "damaged"),
    ("oss", 401, {"message": "no"}, "auth"),
    ("oss", 200, {"respona": {}, "responb": {}}, "damaged"),
    ("oss", 503, OUTAGE, "retryable"),
    ("oss", 200, LOGIN, "auth"),
    ("ckan", 200, {"success": True, "result": {"records": [{"_id": 1}], "total": 1}}, "ok"),
    ("ckan", 200, {"success": True, "result": {"records": [], "total": 0}}, "empty"),
    ("ckan", 200, {"success": True, "result": {}}, "damaged"),
    (
        "ckan",
        404,
        {"success": False, "error": {"__type": "Not Found Error", "message": "Resource not found"}},
        "permanent",
    ),
    ("ckan", 403, {"success": False, "error": {"__type": "Authorization Error"}}, "auth"),
    ("ckan", 200, {"success": False, "error": {"__type": "Authorization Error"}}, "auth"),
    ("ckan", 409, {"success": False, "error": {"__type": "Validation Error"}}, "permanent"),
    ("ckan", 200, {"success": False, "error": "x"}, "permanent"),
    ("ckan", 500, {"success": False}, "retryable"),
    ("ckan", 404, OUTAGE, "permanent"),
    ("bpjs", 200, bpjs("200", [{"a": 1}]), "ok"),
    ("bpjs", 200, bpjs(1, "bG9ja2Vk", "metadata"), "ok"),
    ("bpjs", 200, bpjs("200", None), "empty"),
    ("bpjs", 200, bpjs("201", None, words="Data tidak ditemukan"), "empty"),
    ("bpjs", 200, bpjs(201, None, "metadata", words="Tanggal salah"), "permanent"),
    ("bpjs", 200, bpjs("201", None, words="Unauthorized"), "auth"),
    ("bpjs", 200, bpjs("429", None), "quota"),
    ("bpjs", 401, "Unauthorized", "auth"),
    ("bpjs", 200, "<!DOCTYPE html><title>Runtime Error</title>", "damaged"),
    ("sicantik", 200, [{"pendaftaran_id": "1"}], "ok"),
    ("sicantik", 200, [], "empty"),
    ("sicantik", 204, "", "empty"),
    ("sicantik", 200, {"status": False, "error": "Unknown method."}, "permanent"),
    ("sicantik", 403, {"status": False, "error": "Invalid API Key."}, "auth"),
    ("sicantik", 200, LOGIN, "auth"),
    ("rest", 200, [{"a": 1}], "ok"),
    ("rest", 200, {"a": 1}, "ok"),
    ("rest", 200, [], "empty"),
    ("rest", 204, "", "empty"),
    ("rest", 200, LOGIN, "auth"),
    ("rest", 500, "", "retryable"),
]


def reading(protocol: str, status: int, body: Any) -> Verdict:
    module = importlib.import_module(f"connectors.protocols.{protocol}")
    if isinstance(body, str):
        kind = HTML if body.startswith("<") else PLAIN
        found: Verdict = module.classify(status, {"Content-Type": kind}, body.encode())
    else:
        found = module.classify(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
    return found


@pytest.mark.parametrize(("protocol", "status", "body", "kind"), TABLE)
def test_table(protocol: str, status: int, body: Any, kind: str) -> None:
    verdict = reading(protocol, status, body)
    assert verdict.kind == kind
    assert verdict.usable or verdict.detail


@pytest.mark.parametrize(
    ("records", "body", "kind"),
    [
        ("$.data", {"data": [1]}, "ok"),
        ("$.data", {"data": []}, "empty"),
        ("$.data", {"data": None}, "empty"),
        ("$.data", {"data": ""}, "empty"),
        ("$.data.items", {"data": []}, "empty"),
        ("$.data", {"message": "renamed"}, "damaged"),
        ("$.data.items", {"data": {"item": []}}, "damaged"),
        ("$", {}, "empty"),
    ],
)
def test_rest_looks_for_records_where_the_source_says(records: str, body: Any, kind: str) -> None:
    assert classify_rest(200, {}, json.dumps(body).encode(), records=records).kind == kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"metaData": {"code": "200", "message": "OK"}, "response": [1]}, "ok"),
        ({"metaData": {"code": 200, "message": "OK"}, "response": [1]}, "ok"),
        ({"metaData": {"code": "204", "message": "Tidak ada"}, "response": None}, "empty"),
        ({"metaData": {"code": "201", "message": "Gagal"}, "response": None}, "permanent"),
        ({"metadata": {"code": 200}, "response": [1]}, "damaged"),
    ],
)
def test_rest_can_read_an_envelope_inside_200(body: Any, kind: str) -> None:
    envelope = Envelope(status="$.metaData.code", ok=["200"], empty=["204"], message="$.metaData.message")
    verdict = classify_rest(200, {}, json.dumps(body).encode(), records="$.response", envelope=envelope)
    assert verdict.kind == kind
    assert kind != "permanent" or "Gagal" in verdict.detail


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"access_token": "abc", "expires_in": "3599"}, "ok"),
        (200, {"status": "approved"}, "auth"),
        (200, {"access_token": ""}, "auth"),
        (200, ["abc"], "auth"),
        (400, {"error": "invalid_client"}, "auth"),
        (401, {"ErrorCode": "invalid_client"}, "auth"),
        (500, {}, "retryable"),
        (429, {}, "quota"),
    ],
)
def test_token_service(status: int, body: Any, kind: str) -> None:
    assert classify_token(status, {}, json.dumps(body).encode()).kind == kind


PROTOCOLS = [name for name in registry.names() if name != "sql" and not name.startswith("files.")]
WORDS = [
    "metaData",
    "response",
    "data",
    "rows",
    "results",
    "resourceType",
    "entry",
    "resource",
    "issue",
    "status",
    "data-availability",
    "datacontent",
    "markers",
    "responX",
    "kode",
    "dataProyek",
    "success",
    "result",
    "error",
    "details",
    "code",
]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(PROTOCOLS), st.sampled_from([200, 204, 400, 401, 500]), ANY_JSON)
def test_whatever_json_comes_there_is_a_verdict(protocol: str, status: int, body: Any) -> None:
    assert reading(protocol, status, body).kind


@given(st.sampled_from(PROTOCOLS), st.sampled_from([200, 404, 503]), st.binary(max_size=80))
def test_whatever_bytes_come_there_is_a_verdict(protocol: str, status: int, body: bytes) -> None:
    module = importlib.import_module(f"connectors.protocols.{protocol}")
    assert module.classify(status, {}, body).kind
