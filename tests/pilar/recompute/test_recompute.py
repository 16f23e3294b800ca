"""A published list computed again: rules, years and cohorts, and everything that is refused."""

import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from ledger.errors import ConfigError
from pilar.recompute.recompute import Recomputed, RecomputedRow, recompute, render
from pilar.recompute.result_lists import read_result_list
from pilar.recompute.rule_sets import load_rule_sets

HEAD_2022 = "no,name,baseline,output,outcome,impact,quick_wins,nilai_final"
HEAD_2023 = "no,name,baseline,output,outcome,impact,quick_wins,kolaborasi,nilai_final,improvement,ket"
MALANG_2022 = "15,KAB. MALANG,1.4,1.54,2.92,2.56,3.08,2.51"
MALANG_2023 = "45,KAB. MALANG,3.6,2.29,3.41,2.81,3.13,2.53,2.94,0.44,KPPN&IKN"
BUTON_2023 = "16,KAB. BUTON,1.92,1.63,2.29,2.8,1.73,0,1.88,-0.03,KPPN&IKN"
BEKASI_2023 = "94,KOTA BEKASI,3.48,2.86,3.27,3.04,3.48,,3.21,0.3,REGULER"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a list: a header and its lines, or any bytes."""

    def _write(name: str, *lines: str, content: bytes | None = None) -> Path:
        path = tmp_path / name
        path.write_bytes("\n".join([*lines, ""]).encode() if content is None else content)
        return path

    return _write


def rendered(recomputed: Recomputed) -> tuple[int, str]:
    output = StringIO()
    status = render(recomputed, Console(file=output, width=40))
    return status, output.getvalue()


def refused(path: Path, year: int | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read_result_list(path, load_rule_sets(), stated_year=year)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.do, "what to do is not said"
    return message


@pytest.mark.real
def test_every_row_of_both_published_lists(real_data: Path) -> None:
    """Each row that is there: index under its cohort's rule set, improvement where the previous list has the region."""
    folder = real_data / "ministry_results"
    before, after = folder / "index_2022.csv", folder / "index_2023_stage2.csv"
    first, second = recompute(before), recompute(after, before)
    assert (rendered(first)[0], rendered(second)[0]) == (0, 0)
    assert first.differences == second.differences == ()
    assert len(first.rows) == len(before.read_text().splitlines()) - 1
    assert len(second.rows) == len(after.read_text().splitlines()) - 1
    both = {row.name for row in first.rows} & {row.name for row in second.rows}
    assert {row.name for row in second.rows if row.improvement is not None} == both
    assert len(both) >= 11


def test_both_lists_and_the_rows_that_tell_rounding_apart(write: Write) -> None:
    before = write("index_2022.csv", HEAD_2022, MALANG_2022, "3,KAB. BUTON,1.7,1.93,2.17,1.81,1.75,1.92")
    after = write("index_2023.csv", HEAD_2023, MALANG_2023, BUTON_2023, BEKASI_2023,
                  "23,Kab.  Humbang Hasundutan,2.52,2.26,2.2,1.94,1.98,1.97,2.13,0.5,KPPN & IKN",
                  "84,KAB. WAKATOBI,1.6,1.23,2.02,1.4,1.88,1.43,1.61,-,KPPN&IKN")  # fmt: skip
    found = recompute(after, before)
    assert [(row.name, row.rule_set_id, str(row.index), row.improvement) for row in found.rows] == [
        ("KAB. MALANG", "2023-kppn-ikn", "2.94", Decimal("0.44")),
        # A Kolaborasi of 0 counts, with its weight.
        ("KAB. BUTON", "2023-kppn-ikn", "1.88", Decimal("-0.03")),
        ("KOTA BEKASI", "2023-reguler", "3.21", None),
        ("Kab.  Humbang Hasundutan", "2023-kppn-ikn", "2.13", None),
        ("KAB. WAKATOBI", "2023-kppn-ikn", "1.61", None),
    ]
    assert found.differences == ()
    status, text = rendered(found)
    assert status == 0
    assert (
        "index: 5 compared, 0 differ; improvement: 2 compared, 0 differ, 3 regions are not in the previous list" in text
    )


