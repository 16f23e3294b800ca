"""First source files from samples: what is recognised, what waits for a person, and that no person's value gets in."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.authoring.drafting.asked import ask_file, ask_system, file_pattern
from connectors.authoring.drafting.columns import columns_of
from connectors.authoring.drafting.draft import Draft, draft
from connectors.landing.sample import Sample, records_of
from connectors.source.guess import few_values, guess
from connectors.source.persons import named_like_a_person, shaped_like_a_person
from connectors.source.proof import check_source, check_sources
from connectors.source.source import Source
from connectors.source.source_files import load_source, read_form
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection

TODAY = date(2026, 11, 21)
PEOPLE = ("Siti Contohwan", "Budi Contohnya", "Joko bin Contoh", "Rina Contoh", "Tono Contoh", "Wati Contoh")
CSV = "Terminal;Bulan;Penumpang;Pendapatan (Rp);Sopir;Kontak;Nomor;NIK Kepala;Tanggal Lapor;Status;Kode\n" + "".join(
    f"{('Tenggarong', 'Sangatta')[nth % 2]};{nth // 2 + 1};{nth + 1}.234;{nth}.567,50;{PEOPLE[nth]};{PEOPLE[nth][:4]};"
    f"000123456789{nth};996402010123000{nth};{nth + 13:02d}/01/2024;{('Lengkap', 'Kurang')[nth % 2]};64.0{nth}\n"
    for nth in range(6)
)


def drafted(tmp_path: Path, name: str, content: str | bytes) -> tuple[Draft, Source]:
    sample = tmp_path / name
    sample.write_bytes(content if isinstance(content, bytes) else content.encode())
    made = draft("dinas_contoh", "contoh", ask_file(sample), TODAY)
    target = tmp_path / "sources" / "dinas_contoh" / "contoh.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(made.text)
    found = read_form(target)
    assert isinstance(found, Source), found
    return made, found


def test_a_csv_file_becomes_a_source(tmp_path: Path) -> None:
    made, source = drafted(tmp_path, "penumpang_2024.csv", CSV)
    columns = source.contract.columns
    assert (source.protocol, source.args) == (
        "files.csv", {"pattern": r"penumpang_(?P<tahun>\d{4})\.csv", "delimiter": ";"},
    )  # fmt: skip
    assert (source.coverage.from_, source.coverage.grain) == ("tahun", "year")
    assert {name: (column.type, column.locale, column.format) for name, column in columns.items()} == {
        "tahun": ("integer", None, None),
        "terminal": ("string", None, None),
        "bulan": ("integer", None, None),
        "penumpang": ("integer", "id", None),
        "pendapatan_rp": ("decimal(9,2)", "id", None),
        "sopir": ("string", None, None),
        "kontak": ("string", None, None),
        "nomor": ("string", None, None),
        "nik_kepala": ("string", None, None),
        "tanggal_lapor": ("date", None, "%d/%m/%Y"),
        "status": ("string", None, None),
        "kode": ("string", None, None),
    }
    assert columns["kode"].pattern == r"^\d{2}\.\d{2}$"
    assert columns["status"].values == ("Kurang", "Lengkap")
    assert [name for name, column in columns.items() if column.dropped] == ["sopir", "kontak", "nik_kepala"]
    assert source.contract.key == ("nomor",)
    assert columns["nomor"].kind == "bpjs"
    assert columns["nomor"].pseudonym, "a key must be landed, and this one looks like a BPJS number"
    assert (source.assertions.rows.min, source.assertions.rows.max) == (4, 12)
    assert columns["penumpang"].unit == "TODO"
    assert made.open_points > 8


def test_p6_numbers_of_persons_are_known_where_json_gives_them_as_numbers() -> None:
    sample = Sample()
    sample.add(records_of(b'[{"berkas": 9964020101230001}, {"berkas": 9964020101230002}]'))
    [column] = columns_of(sample, 2)
    assert (column.guess.type, column.person[:11]) == ("bigint", "values look")


def test_p6_no_value_of_a_person_is_in_a_draft(tmp_path: Path) -> None:
    made, _ = drafted(tmp_path, "penumpang.csv", CSV)
    held = [*PEOPLE, *(person[:4] for person in PEOPLE), "99640201", "00012345"]
    assert [value for value in held if value in made.text] == []


def test_a_draft_waits_for_a_person_and_then_passes(tmp_path: Path) -> None:
    made, source = drafted(tmp_path, "penumpang.csv", CSV)
    problems = check_sources(tmp_path / "sources")
    assert len(problems) == made.open_points
    assert problems[0].where == "line 2"
    assert "waits for a person: title: TODO" in problems[0].what
    file = tmp_path / "sources" / "dinas_contoh" / "contoh.yaml"
    assert check_source(file, source) == []
    with pytest.raises(ConfigError, match=r"waits for a person.*line 2") as refused:
        load_source(file)
    assert "\n" not in str(refused.value)
    file.write_text(made.text.replace("TODO", "decided"))
    assert load_source(file).id == "contoh"


def test_a_json_answer_becomes_a_source(tmp_path: Path) -> None:
    answer = """{"meta": {"n": 3}, "data": {"rows": [
        {"kabupatenKode": 6402, "tahun": 2024, "period": {"start": "2024-01-01T00:00:00Z"}, "list": [1], "n": 1.25},
        {"kabupatenKode": 6403, "tahun": 2024, "period": {"start": "2024-01-02T00:00:00Z"}, "list": [1], "n": -2},
        {"kabupatenKode": 6404, "tahun": 2024, "period": null, "list": [], "n": null}]}}"""
    _, source = drafted(tmp_path, "answer.json", answer)
    columns = source.contract.columns
    assert (source.protocol, source.args["records"]) == ("rest", "$.data.rows")
    assert source.contract.key == ("kabupaten_kode",)
    assert columns["kabupaten_kode"].pattern == r"^\d{4}$"
    assert (columns["period_start"].type, columns["period_start"].from_) == ("timestamp", "$.period.start")
    assert (columns["n"].type, columns["n"].min) == ("decimal(6,2)", None)
    assert source.contract.ignore == ("list",)
    assert source.coverage.from_ == "tahun"


def test_records_that_are_arrays_get_positions(tmp_path: Path) -> None:
    _, source = drafted(tmp_path, "markers.json", '{"markers": [["A", 1], ["B", 2]]}')
    assert {name: column.position for name, column in source.contract.columns.items()} == {"kolom_0": 0, "kolom_1": 1}


def test_a_workbook_with_a_title_above_its_header(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["LAPORAN TERMINAL"], [], ["Terminal", "Bulan", "Tanggal"], ["A", 1, date(2024, 1, 31)],
                ["B", 1, date(2024, 1, 30)]):  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    _, source = drafted(tmp_path, "book.xlsx", (tmp_path / "book.xlsx").read_bytes())
    assert source.args == {"pattern": r"book\.xlsx", "dates_as": "%d/%m/%Y", "header_row": 3}
    assert source.contract.columns["tanggal"].format == "%d/%m/%Y"


def test_a_file_of_an_older_windows(tmp_path: Path) -> None:
    _, source = drafted(tmp_path, "a.csv", "nama_desa,n\nDésa,1\nDua,2\n".encode("cp1252"))
    assert source.args["encoding"] == "cp1252"


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [("a.csv", "", SourceError), ("a.json", "{", ConfigError), ("a.json", '{"a": 1}', ConfigError),
     ("a.txt", "x", ConfigError), ("a.csv", "a,b\n", SourceError)],
    ids=["no header", "no JSON", "no records", "another kind", "no rows"],
)  # fmt: skip
def test_p10_what_is_no_sample_is_refused_in_one_line(
    tmp_path: Path, name: str, content: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        drafted(tmp_path, name, content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "numbers", "expected"),
    [(["1", "22"], False, {"type": "integer"}), (["0123", "0456"], False, {"pattern": r"^\d{4}$"}),
     ([*map(str, range(10, 60)), "07"], False, {"pattern": r"^\d{2}$"}), (["0", "10", "7"], False, {"type": "integer"}),
     (["0.5", "10.25"], False, {"type": "decimal(7,2)"}),
     (["0,125", "1,250"], False, {"type": "decimal(7,3)", "locale": "id"}),
     (["1,234", "12,000"], False, {"type": "integer", "locale": "en"}),
     (["12345678", "22345678"], False, {"pattern": r"^\d{8}$"}), (["1.5", "22.25"], True, {"type": "decimal(7,2)"}),
     (["1.234,5", "12"], False, {"type": "decimal(8,1)", "locale": "id"}),
     (["1,234.5", "12,000"], False, {"type": "decimal(9,1)", "locale": "en"}),
     (["2024-01-31"], False, {"type": "date"}), (["31/01/2024"], False, {"type": "date", "format": "%d/%m/%Y"}),
     (["1/31/2024"], False, {"type": "date", "format": "%m/%d/%Y"}), (["true", "FALSE"], False, {"type": "boolean"}),
     (["2024-01-31T07:00:00+07:00"], False, {"type": "timestamp"}),
     (["2024-01-31 07:00:00"], False, {"type": "timestamp", "timezone": "Asia/Jakarta"}),
     (["teks", "lain"], False, {}), (["64.02", "62.x"], False, {}), ([""], False, {})],
    ids=str,
)  # fmt: skip
def test_guesses(values: list[str], numbers: bool, expected: dict[str, Any]) -> None:
    found = guess(values, numbers=numbers)
    told = {key: getattr(found, key) for key in ("type", "locale", "format", "timezone", "pattern")}
    assert told == {"type": "string", "locale": None, "format": None, "timezone": None, "pattern": None} | expected


def test_what_can_be_read_two_ways_is_left_to_a_person() -> None:
    assert "thousands mark" in guess(["1.234", "2.345"]).doubt
    assert "thousands mark" in guess(["1,234", "12,000"]).doubt
    assert "%m/%d/%Y fits" in guess(["03/04/2024"]).doubt
    assert guess(["31/01/2024"]).doubt == ""


@pytest.mark.parametrize(
    ("values", "what"),
    [(["9964020101230001"], "NIK"), (["99.640.201.0-123.000"], "NPWP"), (["0001234567890"], "BPJS"),
     (["+62 812 3456 7890"], "telephone"), (["siti@contoh.id"], "e-mail"), (PEOPLE, "name"),
     (["Kab. Kutai", "Kota Bontang", "Kab. Berau", "Kota Malang", "Kab. Paser"], None), (["64.02"], None)],
    ids=["nik", "npwp", "bpjs", "phone", "mail", "names", "regions", "codes"],
)  # fmt: skip
def test_values_that_look_like_persons(values: list[str], what: str | None) -> None:
    found = shaped_like_a_person(values)
    assert (found is None) if what is None else (found is not None and what in found)


@pytest.mark.parametrize(
    ("name", "pattern", "groups"),
    [("a_2024-08.csv", r"a_(?P<bulan>\d{4}-\d{2})\.csv", {"bulan": "2024-08"}), ("b.csv", r"b\.csv", {}),
     ("64.02_2024.xlsx", r"64\.02_(?P<tahun>\d{4})\.xlsx", {"tahun": "2024"})],
)  # fmt: skip
def test_periods_in_file_names(name: str, pattern: str, groups: dict[str, str]) -> None:
    assert file_pattern(name) == (pattern, groups)


def test_plain_numbers_are_read_as_their_neighbours_are(tmp_path: Path) -> None:
    _, source = drafted(tmp_path, "a.csv", 'kode,a,b\n1,"1,234.5",12.5\n2,"2,345.5",13.5\n')
    assert [column.locale for column in source.contract.columns.values()] == [None, "en", "en"]


def test_what_hardly_any_row_says_is_no_choice() -> None:
    assert few_values(["a"] * 2000 + ["b"] * 2000 + ["a?"]) == ("a", "b")
    assert few_values(["a"] * 10) == ()


def test_the_draft_is_yaml_whatever_the_fields_are_called(tmp_path: Path) -> None:
    text = 'yes,"a: b","# c","{d}",1\n1,2,3,4,5\n2,3,4,5,6\n'
    made, source = drafted(tmp_path, "odd.csv", text)
    assert yaml.safe_load(made.text)["id"] == "contoh"
    assert [column.from_ or name for name, column in source.contract.columns.items()] == [
        "yes",
        "a: b",
        "# c",
        "{d}",
        "1",
    ]


def test_one_leading_zero_is_enough_for_a_code(tmp_path: Path) -> None:
    rows = "".join(f"35,07,{nth:02d},Kec {nth},{1000 + nth}\n" for nth in range(1, 31))
    _, source = drafted(tmp_path, "kec.csv", f"prov,kab,kec,wilayah_kerja,penduduk\n{rows}")
    types = {name: column.type for name, column in source.contract.columns.items()}
    assert types == {
        "prov": "string",
        "kab": "string",
        "kec": "string",
        "wilayah_kerja": "string",
        "penduduk": "integer",
    }


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("wilayah", ["3507", "3573"], True),
        ("kecamatan", ["3507010", "3507020"], True),
        ("desa_kemendagri", ["3507012001", "3507012002"], True),
        ("kabupaten", ["35.07", "35.73"], True),
        ("provinsi", ["35", "64"], True),
        ("kbli", ["47111", "1111"], True),
        ("kode_pos", ["65111", "65112"], True),
        ("desa", ["12", "15"], False),
        ("kecamatan", ["5", "33"], False),
        ("luas_wilayah", ["3507", "3573"], False),
        ("wilayah", ["3507", "12"], False),
        ("penduduk", ["3507", "3573"], False),
    ],
)
def test_codes_of_regions_and_statistics_are_text(name: str, values: list[str], text: bool) -> None:
    sample = Sample()
    sample.add([{name: value} for value in values])
    [column] = columns_of(sample, len(values))
    assert (column.guess.type == "string") is text


@pytest.mark.parametrize(
    ("name", "named"),
    [("No KK", True), ("kk", True), ("nik_jumlah", True), ("Jumlah KK", False), ("Jml KK", False), ("persen_kk", False),
     ("totalKk", False), ("banyaknya_hp", False), ("jumlah", False)],
)  # fmt: skip
def test_how_many_there_are_is_no_person(name: str, named: bool) -> None:
    assert named_like_a_person([name]) is named


def test_rows_that_do_not_fit_the_header_are_told(tmp_path: Path) -> None:
    made, source = drafted(tmp_path, "a.csv", "kode,nilai\nA,1\nB,2,3\nC,3\nD\n")
    assert "# TODO 2 of 4 rows do not fit the header (row 3 has 3 fields, the header has 2)" in made.text
    assert source.contract.columns["nilai"].type == "integer"


def test_p10_a_header_that_no_row_fits_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="row 2 has 3 fields, the header has 2"):
        drafted(tmp_path, "a.csv", "kode,nilai\nA,1,2\nB,2,3\n")


@pytest.mark.parametrize("word", ["Jumlah", "TOTAL", "Grand Total", "Rata-rata"])
def test_a_total_is_told_and_no_record_of_the_sample(tmp_path: Path, word: str) -> None:
    rows = "".join(f"{nth},35.{nth:02d},{nth}\n" for nth in range(1, 21))
    made, source = drafted(tmp_path, "a.csv", f"no,wilayah,nilai\n{rows},{word},210\n")
    assert f"# TODO record 21 of 21 begins like a total ([{word}])" in made.text
    assert source.contract.columns["wilayah"].pattern == r"^\d{2}\.\d{2}$"


def test_records_that_say_sums_are_records(tmp_path: Path) -> None:
    rows = "".join(f"{kind},{nth}\n" for nth in range(6) for kind in ("Jumlah", "Laki", "Perempuan"))
    made, _ = drafted(tmp_path, "a.csv", f"jenis,nilai\n{rows}")
    assert "begins like a total" not in made.text


def test_a_sample_is_read_with_the_arguments_that_are_given(tmp_path: Path) -> None:
    sample = tmp_path / "a.csv"
    sample.write_text("JUDUL,,\nkode,L,P,L,P\nA,1,2,3,4\n")
    asked = ask_file(sample, {"header_row": 2, "repeated": "by_left"})
    assert (asked.args["header_row"], asked.args["repeated"], asked.rows) == (2, "by_left", 1)


def test_a_header_with_one_name_twice_is_named_by_the_left_and_said(tmp_path: Path) -> None:
    made, source = drafted(tmp_path, "a.csv", "kode,L,%,P,%\nA,1,2,3,4\nB,2,3,4,5\n")
    assert source.args["repeated"] == "by_left"
    assert "# TODO the header gives one name to several columns" in made.text


def test_a_semicolon_is_seen_over_a_connection_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("kode;nilai\nA;1,5\nB;2,5\n")
    link = Connection(url=tmp_path.as_uri())
    asked = ask_system("files.csv", {"pattern": r"a\.csv"}, "contoh", link, ())
    assert (asked.args["delimiter"], asked.rows, asked.sample.order) == (";", 2, ("kode", "nilai"))
    stated = ask_system("files.csv", {"pattern": r"a\.csv", "delimiter": ","}, "contoh", link, ())
    assert "nilai" not in stated.sample.order


def test_p6_a_name_in_the_key_waits_for_the_form_of_its_pseudonym(tmp_path: Path) -> None:
    rows = "".join(f"{name},{nth % 2}\n" for nth, name in enumerate(PEOPLE))
    made, source = drafted(tmp_path, "a.csv", f"nama,nilai\n{rows}")
    assert source.contract.columns["nama"].pattern == "^TODO$"
    assert not any(name in made.text for name in PEOPLE)
