"""Wide workbooks: columns that repeat for each period become rows."""

import datetime as dt
from typing import Any

import pytest

from connectors.protocols.base import REFUSED_CELL
from connectors.protocols.files.xlsx_files import XlsxArgs
from tests.connectors.protocols.test_xlsx import Records, book, records, refused

__all__ = ["records"]

GROUP = ["TGL UKUR", "BERAT"]
WIDE = {"id_columns": ["nik", "nama"], "group": GROUP}


def test_labels_over_merged_cells(records: Records) -> None:
    body = book(
        [None, None, "JULI", None, "AGUSTUS", None],
        ["NIK", "nama", "Tgl  Ukur", "BERAT", "TGL UKUR", "BERAT"],
        ["1", "a", "05/07/2024", 9.1, "05/08/2024", 9.4],
        ["2", "b", None, None, "06/08/2024", None],
        ["3", "c", None, None, None, None],
    )
    found = records(body, header_row=2, wide=WIDE | {"label_row": 1, "label_as": "bulan"})
    assert found == [
        {"nik": "1", "nama": "a", "TGL UKUR": "05/07/2024", "BERAT": "9.1", "bulan": "JULI"},
        {"nik": "1", "nama": "a", "TGL UKUR": "05/08/2024", "BERAT": "9.4", "bulan": "AGUSTUS"},
        {"nik": "2", "nama": "b", "TGL UKUR": "06/08/2024", "BERAT": None, "bulan": "AGUSTUS"},
    ]


@pytest.mark.parametrize(("labels", "told"), [({}, None), ({"2024-09-05": "5-9"}, "5-9")])
def test_p1_an_age_group_that_became_a_date_is_no_label(
    records: Records, labels: dict[str, str], told: str | None
) -> None:
    rows = [["nik", "nama", "n", "n"], ["1", "a", 3, 4]]
    body = book([None, None, dt.date(2024, 9, 5), "10-14"], *rows)
    uses = {"umur": frozenset({"text"})}
    known = labels | {"10-14": "10-14"} if labels else {}
    wide = {"id_columns": ["nik", "nama"], "group": ["n"], "label_row": 1, "label_as": "umur", "labels": known}
    found = [record["umur"] for record in records(body, uses=uses, header_row=2, wide=wide)]
    assert found[1] == "10-14"
    assert found[0] == told if told else found[0].startswith(REFUSED_CELL)


def test_labels_in_the_column_names_and_one_period_of_them(records: Records) -> None:
    body = book(
        ["nik", "nama", "JULI_TGL UKUR", "JULI_BERAT", "baru", "agustus_BERAT", "Agustus_tgl ukur"],
        ["1", "a", "05/07/2024", 9.1, "x", 9.4, "05/08/2024"],
    )
    months = {"JULI": "07", "AGUSTUS": "08"}
    wide = WIDE | {"separator": "_", "labels": months, "only": "{bulan}"}
    assert records(body, wide=wide) == [
        {"nik": "1", "nama": "a", "baru": "x", "BERAT": "9.4", "TGL UKUR": "05/08/2024"}
    ]


@pytest.mark.parametrize(
    "group",
    [["UKUR", "CARA_UKUR"], ["CARA_UKUR", "UKUR"], ["L", "BB_L", "STATUS_BB_L"], ["STATUS_BB_L", "L", "BB_L"]],
    ids=" ".join,
)
def test_a_column_that_ends_like_another_one_is_known_by_its_whole_name(records: Records, group: list[str]) -> None:
    names = [f"{month}_{name}" for month in ("JULI", "AGUSTUS") for name in sorted(group)]
    found = records(
        book(["nik", "nama", *names], ["1", "a", *names]),
        wide={"id_columns": ["nik", "nama"], "group": group, "separator": "_", "label_as": "bulan"},
    )
    assert found == [
        {"nik": "1", "nama": "a", "bulan": month} | {name: f"{month}_{name}" for name in group}
        for month in ("JULI", "AGUSTUS")
    ]


def test_groups_without_labels_are_told_apart_by_their_order(records: Records) -> None:
    body = book(["nik", "nama", *GROUP, *GROUP], ["1", "a", "05/07/2024", 9.1, "05/08/2024", 9.4])
    assert [row["BERAT"] for row in records(body, wide=WIDE)] == ["9.1", "9.4"]


@pytest.mark.parametrize(
    ("header", "wide", "what"),
    [
        (["nik", "TGL UKUR", "BERAT"], {}, "no column 'nama'"),
        (["nik", "nama", "TGL UKUR"], {}, "has no column 'BERAT'"),
        (["nik", "nama", "TINGGI"], {}, "no column is called 'TGL UKUR'"),
        (["nik", "nama", "MEI_TGL UKUR", "MEI_BERAT", "MEI_BERAT"], {"separator": "_"}, "comes twice"),
        (
            ["nik", "nama", "MEI_TGL UKUR", "MEI_BERAT"],
            {"separator": "_", "labels": {"JUNI": "06"}},
            "'MEI' is not",
        ),
        (
            ["nik", "nama", "MEI_TGL UKUR", "MEI_BERAT"],
            {"separator": "_", "only": "{bulan}"},
            "is labelled '08'",
        ),
    ],
)
def test_p1_a_layout_that_changed_is_damage(
    records: Records, header: list[str], wide: dict[str, Any], what: str
) -> None:
    assert what in refused(records, book(header, ["1"] * len(header)), wide=WIDE | wide).what


@pytest.mark.parametrize(
    "wide",
    [
        {},
        {"id_columns": ["a"]},
        WIDE | {"label_row": 1, "separator": "_"},
        WIDE | {"only": "{bulan}"},
        WIDE | {"label_as": "bulan"},
        WIDE | {"grup": 1},
    ],
)
def test_p10_a_wide_layout_that_makes_no_sense_is_refused(wide: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        XlsxArgs.model_validate({"pattern": "x", "wide": wide})