def test_what_differs_is_shown_and_told_by_the_exit_status(write: Write) -> None:
    before = write("index_2022.csv", HEAD_2022, MALANG_2022)
    wrong = [MALANG_2023.replace("2.94,0.44", "2.94,0.43"), BEKASI_2023.replace("3.21", "3.20")]
    found = recompute(write("index_2023.csv", HEAD_2023, *wrong), before)
    assert [(row.line, row.index_differs, row.improvement_differs) for row in found.differences] == [
        (2, False, True),
        (3, True, False),
    ]
    status, text = rendered(found)
    assert status == 1
    assert "line 2: KAB. MALANG (2023-kppn-ikn): improvement 0.44, published 0.43\n" in text
    assert "line 3: KOTA BEKASI (2023-reguler): index 3.21, published 3.20\n" in text


def test_the_components_are_rounded_first_in_2022(write: Write) -> None:
    kediri = "1,KOTA KEDIRI,3.60,3.21,3.23,3.07,3.65,3.31,REGULER"
    found = recompute(write("list 2022.csv", HEAD_2022 + ",ket", kediri, MALANG_2022 + ",KPPN&IKN"))
    assert [(row.rule_set_id, str(row.index)) for row in found.rows] == [
        ("2022-reguler", "3.31"),
        ("2022-kppn-ikn", "2.51"),
    ]
    assert found.differences == ()


def test_without_published_results_nothing_differs(write: Write) -> None:
    head = "name,baseline,output,outcome,impact,quick_wins,kolaborasi,pic"
    found = recompute(write("2023.csv", head, "A,1,2,3,4,0,,x", "B,1,2,3,4,0,2,y"))
    assert [(row.rule_set_id, str(row.index)) for row in found.rows] == [
        ("2023-reguler", "2.20"),
        ("2023-kppn-ikn", "2.10"),
    ]
    status, text = rendered(found)
    assert status == 0
    assert "columns not used: pic" in text


def test_random_lists_agree_with_exact_decimals(write: Write) -> None:
    """Another way to the same numbers: 400 rows, ties among them."""
    dice = random.Random(2023)  # noqa: S311 - the same rows in every run
    weights = {False: (10, 20, 30, 20, 20), True: (10, 20, 20, 20, 20, 10)}
    lines, expected = [], []
    for number in range(400):
        in_area = number % 2 == 0
        values = [dice.randint(0, 400) for _ in weights[in_area]]
        total = sum(weight * value for weight, value in zip(weights[in_area], values, strict=True))
        expected.append((Decimal(total) / 10000).quantize(Decimal("0.01"), ROUND_HALF_UP))
        cells = [str(Decimal(value) / 100) for value in values] + ([] if in_area else [""])
        lines.append(f"R{number},{','.join(cells)}")
    found = recompute(write("2023.csv", "name,baseline,output,outcome,impact,quick_wins,kolaborasi", *lines))
    assert [row.index for row in found.rows] == expected


@pytest.mark.parametrize(
    ("name", "year", "head", "expected"),
    [
        ("index_2023_stage2.csv", None, HEAD_2023, 2023),
        ("list.csv", 2023, HEAD_2023, 2023),
        ("list.csv", None, HEAD_2023, 2023),
        ("20231204.csv", None, HEAD_2023, 2023),
        ("2022 printed 2023.csv", 2023, HEAD_2023, 2023),
    ],
)
def test_the_year(write: Write, name: str, year: int | None, head: str, expected: int) -> None:
    path = write(name, head, MALANG_2023)
    assert read_result_list(path, load_rule_sets(), stated_year=year).year == expected


