"""The file of docs/source-files.md is read by the arguments that stand beside it, as the page says."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from connectors.http.client import HttpClient
from connectors.protocols.files.csv_files import CsvArgs, CsvFiles
from ledger.settings import REPOSITORY, Connection

PAGE = (REPOSITORY / "docs" / "source-files.md").read_text(encoding="utf-8")


def block(language: str, word: str = r"\S+") -> tuple[str, str]:
    """The name and the text of the page's piece of code."""
    found = re.search(rf"^```{language} ({word})\n(.*?)^```$", PAGE, flags=re.M | re.S)
    assert found is not None
    return found[1], found[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    name, text = block("csv")
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "catatan.txt").write_text("not asked for", encoding="utf-8")
    return tmp_path


def test_the_file_of_the_page_is_read_as_it_says(folder: Path) -> None:
    args = yaml.safe_load(block("yaml", "args")[1])
    link = Connection(url=folder.as_uri())
    with HttpClient(link) as http:
        (page,) = CsvFiles(CsvArgs.model_validate(args), link, (), http).pages()

    assert {name: page.context[name] for name in ("kode_daerah", "bulan")} == {
        "kode_daerah": "64.02",
        "bulan": "2024-08",
    }
    rows = msgspec.json.decode(page.records)
    assert rows == [
        {"Puskesmas": "Loa Kulu", "Kunjungan": "1.204", "Kunjungan: %": "12,1", "Rujukan": "86", "Rujukan: %": "7,1"},
        {"Puskesmas": "Muara Jawa", "Kunjungan": "988", "Kunjungan: %": "9,9", "Rujukan": "74", "Rujukan: %": "7,5"},
    ]
