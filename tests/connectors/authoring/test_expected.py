"""What an agency is told that its contract expects, where a row was refused."""

import pytest

from connectors.authoring.contracts.expected import expected
from ledger.settings import REPOSITORY
from pilar.sources.catalogue import readable_sources

SOURCES = readable_sources(REPOSITORY / "connectors" / "sources")


@pytest.mark.parametrize(
    ("source", "rule", "field", "indonesian"),
    [
        ("dlh_sipsn", "required", "timbulan", "nilai yang terisi"),
        ("dlh_sipsn", "duplicate_key", "", "satu baris untuk setiap"),
        ("dlh_sipsn", "type", "tahun", "bilangan bulat"),
        ("dlh_sipsn", "rule", "terkelola", "terkelola <= timbulan"),
        ("dlh_sipsn", "unreadable", "", "baris yang sesuai"),
        ("perkim_sanitasi", "values", "akses_sanitasi", "salah satu dari"),
        ("bpkad_realisasi", "min", "level", "minimal 1"),
        ("dinkes_jawaban", "option", "jawaban", "salah satu pilihan"),
    ],
)
def test_the_expected_value_is_told_in_both_languages(source: str, rule: str, field: str, indonesian: str) -> None:
    contract = SOURCES[source].contract
    told = expected(contract, rule, field)

    assert told is not None
    assert indonesian in told.id
    assert told.en != told.id
    assert "None" not in f"{told.id} {told.en}"


def test_nothing_is_told_of_a_field_that_the_contract_does_not_have() -> None:
    assert expected(SOURCES["dlh_sipsn"].contract, "range", "no_such_column") is None