@pytest.mark.parametrize(
    ("name", "year", "lines", "message"),
    [
        ("list.csv", None, (HEAD_2022, MALANG_2022), "nothing tells the year"),
        ("index_2022.csv", 2023, (HEAD_2022, MALANG_2022), "--year says 2023, the file's name says 2022"),
        ("2022-2023.csv", None, (HEAD_2022, MALANG_2022), "several years: 2022, 2023"),
        ("list.csv", 2022, (HEAD_2023, MALANG_2023), "a column that 2022 does not know"),
        ("index_2022.csv", None, (HEAD_2023, MALANG_2023), "a column that 2022 does not know"),
        ("index_2024.csv", None, (HEAD_2023, MALANG_2023), "no rule set for 2024"),
        ("list.csv", 1999, (HEAD_2023, MALANG_2023), "no rule set for 1999"),
    ],
)
def test_contradictory_years_are_refused(
    write: Write, name: str, year: int | None, lines: Sequence[str], message: str
) -> None:
    assert message in refused(write(name, *lines), year)


def test_the_previous_list_is_of_the_year_before(write: Write) -> None:
    after = write("index_2023.csv", HEAD_2023, MALANG_2023)
    with pytest.raises(ConfigError, match="is of 2023, not of 2022"):
        recompute(after, after)
    # Nothing tells the year of this one: it is the year before.
    assert recompute(after, write("before.csv", HEAD_2022, MALANG_2022)).rows[0].improvement == Decimal("0.44")
    with pytest.raises(ConfigError, match="how the improvement of 2022 was counted is not known"):
        recompute(write("index_2022.csv", HEAD_2022, MALANG_2022), after)


BAD_CELLS: Mapping[str, tuple[str, str]] = {
    "a text": (MALANG_2023.replace("3.41", "tiga"), "'tiga' is not a number"),
    "a decimal comma": (MALANG_2023.replace("3.41", '"3,41"'), "'3,41' has a decimal comma"),
    "a time": (MALANG_2023.replace("3.41", "03:41"), "'03:41' is not a number"),
    "an exponent": (MALANG_2023.replace("3.41", "3e0"), "'3e0' is not a number"),
    "a number that is none": (MALANG_2023.replace("3.41", "NaN"), "'NaN' is not a number"),
    "other digits": (MALANG_2023.replace("3.41", "٣"), "'٣' is not a number"),
    "above the scale": (MALANG_2023.replace("3.41", "4.01"), "'4.01' is not from 0 to 4"),
    "below the scale": (MALANG_2023.replace("3.41", "-0.01"), "'-0.01' is not from 0 to 4"),
    "more decimals": (MALANG_2023.replace("3.41", "3.405"), "'3.405' has more than two decimals"),
    "an empty dimension": (MALANG_2023.replace("3.41", ""), "a value is missing"),
    "a dash for a dimension": (MALANG_2023.replace("3.41", "-"), "'-' is not a number"),
}


@pytest.mark.parametrize(("line", "message"), BAD_CELLS.values(), ids=BAD_CELLS)
def test_bad_cells_are_refused_with_their_place(write: Write, line: str, message: str) -> None:
    text = refused(write("index_2023.csv", HEAD_2023, BEKASI_2023, line))
    assert message in text
    assert "line 3, column outcome" in text


