"""Footers, subtotals and headers that come again: records are never taken for one of them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.http.client import HttpClient
from connectors.protocols.base import Page
from connectors.protocols.files.csv_files import CsvArgs, CsvFiles
from ledger.errors import SourceError
from ledger.settings import Connection

Read = Callable[..., Page]
REFUSED = "row {} begins like the footer and is filled like a record"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def make(*lines: str, **args: Any) -> Page:
        (tmp_path / "a.csv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        connection = Connection(url=f"file://{tmp_path}")
        checked = CsvArgs.model_validate({"pattern": "a.csv", "footer_starts": ["Jumlah", "Sumber"], **args})
        with HttpClient(connection) as http:
            protocol = CsvFiles(checked, connection, [], http)
            [page] = protocol.pages()
            spans = protocol.spans(page.body, page.request)
        assert len(spans) == len(json.loads(page.records))
        return page

    return make


def first(page: Page) -> list[str]:
    """The first field of each record, or why it could not be read."""
    return [next(iter(row.values())) for row in json.loads(page.records)]


def damage(read: Read, *lines: str, **args: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read(*lines, **args)
    assert caught.value.kind == "damaged"
    return caught.value.what


GROUPS = ("Kec,n", "A,1", "B,2", "Jumlah I,3", "C,10", "D,20", "E,30", "Jumlah II,60", "Jumlah,63", "Sumber: Dinas,")


def test_p1_a_subtotal_between_records_is_refused_and_no_record_is_lost(read: Read) -> None:
    assert first(read(*GROUPS)) == ["A", "B", REFUSED.format(4), "C", "D", "E"]


def test_declared_subtotals_that_add_up_are_passed_over(read: Read) -> None:
    assert first(read(*GROUPS, subtotal_starts=["Jumlah I"])) == ["A", "B", "C", "D", "E"]
    wrong = [line.replace("Jumlah I,3", "Jumlah I,4") for line in GROUPS]
    assert first(read(*wrong, subtotal_starts=["Jumlah I"])) == ["A", "B", REFUSED.format(4), "C", "D", "E"]


@pytest.mark.parametrize("name", ["Sumberpucung", "SUMBERMANJING WETAN", "Jumlahan"])
@pytest.mark.parametrize("at", ["middle", "end"])
def test_p1_a_name_that_begins_with_the_same_letters_is_no_footer(read: Read, name: str, at: str) -> None:
    rows = [f"{name},5", "Tajinan,7"] if at == "middle" else ["Tajinan,7", f"{name},5"]
    found = first(read("Kec,n", "Ampelgading,1", *rows, "Jumlah,13", "Sumber: BPS,"))
    assert sorted(found) == sorted(["Ampelgading", name, "Tajinan"])


@pytest.mark.parametrize("name", ["Sumber", "Sumber Pucung"])
@pytest.mark.parametrize("at", ["middle", "end"])
def test_p1_a_record_that_begins_like_the_footer_is_refused_by_itself(read: Read, name: str, at: str) -> None:
    """Whether it is a district or a total nobody can tell; that it was there is not lost."""
    rows = [f"{name},5", "Tajinan,7"] if at == "middle" else ["Tajinan,7", f"{name},5"]
    found = first(read("Kec,n", "Ampelgading,1", *rows, "Sumber: BPS,"))
    assert found.count("Ampelgading") == found.count("Tajinan") == 1
    assert [one for one in found if one.startswith("row ")] == [REFUSED.format(3 if at == "middle" else 4)]
    assert sorted(first(read("Kec,n", "Ampelgading,1", *rows, "Sumber: BPS,", footer_starts=["Sumber:"]))) == sorted(
        ["Ampelgading", name, "Tajinan"]
    )


def test_a_total_that_adds_up_is_passed_over_and_another_is_refused(read: Read) -> None:
    for total in ("Jumlah,1.507", "jumlah,1.507", "JUMLAH TOTAL,1.507"):
        assert first(read("Kec,n", "A,1.500", "B,7", "C,-", total)) == ["A", "B", "C"]
    assert first(read("Kec,n,kasus", "A,1,0", "B,7,0", "Sumber Pucung,3,0"))[2] == REFUSED.format(4)
    assert first(read("Kec,n", "A,1.500", "B,7", "Jumlah,1.508")) == ["A", "B", REFUSED.format(4)]
    assert first(read("Kec,n,rata", 'A,"1,500",3', 'B,7,"4,5"', 'Jumlah,"1,507","3,75"')) == ["A", "B"]


@pytest.mark.parametrize(
    "rows",
    [
        ["A,1,x", "Sumber: BPS,,", "B,2,y"],
        ["A,1,x", "Sumber: BPS,,", "Diolah,,", "B,2,"],  # filled for the most part
        ["Sumber: BPS,,", "B,2,y", "C,3,z"],
        ["Jumlah,9,", "B,2,y", "C,3,z"],
        ["A,1,", "Sumber: BPS,,", "B,2,"],  # filled as the records above are
    ],
)
def test_p1_records_behind_the_footer_are_damage(read: Read, rows: Sequence[str]) -> None:
    assert "begins like the footer" in damage(read, "Kec,n,ket", *rows)


def test_notes_and_signatures_below_are_passed_over(read: Read) -> None:
    below = ["Sumber: BPS, 2024, diolah, lagi", "Malang, 5 Januari 2024", "Kepala Dinas,,", ",,ttd", "NIP 19800101,,"]
    assert first(read("Kec,n,ket", "A,1,x", "B,2,", *below)) == ["A", "B"]


def test_a_long_footer_is_damage(read: Read) -> None:
    assert "51 rows follow" in damage(read, "Kec,n", "A,1", "Sumber,", *["x,"] * 51)


@pytest.mark.parametrize("between", [[], ["Tabel 2. Luas desa,"], ["Jumlah,3"], ["Sumber: BPS,"]])
def test_p1_another_table_behind_the_footer_is_damage(read: Read, between: Sequence[str]) -> None:
    lines = ["A,1", "B,2", "Jumlah,3", *between, "Desa,L", "C,4", "D,5"]
    assert "header of another table" in damage(read, "Kec,n", *lines) or "begins like the footer" in damage(
        read, "Kec,n", *lines
    )


@pytest.mark.parametrize(("total", "passed"), [("0.30000000000000004", True), ("0.3", True), ("0.301", False)])
def test_a_total_is_one_although_a_spreadsheet_added_it(read: Read, total: str, passed: bool) -> None:
    found = first(read("Kec,luas", "A,0.1", "B,0.2", f"Jumlah,{total}"))
    assert found == ["A", "B", *([] if passed else [REFUSED.format(4)])]


def test_p1_a_record_of_noughts_is_no_footer(read: Read) -> None:
    assert first(read("Kec,n,ket", "A,1,x", "B,2,y", "Sumber,-,z")) == ["A", "B", REFUSED.format(4)]


@pytest.mark.parametrize("numbers", ["1,2,3", "(1),(2),(3)"])
def test_p1_a_row_that_numbers_the_columns_is_no_record(read: Read, numbers: str) -> None:
    page = read("Kec,n,m", numbers, "A,1,2", "B,2,2", "Jumlah,3,4")
    assert first(page) == ["row 2 numbers the columns", "A", "B"]
    assert first(read("Kec,n", "1,2", "2,3")) == ["1", "2"]
    assert first(read("Kec,n,m", "A,1,2", "1,2,3")) == ["A", "1"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["A,1", "B,2", "Sub Jumlah,3", "C,4", "Total,7"], "2 rows: 4, 6"),
        (["A,1", "B,2", "JUMLAH,3"], "1 rows: 4"),
        (["A,1", "B,2", 'Grand Total,"1.003"', "C,1000", "Jml,1003"], "1 rows: 6"),
        (["Jumlah penduduk,5", "Jumlah KK,2", "Total,9"], None),  # what is counted, and a district
        (["Jumlahan,1", "Totalindo,1"], None),
    ],
)
def test_p1_totals_that_nobody_declared_are_told(read: Read, lines: Sequence[str], told: str | None) -> None:
    page = read("Kec,n", *lines, footer_starts=[])
    assert len(first(page)) == len(lines)
    assert [(one.code, one.detail) for one in page.noticed] == ([("totals_landed", told)] if told else [])


# Headers that come again ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("again", ["kode,nama,ket", "\ufeffkode,nama,ket", "KODE, Nama ,ket", "kode,nama,ket,,",
                                   "kode\u200b,nama,ket", "kode,nama,", "kode,nama"])  # fmt: skip
def test_p1_a_header_that_comes_again_is_no_record(read: Read, again: str) -> None:
    page = read("kode,nama,ket", "1,A,x", again, "2,B,y", again, "3,C,z")
    assert first(page) == ["1", "2", "3"]
    [word] = page.noticed
    assert (word.code, word.detail) == ("header_again", "row 3, 5")


def test_a_header_of_two_rows_that_comes_again_goes_whole(read: Read) -> None:
    header = ("Kode,IPM,", ",2023,2024")
    page = read(*header, "1,70,71", *header, "2,72,73", header_rows=2)
    assert first(page) == ["1", "2"]


def test_p1_of_a_header_of_two_rows_the_lowest_one_may_come_again(read: Read) -> None:
    page = read("Kode,IPM,", ",2023,2024", "1,70,71", ",2023,2024", "2,72,73", header_rows=2)
    assert first(page) == ["1", "2"]
    assert [one.code for one in page.noticed] == ["header_again"]


@pytest.mark.parametrize("name", ["kode\u200b", "\ufeffkode", "\u00a0kode", "ko\u00adde"])
def test_a_name_in_the_header_is_what_is_seen_of_it(read: Read, name: str) -> None:
    page = read(f"{name},nama", "1,A", "2,B")
    assert [list(record) for record in json.loads(page.records)] == [["kode", "nama"]] * 2


@pytest.mark.parametrize("blank", ["\u200b", "\ufeff", "\u00a0\u00ad"])
def test_p1_a_footer_behind_what_nobody_sees_is_one(read: Read, blank: str) -> None:
    page = read("kode,n", "A,1", "B,2", f"{blank}Jumlah,3", f"{blank}Sumber: BPS,")
    assert first(page) == ["A", "B"]


def test_p1_a_header_in_another_order_is_damage(read: Read) -> None:
    assert "another order" in damage(read, "kode,laki,perempuan", "1,10,20", "kode,perempuan,laki", "2,21,11")


def test_a_record_that_says_one_of_the_headers_words_is_a_record(read: Read) -> None:
    page = read("kode,nama,ket", "kode,A,x", "2,nama,ket", "nama,kode,")
    assert first(page) == ["kode", "2", "nama"]
    assert not page.noticed
