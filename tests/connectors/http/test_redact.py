"""No secret and no person in texts."""

import base64
import json
from itertools import permutations
from urllib.parse import quote as percent_encode
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.redact import Redactor, quote
from ledger.settings import Connection

SECRET = 'ku+nci/ra"ha sia=9'


def redactor(**extra: object) -> Redactor:
    return Redactor(Connection(url="https://opd.example", login="dinas", password=SECRET, extra=extra))


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        percent_encode(SECRET),
        quote_plus(SECRET),
        percent_encode(SECRET, safe=""),
        json.dumps(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"dinas:{SECRET}".encode()).decode(),
    ],
)
def test_a_secret_is_hidden_in_every_form_it_travels_in(form: str) -> None:
    hidden = redactor().text(f"a {form} b")
    assert form.strip('"') not in hidden
    assert hidden.startswith("a ")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://h/a?tahun=2024&key=abc&api_key=x&access_token=y",
            "https://h/a?tahun=2024&key=***&api_key=***&access_token=***",
        ),
        ("https://h/v1/api/list/model/data/key/0123abcd/", "https://h/v1/api/list/model/data/key/***/"),
        ("https://u:p@h/a", "https://***@h/a"),
        ("https://h/a?nik=6402010101010001&npsn=20512345", "https://h/a?nik=(number)&npsn=20512345"),
        ("https://h/a?date=2024-01-01&kode=64.02#part", "https://h/a?date=2024-01-01&kode=64.02"),
        ("https://h/a?sesi=1&session_id=2&X-Signature=3", "https://h/a?sesi=1&session_id=***&X-Signature=***"),
    ],
)
def test_urls(url: str, shown: str) -> None:
    assert Redactor().url(url) == shown


def test_headers_are_hidden_by_name_and_by_value() -> None:
    shown = redactor().headers(
        {"Authorization": "Bearer x", "user_key": "k", "Cookie": "c", "X-cons-id": "1", "Accept": "json", "X": SECRET}
    )
    assert shown == {
        "Authorization": "***", "user_key": "***", "Cookie": "***", "X-cons-id": "***", "Accept": "json", "X": "***",
    }  # fmt: skip


def test_secrets_of_extra_are_known_and_places_are_not_secrets() -> None:
    extra = {
        "basic_password": "sandi-kedua",
        "nested": {"api_key": ["kunci-tiga"]},
        "token_path": "/oauth2/token",
        "host_key": "ssh-ed25519 AAAA",
        "private_key": "-----BEGIN-----\nQUJDREVGR0hJSktMTU5PUA==\n-----END-----",
    }
    text = "sandi-kedua kunci-tiga /oauth2/token ssh-ed25519 QUJDREVGR0hJSktMTU5PUA=="
    assert redactor(**extra).text(text) == "*** *** /oauth2/token ssh-ed25519 ***"


def test_what_is_learnt_later_is_hidden_too() -> None:
    known = redactor()
    known.learn("token-baru-123")
    assert known.text(f"token-baru-123 {SECRET}") == "*** ***"


@pytest.mark.parametrize(
    "secrets",
    [("kunci", "kunci-kedua"), ("kunci", "kunci-kedua", "kunci-kedua-lama"), ("sandi", "kunci-sandi", "sandi-kunci")],
)
def test_of_a_secret_that_begins_with_another_one_nothing_is_left(secrets: tuple[str, ...]) -> None:
    for order in permutations(secrets):
        known = Redactor()
        for secret in order:
            known.learn(secret)
        assert [known.text(f"a {secret} b") for secret in secrets] == ["a *** b"] * len(secrets)


def test_bodies_are_hidden_by_name() -> None:
    body = {"CHECKNIB": {"nib": "1234567890123", "client_secret": "x"}, "list": [{"password": "y"}]}
    shown = Redactor().request("POST", "https://h/a", body=body)
    assert shown == (
        'POST https://h/a json {"CHECKNIB": {"client_secret": "***", "nib": "(number)"}, "list": [{"password": "***"}]}'
    )


@given(st.text(min_size=4, max_size=40), st.text(max_size=30), st.text(max_size=30))
def test_whatever_the_secret_it_is_in_no_request(secret: str, before: str, after: str) -> None:
    known = Redactor(Connection(url="https://opd.example", password=secret))
    assert secret not in known.text(f"{before}{secret}{after}").replace("***", "")


@given(st.binary(max_size=3000))
def test_quotes_are_one_short_line(words: bytes) -> None:
    shown = quote(words)
    assert len(shown) <= 200
    assert shown == " ".join(shown.split())
    assert shown.isprintable()


NUMBERS = pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("123456789012", False),
        ("0001234567890", True),  # a card of the national health insurance
        ("12345678901234", True),
        ("9964020101230001", True),  # a NIK
        ("99640201012300012", True),
    ],
)


@NUMBERS
@pytest.mark.parametrize(
    "url",
    ["https://h/peserta/{}", "https://h/a?{}=1", "https://h/a?nik={}", "https://h/a?q=nik%3D{}", "https://h/{}.csv"],
)
def test_p6_a_number_as_long_as_a_persons_is_masked_wherever_it_stands_in_a_url(
    url: str, number: str, masked: bool
) -> None:
    shown = Redactor().url(url.format(number))
    assert (number in shown, "(number)" in shown) == (not masked, masked)


@NUMBERS
def test_p6_a_number_as_long_as_a_persons_is_masked_in_whatever_is_posted(number: str, masked: bool) -> None:
    redactor = Redactor()
    shown = [
        redactor.request("POST", "https://h/a", form={"kartu": number}),
        redactor.request("POST", "https://h/a", form={number: "1"}),
        redactor.request("POST", "https://h/a", body={"kartu": number}),
        redactor.request("POST", "https://h/a", body={"kartu": [int(number)]}),
        redactor.request("POST", "https://h/a", body={number: 1}),
        redactor.known(f"kartu {number}."),
    ]
    assert [number in line for line in shown] == [not masked] * len(shown)


@pytest.mark.parametrize(
    ("number", "masked"), [("123456789", False), ("1234567890", True), ("12345678901234567", True)]
)
def test_p6_ten_digits_are_masked_in_a_systems_own_words(number: str, masked: bool) -> None:
    for words in (f"peserta {number} tidak ditemukan", f"a{number}b", f"peserta {number}".encode()):
        shown = quote(words)
        assert (number in shown, "(number)" in shown) == (not masked, masked)


def test_p6_a_mail_address_is_masked_in_a_systems_own_words() -> None:
    assert quote("tanya siti.c+1@dinas.contoh.go.id ya") == "tanya (mail) ya"


@pytest.mark.parametrize("number", ["3201 0141 0190 0011", "3201.0141.0190.0011", "320101-410190-0011"])
def test_p6_a_number_in_groups_is_masked_in_words_and_in_requests(number: str) -> None:
    assert quote(f"data NIK {number}, token 9f8e7d6c5b4a3928") == "data NIK (number), token (token)"
    shown = Redactor().request("POST", f"https://h/a/{number}?nik={number}", form={"nik": number}, body=None)
    assert shown == "POST https://h/a/(number)?nik=(number) form nik=(number)"


def test_p6_a_number_that_was_cut_in_two_is_not_quoted_in_part() -> None:
    for length in range(900, 1010):
        shown = quote(". " * (length // 2) + "3201 0141 0190 0011" + " x" * 100, 2000)
        assert "0141" not in shown, length
