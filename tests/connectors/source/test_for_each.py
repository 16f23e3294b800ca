"""`for_each` entries about a region stand once for every region of the installation, and others stay as they are."""

from pathlib import Path

import pytest

from connectors.source.for_each import expanded, for_regions
from connectors.source.source import Source
from ledger.errors import ConfigError
from ledger.regions import known
from ledger.settings import Settings
from tests.connectors.source.test_proof import GOOD

TWO = known(("35.73", "64.02"))
KEYS = "0123456789abcdef"


def source(*entries: dict[str, str], **more: object) -> Source:
    return Source.model_validate({**GOOD, "opd": "contoh", "for_each": entries, **more})


def installation(tmp_path: Path, *regions: str) -> Settings:
    return Settings(home=tmp_path, ledger_url="", key_dir=tmp_path, regions=regions)


def test_an_entry_stands_for_each_region_in_its_codes_and_its_name() -> None:
    entry = {"a": "{region}", "b": "x{region.digits}y", "c": "{region.bps}", "d": "{region.name}", "tahun": "2024"}
    assert expanded([entry], TWO) == (
        {"a": "35.73", "b": "x3573y", "c": "3573", "d": "Kota Malang", "tahun": "2024"},
        {"a": "64.02", "b": "x6402y", "c": "6403", "d": "Kabupaten Kutai Kartanegara", "tahun": "2024"},
    )


def test_entries_keep_their_order_and_those_without_a_region_stand_once() -> None:
    found = expanded([{"tahun": "2023"}, {"kode": "{region}", "tahun": "2024"}, {"tahun": "2025"}], TWO)
    assert [entry["tahun"] for entry in found] == ["2023", "2024", "2024", "2025"]


def test_a_source_is_asked_for_the_installations_regions(tmp_path: Path) -> None:
    asked = for_regions(source({"kode": "{region}", "tahun": "2024"}), installation(tmp_path, "35.73", "35.07"))
    assert [entry["kode"] for entry in asked.for_each] == ["35.07", "35.73"]


def test_p10_a_source_that_asks_by_region_needs_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no region is chosen"):
        for_regions(source({"kode": "{region}", "tahun": "2024"}), installation(tmp_path))
    plain = source({"tahun": "2024"})
    assert for_regions(plain, installation(tmp_path)) is plain


def test_another_region_is_another_question_to_an_incremental_source(tmp_path: Path) -> None:
    """Its cursor is that of the regions that were asked for: a new one is read from the beginning."""
    load = {"incremental": {"cursor": "diubah", "overlap": "1d", "start": "2020-01-01"}}
    contract = {
        "key": ["kode", "tahun"],
        "columns": {
            "kode": {"required": True},
            "tahun": {"type": "integer", "context": "tahun"},
            "diubah": {"type": "date", "required": True},
        },
    }
    asks = source({"kode": "{region}", "tahun": "2024"}, load=load, contract=contract)
    one, two, same = (
        for_regions(asks, installation(tmp_path, *regions)).contract_sha256(KEYS)
        for regions in (("35.73",), ("35.73", "35.07"), ("35.07", "35.73"))
    )
    assert one != two
    assert two == same
