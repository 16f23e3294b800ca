"""P6: what a system says of a person is not said again."""

import pytest

from connectors.http.failures import from_verdict
from connectors.http.redact import Redactor
from connectors.http.verdict import Verdict
from connectors.http.words import known_words
from ledger.settings import Connection

REDACTOR = Redactor(Connection(url="https://opd.example/dapodik/v2"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Data peserta Siti Contohwan tidak ditemukan", "Data peserta … tidak ditemukan"),
        ("SITI CONTOHWAN: access denied", "…: access denied"),
        ("siti-contohwan gagal", "… gagal"),
        ("kode 400 an Sí Tí", "kode 400 an Sí Tí"),
        ("Sekolah tidak ditemukan", "Sekolah tidak ditemukan"),
    ],
)
def test_p6_only_known_words_of_a_message_are_quoted(said: str, told: str) -> None:
    assert known_words(said) == told
    assert from_verdict(Verdict("permanent", said), None, REDACTOR).what == told


def test_p6_a_next_link_may_hold_a_person_and_a_request_does_not() -> None:
    shown = REDACTOR.url("https://opd.example/dapodik/v2/Siti%20Contohwan?after=Contohwan,Siti&nik=6402014101900001.")
    assert shown == "https://opd.example/dapodik/v2/…?after=…&nik=(number)."


def test_words_of_the_source_file_are_shown() -> None:
    redactor = Redactor()
    redactor.trust('{"path": "/layanan/retribusi", "params": {"pasar": "Tangga Arung"}}')
    assert redactor.url("https://h/layanan/retribusi?pasar=Tangga%20Arung") == (
        "https://h/layanan/retribusi?pasar=Tangga%20Arung"
    )


def test_p6_a_number_at_the_end_of_a_sentence_or_before_a_suffix_is_masked() -> None:
    assert REDACTOR.known("kartu 0001234567890.") == "kartu (number)."
    assert REDACTOR.known("data_6402014101900001.csv") == "data_(number).csv"
