"""P6: numbers of persons and tokens in words from outside, however they are spelled."""

import pytest

from ledger.errors import LedgerError
from ledger.masks import mask_numbers, mask_tokens, mask_words

NIK = "3201014101900011"
GROUPED = [
    NIK,
    "3201 0141 0190 0011",
    "3201-0141-0190-0011",
    "3201.0141.0190.0011",
    "32.01.01.410190.0011",
    "320101 410190 0011",
    "3201\u00a00141\u20090190\u202f0011",
    "3201\u20130141\u20130190\u20130011",
    "32 - 01 - 01 - 410190 - 0011",
    "3 2 0 1 0 1 4 1 0 1 9 0 0 0 1 1",
    "３２０１ ０１４１ ０１９０ ００１１",
    "000 1234 5678 90",
    "1971 0419 0150 0011",
]
DATED = [
    "2024-01-15 10:30:15.123456",
    "rekap_20240115_103000.csv",
    "2024-01-01_2024-12-31",
    "15-01-2024 - 31-01-2024",
    "2021 2022 2023 2024",
    "20240115 20240131",
]


@pytest.mark.parametrize("number", GROUPED)
@pytest.mark.parametrize("around", ["{}", "NIK {}.", "nik={}&x=1", "({})", "{} tidak ditemukan"])
def test_p6_a_number_is_masked_however_its_digits_are_grouped(number: str, around: str) -> None:
    told = around.format("(number)")
    assert mask_numbers(around.format(number)) == told
    assert mask_numbers(around.format(number), whole=True) == told
    assert mask_words(around.format(number)) == told


@pytest.mark.parametrize("text", DATED)
def test_dates_times_and_years_are_no_numbers(text: str) -> None:
    assert mask_numbers(text) == mask_words(text) == text


@pytest.mark.parametrize("number", ["0812-3456-7890", "+62 812 345 6789", "001 234 5678", "0012345678"])
def test_p6_pupils_and_telephones_are_masked_in_a_systems_words(number: str) -> None:
    assert not any(char.isdigit() for char in mask_words(f"hubungi {number} ya"))
    assert mask_numbers(number) == number


@pytest.mark.parametrize(
    "token",
    [
        "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
        "9F8E7D6C",
        "550e8400-e29b-41d4-a716-44665544000a",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "AKIAIOSFODNN7EXAMPLE",
        "b3BlbnNlc2FtZTEyMw==x9y8",
    ],
)
def test_a_token_is_masked_whatever_stands_before_it(token: str) -> None:
    for around in ("{}", "token {}", "token={}.", "gagal ({})", '"x": "{}"'):
        assert mask_tokens(around.format(token)) == around.format("(token)")


@pytest.mark.parametrize("name", ["token", "Token:", "api_key =", "kunci", "sandi", "sesi", "PIN:", "otp", "secret"])
def test_what_stands_behind_a_secrets_name_is_masked_however_short(name: str) -> None:
    assert mask_tokens(f"{name} ab12") == f"{name} (token)"
    assert mask_tokens(f"{name} salah") == f"{name} salah"


@pytest.mark.parametrize(
    "word", ["utf8mb4_general_ci", "SQLSTATE42S02", "tahun2024", "x86_64", "v2.1.3-beta2", "24 kB"]
)
def test_words_with_digits_are_no_tokens(word: str) -> None:
    assert mask_words(word) == word


@pytest.mark.parametrize("own", ["20241130T120000123-934712", "c" * 8 + NIK + "a" * 8, f"x{NIK}", f"{NIK}f"])
def test_ids_and_hashes_of_our_own_stay_in_a_log(own: str) -> None:
    assert mask_numbers(own, whole=True) == own


def test_p6_no_error_of_ours_names_a_person() -> None:
    error = LedgerError(f"the row of {GROUPED[1]} cannot be read", where=f"page of {NIK}", do="Look at it")
    assert str(error) == "the row of (number) cannot be read [page of (number)]. Look at it"
