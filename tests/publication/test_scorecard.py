"""An agency's scorecard as PDF and as a workbook: what is sent says what the page says, and nothing in it runs."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from definitions.words import Language
from ledger.errors import ConfigError, PublicationError
from publication.build import Published
from publication.page.agency import Agency
from publication.paths import agency_document
from publication.pdf import Document, latin
from publication.scorecard import read_scorecard, sheets, write_pdf, write_workbook


@pytest.fixture
def card(published: Published) -> Agency:
    return read_scorecard(published.path, "dinas_kesehatan")


def test_the_document_is_the_scorecard_of_the_page(card: Agency, published: Published) -> None:
    html = (published.path / "opd" / "dinas_kesehatan.html").read_text(encoding="utf-8")
    assert (card.name, card.publication_id) == ("Dinas Kesehatan", published.id)
    assert f"{card.filled}/{card.cells}" in html
    for task in card.tasks:
        assert task.text.id in html


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_workbook_has_numbers_as_numbers_and_every_row(card: Agency, tmp_path: Path, language: Language) -> None:
    write_workbook(card, tmp_path / "card.xlsx", language)
    book = openpyxl.load_workbook(tmp_path / "card.xlsx")
    parts = sheets(card, language)
    assert book.sheetnames[1:] == [part.name for part in parts]
    for part in parts:
        found = [list(row) for row in book[part.name].iter_rows(min_row=2, values_only=True)]
        assert found == [[*row] for row in part.rows]
    refused = {type(row[3]) for row in parts[1].rows}
    assert refused == {int}


@pytest.mark.fault(22)
def test_p6_no_text_of_a_workbook_runs_as_a_formula(card: Agency, tmp_path: Path) -> None:
    evil = ('=HYPERLINK("http://x","y")', "+1+1", "-2", "@SUM(A1)", "=cmd|' /C calc'!A0", "a\x00b")
    sources = [replace(card.sources[0], title=text) for text in evil]
    write_workbook(replace(card, sources=sources), tmp_path / "card.xlsx", "id")
    rows = openpyxl.load_workbook(tmp_path / "card.xlsx")["Sumber"].iter_rows(min_row=2, max_col=1)
    cells = [cell for (cell,) in rows]
    assert not {cell.data_type for cell in cells} & {"f", "n"}
    assert {cell.number_format for cell in cells} == {"@"}
    with ZipFile(tmp_path / "card.xlsx") as parts:
        assert not any(b"<f>" in parts.read(name) or b"<f " in parts.read(name) for name in parts.namelist())


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_pdf_is_whole_and_says_what_it_is(card: Agency, tmp_path: Path, language: Language) -> None:
    write_pdf(card, tmp_path / "card.pdf", language)
    reader = PdfFileReader(BytesIO((tmp_path / "card.pdf").read_bytes()))
    assert int(reader.root["/Pages"]["/Count"]) >= 2
    assert card.name in str(reader.trailer["/Info"]["/Title"])
    outlines = reader.root["/Outlines"]
    assert int(outlines["/Count"]) == len(sheets(card, language))


def test_signs_that_the_fonts_lack_are_written_by_others() -> None:
    assert latin("≥ 70 – < 80 × −2 …") == ">= 70 - < 80 x -2 ..."
    assert latin("\u4e2d é") == "? é"


def test_a_long_table_has_its_head_on_every_page(tmp_path: Path) -> None:
    document = Document("Judul", language="id", foot="kaki")
    document.table_of(["Kolom"], [[f"baris {number}"] for number in range(200)], [1])
    assert document.page_no() > 3


def test_an_agency_that_is_none_is_named_with_those_that_are(published: Published) -> None:
    with pytest.raises(ConfigError, match="dinas_kesehatan"):
        read_scorecard(published.path, "dinas_apa")
    with pytest.raises(ConfigError, match="no agency"):
        read_scorecard(published.path, "../../etc/passwd")


def test_a_damaged_scorecard_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / agency_document("dlh")
    path.parent.mkdir()
    path.write_text('{"id": "dlh"}')
    with pytest.raises(PublicationError, match="cannot be read"):
        read_scorecard(tmp_path, "dlh")
