"""Files in a folder: which are chosen, what their names say, and what is not read."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.http.client import HttpClient
from connectors.http.limits import Limits
from connectors.protocols import registry
from connectors.protocols.base import Page
from ledger.errors import ConfigError, PilarError, SourceError
from ledger.settings import Connection
from tests.connectors.landing.conftest import land_pages, source_of

PATTERN = r"balita_(?P<kode_daerah>\d\d\.\d\d)_(?P<bulan>\d{4}-\d\d)\.csv"
Read = Callable[..., list[Page]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def make(
        name: str = "files.csv", contexts: Sequence[Mapping[str, str]] = (), max_received: int = 10_000_000, **args: Any
    ) -> list[Page]:
        connection = Connection(url=f"file://{tmp_path}")
        protocol = registry.get(name)
        checked = protocol.Args.model_validate({"pattern": PATTERN} | args)
        with HttpClient(connection, Limits(max_received=max_received)) as http:
            return list(protocol(checked, connection, contexts, http).pages())

    return make


def put(folder: Path, *names: str, body: str = "nik,berat\n1,2.50\n") -> None:
    for name in names:
        (folder / name).write_text(body, encoding="utf-8")


def rows(page: Page) -> Any:
    return json.loads(page.records)


def refused(read: Read, **args: Any) -> PilarError:
    with pytest.raises(PilarError) as caught:
        read(**args)
    return caught.value


def test_files_come_in_the_order_of_their_names_with_what_the_names_say(read: Read, tmp_path: Path) -> None:
    put(tmp_path, "balita_64.02_2024-09.csv", "balita_64.02_2024-08.csv", "balita_64.02_2024-08.csv.part", "other.csv")
    first, second = read()
    assert first.context == {"kode_daerah": "64.02", "bulan": "2024-08"}
    assert (second.seq, second.context["bulan"]) == (1, "2024-09")
    assert first.request == f"GET file://{tmp_path}/balita_64.02_2024-08.csv"
    assert first.body == b"nik,berat\n1,2.50\n"
    assert rows(first) == [{"nik": "1", "berat": "2.50"}]


def test_p10_a_header_that_repeats_a_name_is_refused_unless_its_neighbours_tell(read: Read, tmp_path: Path) -> None:
    put(tmp_path, "balita_64.02_2024-08.csv", body="Lahir,BBLR L,%,BBLR P,%\n9,1,11,2,22\n")
    assert "two columns are called '%'" in str(refused(read))
    [page] = read(repeated="by_left")
    assert rows(page) == [{"Lahir": "9", "BBLR L": "1", "BBLR L: %": "11", "BBLR P": "2", "BBLR P: %": "22"}]


def test_a_repeated_name_keeps_its_neighbour_when_columns_move(read: Read, tmp_path: Path) -> None:
    """Named by number, the two percentages would change places with their columns."""
    put(tmp_path, "balita_64.02_2024-08.csv", body="BBLR P,%,Lahir,BBLR L,%\n2,22,9,1,11\n")
    [page] = read(repeated="by_left")
    assert rows(page)[0]["BBLR L: %"] == "11"


def test_names_that_repeat_side_by_side_lean_on_the_last_that_does_not(read: Read, tmp_path: Path) -> None:
    put(tmp_path, "balita_64.02_2024-08.csv", body="Bayi,Vit A,%,Balita,Vit A,%\n9,8,89,7,7,100\n")
    [page] = read(repeated="by_left")
    assert list(rows(page)[0]) == [
        "Bayi", "Bayi: Vit A", "Bayi: Vit A: %", "Balita", "Balita: Vit A", "Balita: Vit A: %",
    ]  # fmt: skip
    put(tmp_path, "balita_64.02_2024-08.csv", body="%,%,%\n3,2,1\n")
    [page] = read(repeated="by_left")
    assert list(rows(page)[0]) == ["%", "%: %", "%: %: %"]


def test_only_the_newest_may_be_wanted(read: Read, tmp_path: Path) -> None:
    put(tmp_path, *(f"balita_{kode}_2024-{month:02}.csv" for kode in ("64.02", "62.02") for month in range(1, 13)))
    pages = read(newest={"by": "bulan", "keep": 2})
    assert {page.context["bulan"] for page in pages} == {"2024-11", "2024-12"}
    assert len(pages) == 4
    assert isinstance(refused(read, newest={"by": "tahun"}), ConfigError)


@pytest.mark.parametrize(
    ("group", "form", "names", "newest"),
    [
        (r"[\d-]+", "%d-%m-%Y", ["30-11-2024", "01-12-2024"], "01-12-2024"),
        (r"\d{8}", "%d%m%Y", ["30112024", "01122024"], "01122024"),
        (r"\d+", "number", ["9", "10"], "10"),
        (r"\d{4}-\d\d", None, ["2024-09", "2023-12"], "2024-09"),
        (r"[0-9]{4}[12]", None, ["20231", "20222"], "20231"),
    ],
)
def test_p5_the_newest_file_is_the_one_of_the_latest_day(
    read: Read, tmp_path: Path, group: str, form: str | None, names: Sequence[str], newest: str
) -> None:
    put(tmp_path, *(f"rekap_{name}.csv" for name in names))
    [page] = read(pattern=rf"rekap_(?P<tgl>{group})\.csv", newest={"by": "tgl", "format": form})
    assert page.context["tgl"] == newest


@pytest.mark.parametrize(
    "group", [r"[\d-]+", r"\d\d-\d\d-\d{4}", r"\d{8}", r"\d+", ".*", r"\d{4}.*", r"\w+", r"\d{1,4}-\d\d"]
)
def test_p10_names_that_may_not_sort_as_dates_are_told_before_a_pull(group: str) -> None:
    asked = registry.get("files.csv").Args.model_validate(
        {"pattern": rf"rekap_(?P<tgl>{group})\.csv", "newest": {"by": "tgl"}}
    )
    [(what, do)] = asked.problems()
    assert "need not sort" in what
    assert "format" in do


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["30-11-2024", "01-12-2024"], None),
        (["30112024", "01122024"], None),
        (["112024", "122023"], None),
        (["9", "10"], None),
        (["2024-11", "2024-9"], None),
        (["20241130", "20231201"], "20241130"),
        (["202411", "202312"], "202411"),
        (["0009", "0010"], "0010"),
        (["30-11-2024"], None),
        (["2023", "2024"], "2024"),
        (["1124", "0125"], None),
        (["3112", "0501"], None),
        (["12", "01"], None),
        (["1124-1", "0125-1"], None),
    ],
)
def test_p5_no_file_is_the_newest_where_nobody_can_tell(
    read: Read, tmp_path: Path, names: Sequence[str], newest: str | None
) -> None:
    put(tmp_path, *(f"rekap_{name}.csv" for name in names))
    args: dict[str, Any] = {"pattern": r"rekap_(?P<tgl>[\d-]+)\.csv", "newest": {"by": "tgl"}}
    if newest is None:
        assert "need not sort" in str(refused(read, **args))
    else:
        [page] = read(**args)
        assert page.context["tgl"] == newest


@pytest.mark.parametrize("form", ["%d-%m", "%B", "%m%d"])
def test_p5_a_format_without_a_year_orders_nothing(form: str) -> None:
    with pytest.raises(ValueError, match="has no year"):
        registry.get("files.csv").Args.model_validate(
            {"pattern": r"(?P<tgl>.*)", "newest": {"by": "tgl", "format": form}}
        )


def test_a_name_that_is_no_date_of_the_declared_form_is_damage(read: Read, tmp_path: Path) -> None:
    put(tmp_path, "rekap_2024-11-30.csv", "rekap_01-12-2024.csv")
    error = refused(read, pattern=r"rekap_(?P<tgl>[\d-]+)\.csv", newest={"by": "tgl", "format": "%d-%m-%Y"})
    assert isinstance(error, SourceError)
    assert "%d-%m-%Y" in error.what


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"kode,n\n1,12\n2,34\n3,5", True),
        (b"kode,n\r\n1,12\r\n2,34\r\n3,5\r", True),
        (b"kode,n\r1,12\r2,34\r3,5", True),
        (b"kode,n\n1,12\n2,34\n3,5\n", False),
        (b"kode,n\r1,12\r2,34\r", False),
        (b"kode,n\n1,12", False),  # one line says nothing of the others
    ],
)
def test_p1_a_last_line_that_may_be_cut_is_told(read: Read, tmp_path: Path, body: bytes, told: bool) -> None:
    """A server that counts characters where bytes are due cuts a file behind its last accents."""
    (tmp_path / "balita_64.02_2024-08.csv").write_bytes(body)
    [page] = read()
    assert [one.code for one in page.noticed] == (["last_line_open"] if told else [])


def test_for_each_chooses_files_and_adds_what_the_name_does_not_say(read: Read, tmp_path: Path) -> None:
    put(tmp_path, "balita_64.02_2024-08.csv", "balita_62.02_2024-08.csv")
    [page] = read(contexts=[{"kode_daerah": "64.02", "kabupaten": "Kukar"}])
    assert page.context == {"kode_daerah": "64.02", "kabupaten": "Kukar", "bulan": "2024-08"}
    both = [{"kode_daerah": "64.02", "a": "1"}, {"kode_daerah": "64.02", "a": "2"}]
    assert isinstance(refused(read, contexts=both), ConfigError)


def test_p8_no_file_is_an_answer_of_its_own(read: Read, tmp_path: Path) -> None:
    put(tmp_path, "balita_64.02_2024-08.xlsx")
    error = refused(read)
    assert isinstance(error, SourceError)
    assert error.kind == "empty"
    assert "files there: 1" in error.what


def test_links_and_folders_are_not_read(read: Read, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "balita_64.02_2024-08.csv").symlink_to(tmp_path / "secret")
    (tmp_path / "balita_64.02_2024-09.csv").mkdir()
    os.mkfifo(tmp_path / "balita_64.02_2024-10.csv")
    assert "files there: 1" in str(refused(read))


@pytest.mark.parametrize(
    "name", [b"a\xff.csv", b"a\nb.csv", b"a\x1b[31m.csv", "a\u202ecsv.csv".encode(), "a\u200b.csv".encode()]
)
def test_p10_a_file_name_that_is_no_plain_line_of_text_is_refused(read: Read, tmp_path: Path, name: bytes) -> None:
    """It would go to the ledger, which holds UTF-8, and to logs and messages, which people read."""
    with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:  # noqa: PTH118, PTH123 - a name of bytes
        file.write(b"nik,berat\n1,2\n")
    error = refused(read, pattern=r"(?s).*\.csv")
    assert isinstance(error, SourceError)
    assert "cannot be seen" in error.what
    assert str(error).isprintable()
    put(tmp_path, "balita_64.02_2024-08.csv")
    assert len(read()) == 1, "a file that nobody asked for stands in nobody's way"


@pytest.mark.parametrize("folder", ["..", "a/../..", "/etc"])
def test_a_folder_may_not_climb(read: Read, folder: str) -> None:
    assert isinstance(refused(read, folder=folder), ConfigError)


def test_a_folder_below_may_be_named(read: Read, tmp_path: Path) -> None:
    (tmp_path / "masuk").mkdir()
    put(tmp_path / "masuk", "balita_64.02_2024-08.csv")
    assert len(read(folder="masuk")) == 1


def test_a_missing_folder_and_a_large_file_are_refused(read: Read, tmp_path: Path) -> None:
    assert "cannot be listed" in str(refused(read, folder="nowhere"))
    put(tmp_path, "balita_64.02_2024-08.csv", body="x" * 2000)
    assert "larger than 1000 bytes" in str(refused(read, max_received=1000))


def test_p1_a_file_that_grows_while_it_is_read_is_not_landed(read: Read, tmp_path: Path, monkeypatch) -> None:
    put(tmp_path, "balita_64.02_2024-08.csv")
    real = os.open

    def grow(path: Any, *rest: Any) -> int:
        with Path(path).open("a") as file:
            file.write("3,4\n")
        return real(path, *rest)

    monkeypatch.setattr(os, "open", grow)
    error = refused(read)
    assert isinstance(error, SourceError)
    assert (error.kind, "changed while it was read" in error.what) == ("retryable", True)


@pytest.mark.parametrize(
    "url",
    [
        "s3://x/y",
        "ftp://opd.example/a",
        "gopher://x/y",
        "file://server/share",
        "file:relative",
        "x",
    ],
)
def test_p10_a_connection_that_names_no_folder_is_refused(url: str) -> None:
    connection = Connection(url=url)
    protocol = registry.get("files.csv")
    with HttpClient(connection) as http, pytest.raises(ConfigError):
        list(protocol(protocol.Args.model_validate({"pattern": "x"}), connection, [], http).pages())


@pytest.mark.parametrize(
    ("body", "args"),
    [
        (b"nik,nik\n1,2\n", {}),
        (b'nik,berat\n1,"2\n', {}),
        (b"nik,ber\xffat\n1,2\n", {}),
        (b"nik,ber\x00at\n1,2\n", {}),
        (b"nik,berat\n1,2\n\xff", {"encoding": "utf-16"}),
        (b"\xff\xfen\0i\0k\0\n\0", {}),
        (b"\xef\xbb\xbfnik,berat\n1,2\n", {"encoding": "cp1252"}),
        (b'nik,berat,umur\n1,"2\n3,4,5\n6,7",8,9\n', {}),
        (b"nik,berat\n1,2\n", {"header_row": 2, "header_rows": 2}),
        (b"nik,berat\n1,2\n3,4\n", {"footer_rows": 1}),
        (b"nik,berat\nJumlah,9\n" + b"1,2\n" * 60, {"footer_starts": ["jumlah"]}),
        (b"", {}),
        (b",\n1,2\n", {}),
        (b"nik,berat\n1,2\n", {"header_row": 9}),
        (b'nik,berat\n"1"x,2\n', {}),
        (b"nik,berat\n" + b"1" * 1_000_001 + b",2\n", {}),
        ("nik,nama\n1,Jalan é\n".encode(), {"encoding": "cp1252"}),
        ("\ufeffnik,nama\n1,x\n".encode(), {"encoding": "latin-1"}),
        ("nik,berat\n1,2\n".encode("utf-16"), {}),
        ("nik,berat\n1,2\n".encode("utf-16-le"), {}),
        ("nik,berat\n1,2\n".encode("utf-16-le"), {"encoding": "utf-16"}),
        ("nik,berat\n1,2\n".encode("utf-16-be"), {"encoding": "utf-16"}),
        (b"nik,berat\n1,2\n", {"encoding": "utf-16"}),
        ("nik,berat\n1,\ud800\n".encode("utf-16", "surrogatepass"), {"encoding": "utf-16"}),
    ],
)
def test_p1_a_broken_csv_is_damage_as_a_whole(read: Read, tmp_path: Path, body: bytes, args: Any) -> None:
    (tmp_path / "balita_64.02_2024-08.csv").write_bytes(body)
    error = refused(read, **args)
    assert isinstance(error, SourceError)
    assert error.kind == "damaged"
    assert "balita_64.02_2024-08.csv" in error.where


@pytest.mark.parametrize(
    ("body", "args", "found"),
    [
        ("\ufeffnik,berat\r\n1,2\r\n\r\n".encode(), {}, [{"nik": "1", "berat": "2"}]),
        (b"nik;berat\n1;'2;5'\n", {"delimiter": ";", "quote": "'"}, [{"nik": "1", "berat": "2;5"}]),
        ("nik,nama\n1,Jalan é\n".encode("cp1252"), {"encoding": "cp1252"}, [{"nik": "1", "nama": "Jalan é"}]),
        (b"Laporan,\nnik,berat\n1,\n", {"header_row": 2}, [{"nik": "1", "berat": ""}]),
        (b'nik,alamat\n1,"a\nb"\n', {}, [{"nik": "1", "alamat": "a\nb"}]),
        (b"nik,\n1,x\n", {}, [{"nik": "1", "(kolom 2)": "x"}]),
        (b"nik,berat\n", {}, []),
        ("nik,nama\n1,é\n".encode("utf-16"), {"encoding": "utf-16"}, [{"nik": "1", "nama": "é"}]),
        (b"\xfe\xff" + "nik,nama\n1,é\n".encode("utf-16-be"), {"encoding": "utf-16"}, [{"nik": "1", "nama": "é"}]),
        (b'nik,nama\r\n1,"a ""b"" c"\r\n', {}, [{"nik": "1", "nama": 'a "b" c'}]),
        (b"nik,berat\r1,2\r", {}, [{"nik": "1", "berat": "2"}]),
        (b"nik,nama\n1,a\xe9b\n", {}, [{"nik": "1", "nama": "a\ufffdb"}]),
        (b"nik,nama\n1,x\xc0\xaf\n", {}, [{"nik": "1", "nama": "x\ufffd\ufffd"}]),
        (b"nik,nama\n1,a\0b\n", {}, [{"nik": "1", "nama": "a\0b"}]),
        (
            b"No,IPM,,Ket\n,2023,2024,\n1,70.1,70.9,x\n",
            {"header_rows": 2},
            [{"No": "1", "IPM: 2023": "70.1", "IPM: 2024": "70.9", "Ket": "x"}],
        ),
        (
            b"nik,berat\n1,2\n\nSumber: BPS, 2024, diolah\nDiunduh 5 Mei\n",
            {"footer_rows": 2},
            [{"nik": "1", "berat": "2"}],
        ),
        (b"nik,berat\n1,2\nJUMLAH,2\n,x\n", {"footer_starts": ["Jumlah", "Sumber"]}, [{"nik": "1", "berat": "2"}]),
        (b"nik,berat\n1,2\n", {"footer_starts": ["Sumber"]}, [{"nik": "1", "berat": "2"}]),
        (
            b"nik,berat\n1,2,3\n4,5\n6\n",
            {},
            [
                {"_pilar_unreadable": "row 2 has 3 fields, the header has 2"},
                {"nik": "4", "berat": "5"},
                {"_pilar_unreadable": "row 4 has 1 fields, the header has 2"},
            ],
        ),
        (b'"; DROP TABLE x; --",b\n1,2\n', {}, [{"; DROP TABLE x; --": "1", "b": "2"}]),
    ],
)
def test_csv_dialects_are_told_not_guessed(read: Read, tmp_path: Path, body: bytes, args: Any, found: Any) -> None:
    (tmp_path / "balita_64.02_2024-08.csv").write_bytes(body)
    assert rows(read(**args)[0]) == found


@pytest.mark.parametrize(
    "args", [{"pattern": "("}, {"delimiter": ",,"}, {"header_row": 0}, {"newest": {"by": "x", "keep": 0}}]
)
def test_p10_arguments_that_make_no_sense_are_refused(read: Read, args: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(**args)


def test_p1_a_ragged_row_is_quarantined_with_its_reason_and_the_others_land(read: Read, tmp_path: Path) -> None:
    body = b'id,nama,n\nA,"x, y",1\nB,Siti,Contohwan,2\nC\xe9,y,3\nD,z\nE,a""b,5\n\0\0\0'
    (tmp_path / "balita_64.02_2024-08.csv").write_bytes(body)
    put(tmp_path, "balita_64.02_2024-09.csv", body="id,nama,n\nF,x,6\n")
    columns = {"id": {}, "nama": {"personal": "drop"}, "n": {"type": "integer"}}
    landed = land_pages(source_of(columns, ["id"]), read(), tmp_path)
    assert [row["id"] for row in landed.rows] == ["A", "E", "F"]
    assert (landed.counts.received, landed.counts.landed, landed.counts.quarantined) == (7, 3, 4)
    assert landed.reasons == [("unreadable", ""), ("encoding", "id"), ("unreadable", ""), ("unreadable", "")]
    torn = landed.quarantine[0]
    assert (torn["_page"], torn["_row"]) == (0, 1)
    assert torn["reasons"][0]["value"] == "row 3 has 4 fields, the header has 3"
    assert "Siti" not in str(landed.quarantine)
    assert landed.counts.unknown == landed.counts.absent == ()
