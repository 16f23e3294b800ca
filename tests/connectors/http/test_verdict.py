"""What an answer means before any protocol looks at it."""

import gzip

import pytest

from connectors.http.first_bytes import named_by_first_bytes
from connectors.http.verdict import DamagedJsonError, json_verdict, kind_of_status, parse_json, words_of

JSON = {"Content-Type": "application/json; charset=utf-8"}
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (200, JSON, b'{"a": 1}', "ok"),
        (200, {}, b"[]", "ok"),
        (200, {"content-type": "text/plain"}, b"[]", "ok"),
        (200, JSON, b'\xef\xbb\xbf{"a": 1}', "ok"),
        (204, {}, b"", "empty"),
        (200, JSON, b"", "damaged"),
        (200, JSON, b"  \n", "damaged"),
        (200, JSON, b'{"a": 1', "damaged"),
        (200, JSON, b'{"a": NaN}', "damaged"),
        (200, JSON, b'{"a": 1} {"b": 2}', "damaged"),
        (200, JSON, b'{"a": "\xff"}', "damaged"),
        (200, JSON, '{"a": 1}'.encode("utf-16"), "damaged"),
        (200, {"Content-Type": "application/json; charset=iso-8859-1"}, b"{}", "damaged"),
        (200, JSON, b"[" * 100_000, "damaged"),
        (200, JSON, b'{"rows": [1], "rows": []}', "damaged"),
        (200, JSON, b'{"result": {"rows": [1], "rows": []}}', "damaged"),
        (200, JSON, b'{"rows": [{"a": 1, "a": 2}]}', "ok"),
        (200, JSON, b"1" * 5000, "damaged"),
        (200, HTML, b"<html><body>Pemeliharaan</body></html>", "damaged"),
        (200, JSON, b"  <!DOCTYPE html><title>x</title>", "damaged"),
        (200, HTML, b"<form><input type='password'></form>", "auth"),
        (200, HTML, b"<html>Sesi Anda telah berakhir</html>", "auth"),
        (401, JSON, b'{"message": "x"}', "auth"),
        (403, {}, b"", "auth"),
        (429, {}, b"", "quota"),
        (408, {}, b"", "retryable"),
        (500, {}, b"", "retryable"),
        (599, {}, b"", "retryable"),
        (501, {}, b"", "permanent"),
        (404, {}, b"", "permanent"),
        (302, {}, b"", "permanent"),
        (304, {}, b"", "permanent"),
    ],
)
def test_table(status: int, headers: dict[str, str], body: bytes, kind: str) -> None:
    assert json_verdict(status, headers, body).kind == kind


def test_a_verdict_quotes_the_sources_own_words_shortened_and_without_numbers_of_persons() -> None:
    words = "NIK 6402010101010001 milik budi@contoh.go.id\r\ntidak\x00 ditemukan " + "x" * 900
    detail = json_verdict(400, {}, words.encode()).detail
    assert detail.startswith("HTTP 400: NIK (number) milik (mail) tidak ditemukan")
    assert len(detail) < 220


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (gzip.compress(b'{"a": 1}'), "a gzip archive"),
        (b"PK\x03\x04rest", "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "an XLS workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b'<?xml version="1.0"?><nama>Siti Contohwan</nama>', "XML"),
        (b'\xef\xbb\xbf\n<?xml version="1.0"?><a/>', "XML"),
        ('{"nama": "Siti Contohwan"}'.encode("utf-16"), "text in UTF-16"),
    ],
)
@pytest.mark.parametrize("headers", [{}, JSON, {"Content-Type": "text/plain"}])
def test_p10_what_came_instead_of_json_is_named_by_its_first_bytes(
    body: bytes, told: str, headers: dict[str, str]
) -> None:
    verdict = json_verdict(200, headers, body)
    assert (verdict.kind, verdict.detail.startswith(told), "Siti" in verdict.detail) == ("damaged", True, False)
    assert "came instead of JSON" in verdict.detail


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a": "<?xml"}', b"PK", b"Akses ditolak"])
def test_what_the_first_bytes_do_not_tell_is_not_named(body: bytes) -> None:
    assert named_by_first_bytes(body) == ""


def test_every_status_has_a_kind() -> None:
    assert {kind_of_status(status) for status in range(100, 600)} == {"ok", "auth", "quota", "retryable", "permanent"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"Infinity", b"'x'"])
def test_what_is_no_json_is_damage(body: bytes) -> None:
    with pytest.raises(DamagedJsonError):
        parse_json(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"Access denied", "Access denied"),
        (b"<html><script>x()</script><h1>Gangguan</h1></html>", "Gangguan"),
        (b'{"message": "Token expired", "nama": "Siti", "data": [{"nama": "Siti"}]}',
         "{message: Token expired, nama, data: a list of 1}"),
        (b'{"error": {"__type": "X", "nama": "Siti", "a": {"b": {"c": "Siti"}}}}',
         "{error: {__type: X, nama, a: {b: a dict}}}"),
        (b'[{"nama": "Siti"}]', "a list of 1"),
        (b'"Parameter salah"', "Parameter salah"),
        (b'[{"nama": "Siti"', ""),
        (b'\xef\xbb\xbf {"nama": "Siti"}', "{nama}"),
        (b"<?xml version='1.0'?><item><n_pemohon>Siti</n_pemohon></item>", ""),
        (b'{"message": "' + b"x" * 70_000 + b'"}', ""),
    ],
)  # fmt: skip
def test_p6_an_answer_is_quoted_by_its_messages_not_by_its_records(body: bytes, words: str) -> None:
    assert words_of(body) == words


def test_p6_a_cut_list_of_persons_is_not_in_the_error() -> None:
    body = b'[{"nama": "Siti"}, {"nama": "Bu'
    assert "Siti" not in json_verdict(200, JSON, body).detail
    assert "Siti" not in json_verdict(200, HTML, body).detail
    assert "Siti" not in json_verdict(500, JSON, b'{"nama": "Siti"}').detail
