"""Rows that break a rule or a published rate: flagged and landed, or held back."""

from tests.connectors.landing.conftest import Land
from tests.connectors.source.test_ratios import COLUMNS, ratio

ROWS = [
    {"id": "right", "anggaran": 1225.58, "realisasi": 1508.82, "persentase": 123.11},
    {"id": "wrong", "anggaran": 1225.58, "realisasi": 1508.82, "persentase": 12311},
    {"id": "blank", "anggaran": None, "realisasi": 1.00, "persentase": 5},
]


def test_a_flagged_row_lands_and_says_what_it_breaks(land: Land) -> None:
    rules = [{"rule": "persentase <= 1000", "on_fail": "flag"}, {"rule": "anggaran >= 0", "on_fail": "flag"}]
    result = land(COLUMNS, ROWS, ratios=[ratio()], rules=rules)
    assert {row["id"]: row["_flags"] for row in result.rows} == {
        "right": [],
        "wrong": ["persentase <= 1000", "rate"],
        "blank": [],
    }
    assert result.counts.flagged == {"persentase <= 1000": 1, "rate": 1}
    assert result.counts.flagged_rows == 1
    assert (result.counts.received, result.counts.landed, result.counts.quarantined) == (3, 3, 0)


def test_p1_a_ratio_may_hold_the_row_back(land: Land) -> None:
    result = land(COLUMNS, ROWS, ratios=[ratio(on_fail="quarantine")])
    assert [row["id"] for row in result.rows] == ["right", "blank"]
    [row] = result.quarantine
    assert row["_row"] == 1
    assert row["reasons"] == [
        {
            "rule": "ratio",
            "field": "persentase",
            "value": "persentase = 12311, realisasi = 1508.82, anggaran = 1225.58",
            "expected": "persentase = 100 * realisasi / anggaran, as far as rounding lets it",
        }
    ]
    assert result.counts.flagged == {}


def test_a_row_in_quarantine_is_not_counted_as_flagged(land: Land) -> None:
    """A copy of a flagged row: one lands with its flag, the other is quarantined and counted there."""
    result = land(COLUMNS, [ROWS[1], ROWS[1]], ratios=[ratio()])
    assert (result.counts.landed, result.counts.quarantined) == (1, 1)
    assert (result.counts.flagged, result.counts.flagged_rows) == ({"rate": 1}, 1)
