"""What `pilar trace --show` shows of a record: figures, and nothing of a person."""

from typing import Any

import pytest

from connectors.kept.trace import masked
from connectors.protocols.records import parse_exact
from tests.connectors.landing.conftest import source_of

NIK = "9964020101230001"
FIGURES: dict[str, Any] = {"kota": {}, "timbulan": {"type": "decimal(18,2)"}, "rinci": {"from": "$.rinci.a"}}
PERSONS: dict[str, Any] = {
    "id": {},
    "nik": {"personal": "pseudonym", "kind": "nik"},
    "nama": {"personal": "drop"},
    "lahir": {"personal": {"keep": "the age decides who counts"}},
    "n": {"type": "integer"},
}


@pytest.mark.parametrize(
    ("columns", "record", "shown"),
    [
        (FIGURES, '{"kota":"Kab. Kutai","timbulan":12.50,"p1":"7"}', '{"kota":"Kab. Kutai","timbulan":12.50,"p1":"7"}'),
        (FIGURES, f'{{"kota":"{NIK}","timbulan":1}}', '{"kota":"***","timbulan":1}'),
        (FIGURES, '{"kota":"x","nama_petugas":"Siti","hp":"0812"}', '{"kota":"x","nama_petugas":"***","hp":"***"}'),
        (FIGURES, '{"kota":"x","lain":"9964020199990001"}', '{"kota":"x","lain":"***"}'),
        (FIGURES, '{"rinci":{"a":1,"nama":"Siti","b":[2,null]}}', '{"rinci":{"a":1,"nama":"***","b":[2,null]}}'),
        (PERSONS, f'{{"id":"a","nik":"{NIK}","nama":"Siti","lahir":"2020","n":1,"lain":"x","dalam":{{"a":1}}}}',
         '{"id":"a","nik":"***","nama":"***","lahir":"***","n":1,"lain":"***","dalam":"***"}'),
        ({"kota": {"position": 0}, "n": {"position": 2}}, '["Batu","x",3]', '["Batu","x",3]'),
        ({"kota": {"position": 0}, "nama": {"position": 1, "personal": "drop"}}, '["Batu","Siti",3]',
         '["Batu","***","***"]'),
        (FIGURES, '"x"', ""),
        (FIGURES, "null", ""),
    ],
)  # fmt: skip
def test_p6_persons_are_masked_and_figures_are_shown(columns: dict[str, Any], record: str, shown: str) -> None:
    assert masked(source_of(columns, [next(iter(columns))]), parse_exact(record.encode())) == shown
