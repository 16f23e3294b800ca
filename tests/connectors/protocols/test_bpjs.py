"""BPJS: requests signed with their moment, answers locked with it, envelopes in two spellings."""

import hashlib
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from connectors.protocols.bpjs import Bpjs, BpjsArgs, Signature, classify
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection
from simulator.systems.bpjs import signature
from simulator.systems.bpjs_lock import bomb, locked, sealed
from tests.connectors.http.conftest import Heard, Server, response, serving

POLI = [{"kdpoli": "ANA", "nmpoli": "ANAK"}, {"kdpoli": "INT", "nmpoli": "PENYAKIT DALAM"}]
NOW = "1700000000"
KEYS = ("dinas", "kunci-rahasia")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is a second later than the last."""
    ticks = count(int(NOW))
    monkeypatch.setattr(Bpjs, "clock", staticmethod(lambda: float(next(ticks))))


def failure(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


def answer(text: str, timestamp: str = NOW, *, name: str = "metaData", code: object = "200") -> dict[str, Any]:
    return {name: {"code": code, "message": "OK"}, "response": locked(text, *KEYS, timestamp)}


def test_the_signature_is_the_documented_one() -> None:
    headers = Signature("1234", "pwd", "pengguna", lambda: 433223232.9).headers()
    assert headers == {
        "X-cons-id": "1234",
        "X-timestamp": "433223232",
        "X-signature": signature("1234", "pwd", "433223232"),
        "user_key": "pengguna",
    }


@pytest.mark.parametrize(("name", "code"), [("metaData", "200"), ("metadata", 200), ("metadata", 1), ("METADATA", "1")])
def test_a_locked_answer_is_opened_whatever_its_envelopes_spelling(pull, reply, rows_of, name: str, code: Any) -> None:
    wire = reply(answer(json.dumps({"list": POLI}), name=name, code=code))
    run = pull("bpjs", {"path": "ref/poli", "records": "$.list"}, [wire])
    [page] = run.pages()
    assert rows_of([page]) == POLI
    assert page.records_path == "$.response.list"
    assert [json.loads(page.body[span.start : span.end]) for span in run.spans(page)] == POLI
    assert run.asked[0].url == "https://opd.example/base/ref/poli"
    assert run.asked[0].credentials["user_key"] == "kunci-pengguna"
    assert json.loads(page.body) == {name: {"code": code, "message": "OK"}, "response": {"list": POLI}}
    assert page.request == (
        f"GET https://opd.example/base/ref/poli X-timestamp {NOW} wire sha256 {hashlib.sha256(wire[2]).hexdigest()}"
    )


def test_the_kept_page_is_read_again_without_any_secret(pull, reply) -> None:
    [kept] = pull("bpjs", {"path": "ref/poli"}, [reply(answer(json.dumps(POLI)))]).pages()
    [again] = pull("bpjs", {"path": "ref/poli"}, [reply(kept.body)]).pages()
    assert (again.body, again.records, again.records_path) == (kept.body, kept.records, kept.records_path)


def test_what_was_locked_is_kept_to_the_digit(pull, reply) -> None:
    text = '[ {"avg_waktu_task1": 12345678901234567.250, "nama": "\\u00e9 𝔓"} ]'
    [page] = pull("bpjs", {"path": "ref/poli"}, [reply(answer(text))]).pages()
    assert page.body == b'{"metaData":{"code":"200","message":"OK"},"response":' + text.encode() + b"}"


def test_a_dashboard_answers_in_clear(pull, reply, rows_of) -> None:
    body = b'{"metadata":{"code":200,"message":"OK"},"response":{"list":[{"kdppk":"0123R001","jumlah_antrean":7.0}]}}'
    args = {"path": "dashboard/waktutunggu/tanggal/{tanggal}/waktu/rs", "records": "$.list"}
    run = pull("bpjs", args, [reply(body)], [{"tanggal": "2024-08-01"}])
    [page] = run.pages()
    assert page.body == body
    assert rows_of([page]) == [{"kdppk": "0123R001", "jumlah_antrean": 7.0}]
    assert run.asked[0].url.endswith("/dashboard/waktutunggu/tanggal/2024-08-01/waktu/rs")


def test_every_context_is_signed_anew_and_equal_answers_for_two_days_are_taken(pull, reply) -> None:
    wires = iter([reply(answer(json.dumps(POLI))), reply(answer(json.dumps(POLI), str(int(NOW) + 1)))])
    run = pull("bpjs", {"path": "jadwal/{hari}"}, lambda request: next(wires), [{"hari": "1"}, {"hari": "2"}])
    assert [page.context["hari"] for page in run.pages()] == ["1", "2"]
    first, second = (request.credentials for request in run.asked)
    assert first["X-timestamp"] != second["X-timestamp"]
    assert first["X-signature"] != second["X-signature"]


def test_a_body_is_posted(pull, reply) -> None:
    args = {"path": "antrean/getlisttask", "body": {"kodebooking": "{kode}"}}
    run = pull("bpjs", args, [reply(answer("[]"))], [{"kode": "B1"}])
    run.pages()
    assert (run.asked[0].method, run.asked[0].json) == ("POST", {"kodebooking": "B1"})


@pytest.mark.parametrize("text", ["null", "[]", "{}", '""', '{"list":[]}', '{"list":null}'])
def test_p8_nothing_in_a_locked_answer_is_a_page_without_records(pull, reply, text: str) -> None:
    records = "$.list" if "list" in text else "$"
    [page] = pull("bpjs", {"path": "a", "records": records}, [reply(answer(text))]).pages()
    assert (page.records, page.records_path) == (b"[]", "$")


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (locked("[]", *KEYS, "1700000009"), "does not open with this secret and timestamp"),
        (locked("[]", "dinas", "kunci-lain", NOW), "does not open with this secret and timestamp"),
        ("bukan base64!", "does not open"),
        ("QUJD", "does not open"),
        (sealed("IY1-kA"[:3], *KEYS, NOW), "the packed text is cut"),
        (sealed(bomb(3000), *KEYS, NOW), "unpacks to more than 1000000 characters"),
        (locked('[{"a": NaN}]', *KEYS, NOW), "is not JSON"),
        (locked("<html>", *KEYS, NOW), "is not JSON"),
        (locked('"x"', *KEYS, NOW), "there are no records"),
        (locked('{"daftar":[{}]}', *KEYS, NOW), "nothing stands at $.list"),
    ],
    ids=["other moment", "other secret", "no base64", "no block", "cut", "bomb", "nan", "html", "text", "elsewhere"],
)
def test_what_does_not_open_is_damage_and_nothing_of_it_is_quoted(pull, reply, response: str, words: str) -> None:
    wire = reply({"metaData": {"code": "200", "message": "OK"}, "response": response})
    run = pull("bpjs", {"path": "a", "records": "$.list"}, [wire])
    run.http.limits = Limits(max_decoded=1_000_000)
    error = failure(run)
    assert error.kind == "damaged"
    assert words in error.what
    assert response[:20] not in str(error)


@pytest.mark.parametrize(
    ("http", "code", "message", "kind"),
    [
        (200, "201", "Data Tidak Ditemukan", "empty"),
        (200, 204, "No Content", "empty"),
        (200, "201", "No. Kartu Tidak Sesuai", "permanent"),
        (200, 201, "Unauthorized", "auth"),
        (200, "401", "x", "auth"),
        (200, "403", "User Key tidak valid", "auth"),
        (200, 429, "", "quota"),
        (200, "500", "Gateway", "retryable"),
        (200, 202, "Pasien Baru", "permanent"),
        (200, "baik", "OK", "damaged"),
        (503, "200", "OK", "retryable"),
    ],
)
def test_a_failure_is_in_the_envelope_not_in_the_status(http: int, code: Any, message: str, kind: str) -> None:
    for name in ("metaData", "metadata"):
        body = json.dumps({name: {"code": code, "message": message}, "response": None}).encode()
        assert classify(http, {}, body).kind == kind


@pytest.mark.parametrize(
    "body", [{"response": []}, {"metaData": {"code": "200"}, "metadata": {"code": 200}}, {"metaData": "200"}, [1]]
)
def test_an_answer_without_its_envelope_is_damage(body: Any) -> None:
    assert classify(200, {}, json.dumps(body).encode()).kind == "damaged"


def test_a_refusal_tells_of_a_clock_that_is_wrong_and_hides_an_echoed_signature() -> None:
    refused = {"metaData": {"code": "401", "message": f"Signature {'A' * 43}= tidak sesuai"}}
    headers = {"Date": "Tue, 14 Nov 2023 22:00:00 GMT"}  # NOW is 22:13:20
    verdict = classify(200, headers, json.dumps(refused).encode(), timestamp=NOW)
    assert verdict.detail == "401: Signature (signature) tidak sesuai (this machine's clock is +800 s off the server's)"
    assert "clock" not in classify(200, headers, json.dumps(refused).encode(), timestamp="1699999210").detail
    assert "clock" not in classify(200, {"Date": "?"}, json.dumps(refused).encode(), timestamp=NOW).detail


@pytest.mark.parametrize("missing", ["login", "user_key", "password"])
def test_p10_a_connection_that_cannot_sign_is_refused(missing: str) -> None:
    given = {"login": "743627386", "password": "sandi", "extra": {"user_key": "kunci"}}
    given[missing if missing != "user_key" else "extra"] = {} if missing == "user_key" else ""
    connection = Connection(url="https://opd.example", **given)  # type: ignore[arg-type]
    with HttpClient(connection) as http, pytest.raises(ConfigError, match=r"no cons_id or no user_key|no password"):
        list(Bpjs(BpjsArgs(path="a"), connection, (), http).pages())


@pytest.fixture
def bpjs() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.mark.integration
def test_an_attempt_that_is_repeated_is_signed_and_opened_with_its_own_moment(bpjs: Server) -> None:
    """A signature older than the patience of a retry would be refused, and its answer could not be read."""

    def speak(sock: Any, heard: Heard) -> None:
        assert heard.headers["x-signature"] == signature(*KEYS, heard.headers["x-timestamp"])
        assert (heard.headers["x-cons-id"], heard.headers["user_key"]) == (KEYS[0], "kunci-pengguna")
        sock.sendall(response(json.dumps(answer(json.dumps(POLI), heard.headers["x-timestamp"])).encode()))

    bpjs.on("/ref/poli", response(b"", 503), response(b"", 429, Retry_After="0"), speak)
    extra = {"private": True, "user_key": "kunci-pengguna"}
    connection = Connection(url=bpjs.url, login=KEYS[0], password=KEYS[1], extra=extra)
    with HttpClient(connection, Limits(backoff_s=0.01)) as http:
        [page] = Bpjs(BpjsArgs(path="ref/poli"), connection, (), http).pages()
    assert json.loads(page.body)["response"] == POLI
    assert [heard.headers["x-timestamp"] for heard in bpjs.heard] == [str(int(NOW) + tick) for tick in range(3)]
    assert f"X-timestamp {int(NOW) + 2}" in page.request
    assert not {"kunci-rahasia", "kunci-pengguna"} & set(page.request.split())