BAD_LINES: Mapping[str, tuple[str, str]] = {
    "no Kolaborasi where it is weighed": (MALANG_2023.replace("2.53", ""), "line 2, column kolaborasi"),
    "Kolaborasi where it is not weighed": (BEKASI_2023.replace(",,", ",1,"), "a value has no weight"),
    "a cohort nobody knows": (MALANG_2023.replace("KPPN&IKN", "LAIN"), "the cohort LAIN is not known"),
    "an empty cohort": (MALANG_2023.replace("KPPN&IKN", ""), "the cohort is empty"),
    "an empty name": (MALANG_2023.replace("KAB. MALANG", " "), "the region's name is empty"),
    "a bad result": (MALANG_2023.replace("2.94", "baik"), "column nilai_final"),
    "a bad improvement": (MALANG_2023.replace("0.44", "naik"), "column improvement"),
    "an unquoted decimal comma": (MALANG_2023.replace("3.41", "3,41"), "the line has 12 cells, the header 11"),
    "too few cells": ("45,KAB. MALANG,3.6", "the line has 3 cells, the header 11"),
    "an open quote": ('45,"KAB. MALANG,3.6', "the list is not CSV"),
}


@pytest.mark.parametrize(("line", "message"), BAD_LINES.values(), ids=BAD_LINES)
def test_bad_lines_are_refused(write: Write, line: str, message: str) -> None:
    assert message in refused(write("index_2023.csv", HEAD_2023, line))


BAD_FILES: Mapping[str, tuple[bytes, str]] = {
    "semicolons": (f"{HEAD_2023}\n{MALANG_2023}".replace(",", ";").encode(), "separated by semicolons"),
    "UTF-16": (f"{HEAD_2023}\n{MALANG_2023}".encode("utf-16"), "UTF-16"),
    "a spreadsheet": (b"PK\x03\x04rest", "is a spreadsheet"),
    "another encoding": (f"{HEAD_2023}\n{MALANG_2023}é".encode("latin-1"), "is not UTF-8"),
    "nothing": (b"", "has no rows"),
    "a header only": (HEAD_2023.encode(), "has no rows"),
    "a column twice": (f"{HEAD_2023},ket\n{MALANG_2023},X".encode(), "a column stands twice"),
    "no names": (f"{HEAD_2023}\n{MALANG_2023}".replace("name", "region").encode(), "column name"),
    "no outcome": (f"{HEAD_2023}\n{MALANG_2023}".replace("outcome", "hasil").encode(), "column outcome"),
    "no cohort": (f"{HEAD_2022}\n{MALANG_2022}".encode(), "nothing tells the cohort"),
    "a region twice": (f"{HEAD_2023}\n{MALANG_2023}\n{MALANG_2023.lower()}".encode(), "stands twice, first in line 2"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files_are_refused(write: Write, content: bytes, message: str) -> None:
    assert message in refused(write("index_2023.csv", content=content))


def test_a_list_saved_by_a_spreadsheet_is_read_and_every_row_is_printed(write: Write) -> None:
    found = recompute(write("index_2023.csv", content=f"\ufeff{HEAD_2023}\n{MALANG_2023}".encode()))
    status, text = rendered(found)
    assert status == 0
    assert "MALANG" in text
    assert "2.94" in text


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "index_2023.csv")
    assert "cannot be read" in refused(tmp_path)


def test_names_with_markup_are_shown_as_they_are() -> None:
    row = RecomputedRow(2, "KAB. [red]X[/]", "2023-reguler", Decimal(3), Decimal(2), None, None, None, True, False)
    status, text = rendered(Recomputed(Path("x"), 2023, (row,), ("[bold]",)))
    assert status == 1
    assert "KAB. [red]X[/]" in text
    assert "[bold]" in text


def test_p9_lists_come_under_the_rule_sets_that_are_known_and_under_none_that_is_assumed() -> None:
    known = {rule_set.id: rule_set for rule_set in load_rule_sets()}
    assert list(known) == ["2022-kppn-ikn", "2022-reguler", "2023-reguler", "2023-kppn-ikn"]
    assert "kolaborasi" in known["2023-kppn-ikn"].dimensions
    assert "kolaborasi" not in known["2023-reguler"].dimensions


def test_nothing_heavy_is_loaded_for_it() -> None:
    """Five seconds of dbt for a sum of products were five seconds too many."""
    script = "import sys, pilar.recompute.recompute; print(sorted({'dbt', 'duckdb', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
