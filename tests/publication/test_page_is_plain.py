"""The page as text: a figure is not to be taken for more than it is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from definitions.indicators import all_indicators
from definitions.tables import definition_tables
from publication.build import Published, publish
from tests.publication.readable import readable
from tests.publication.sample_meta import sample_meta

MALANG = "daerah-35-07"
KUTAI = "daerah-64-02"


@pytest.fixture(scope="module")
def html(published: Published) -> str:
    return (published.path / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def changed(sample_file: Path, tmp_path: Path) -> Callable[..., str]:
    """The page of the sample after some statements."""

    def change(*statements: str) -> str:
        warehouse = Path(shutil.copy(sample_file, tmp_path / "changed.duckdb"))
        with duckdb.connect(str(warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)
        return (publish(warehouse, sample_meta(), tmp_path / "out").path / "index.html").read_text(encoding="utf-8")

    return change


def test_the_estimate_names_the_years_of_its_data(html: str) -> None:
    indonesian, english = readable(html, "id", MALANG), readable(html, "en", MALANG)

    assert "perkiraan platform ini menurut aturan 2023" in indonesian
    assert "datanya dari tahun 2021 (4 pertanyaan) dan 2024 (2)" in indonesian
    assert "this platform's estimate under the rules of 2023" in english
    assert "its data are of the years 2021 (4 questions) and 2024 (2)" in english
    assert "data 2021, 2024" in readable(html, "id", "ringkasan-tabel")


def test_every_score_that_rests_on_simulated_records_is_marked(
    html: str, changed: Callable[..., str], published: Published
) -> None:
    with duckdb.connect(str(published.path / "marts.duckdb"), read_only=True) as connection:
        asked = "SELECT count(*) FROM scores.pillar_scores WHERE synthetic AND score IS NOT NULL"
        simulated = connection.execute(asked).fetchall()[0][0]
        estimates = len(connection.execute("FROM scores.index_scores WHERE basis = 'computed'").fetchall())

    assert readable(html, "id", "ringkasan-tabel").count("data simulasi") == simulated + estimates + 1
    assert "◇ dan ◈: dari catatan simulasi" in readable(html, "id", "ringkasan-tabel")
    assert "4,00Living◇ data simulasi" in readable(html, "id", MALANG)

    real = changed(*(f"UPDATE scores.{table} SET synthetic = false" for table in ("pillar_scores", "index_scores")))
    assert "data simulasi" not in readable(real, "id", "ringkasan-tabel")


def test_simulated_counts_are_not_passed_off_as_the_published_ones(html: str) -> None:
    indonesian, english = readable(html, "id"), readable(html, "en")

    assert "angka terbit 6,15%, 9.522 dari 154.791 (Satu Data Kabupaten Malang)" in indonesian
    assert "published figure 6.15%, 9,522 of 154,791 (Satu Data Kabupaten Malang)" in english
    assert "jumlah di baliknya tidak" in indonesian
    assert "totalnya" not in indonesian
    assert "Rp4,25 triliun dari Rp4,80 triliun (simulasi)" in indonesian


def test_why_a_proxy_is_one_is_said_in_both_languages(html: str) -> None:
    indonesian, english = readable(html, "id", KUTAI), readable(html, "en", KUTAI)

    assert "Pertanyaan ini menanyakan inovasi" in indonesian
    assert "The question asks for innovations" not in indonesian
    assert "The question asks for innovations" in english


def test_proxies_and_definitions_are_whole_in_both_languages() -> None:
    for row in definition_tables()["questions"]:
        assert bool(row["relation_note"]) == bool(row["relation_note_id"]) == (row["relation"] == "proxy"), row
    definitions = {indicator.id: indicator.definition.id for _, indicator in all_indicators()}

    assert "bukan persentase perempuan menurut survei" in definitions["liv_births_health_worker"]
    assert "jumlah realisasi dibagi jumlah anggaran" in definitions["gov_apbd_realisation"]


def test_what_is_computed_and_what_is_taken_over_is_said(html: str) -> None:
    assert "Setiap skor" not in readable(html, "id", "dasar")
    assert "Indeks asesor diambil alih dari asesor" in readable(html, "id", "dasar")
    assert "taken over from assessors" in readable(html, "en", "dasar")
    assert (
        "Outcome dihitung dari indikator (6 dari 33 pertanyaan; yang lain tidak ikut); "
        "5 dari 6 dimensi diambil alih dari asesor"
    ) in readable(html, "id", MALANG)


def test_an_improvement_shows_what_it_is_counted_from(html: str) -> None:
    indonesian, english = readable(html, "id", MALANG), readable(html, "en", MALANG)

    assert "peningkatan +0,44 dari 2,51 (2022). Menurut aturannya" in indonesian
    assert "2,94 − 2,50 = +0,44." in indonesian
    assert "summed again without rounding in between: 2.94 − 2.50 = +0.44." in english


def test_a_score_lost_to_anothers_newer_year_names_the_last_known_value(changed: Callable[..., str], html: str) -> None:
    told = "dinilai untuk tahun 2022, tahun terbaru yang ada pada salah satu daerah; daerah ini terakhir 10,50% (2021)"
    assert "tahun terbaru yang ada pada salah satu daerah;" not in readable(html, "id")

    page = changed(
        "INSERT INTO candidate.mart_economy BY NAME (SELECT * REPLACE ('2022' AS period)"
        " FROM candidate.mart_economy WHERE indicator_id = 'eco_poverty_p0' AND region_code = '64.02')",
        "UPDATE scores.question_scores SET period = '2022'"
        " WHERE indicator_id = 'eco_poverty_p0' AND region_code = '64.02'",
        "UPDATE scores.question_scores SET period = NULL, value = NULL, score = NULL, state = 'missing', batch_ids = []"
        " WHERE indicator_id = 'eco_poverty_p0' AND region_code = '35.07'",
    )

    assert readable(page, "id", MALANG).count(told) == 2
    assert "this region's last is 10.50% (2021)" in readable(page, "en", MALANG)
    assert "tahun terbaru" not in readable(page, "id", KUTAI)
    assert "Tahun yang dinilai adalah tahun terbaru" in readable(page, "id", "isi")


def test_sources_tell_why_rows_were_refused_and_what_a_reader_must_know(html: str) -> None:
    indonesian, english = readable(html, "id", "mutu"), readable(html, "en", "mutu")

    assert "15 baris: aturan range, kolom tinggi" in indonesian
    assert "15 rows: rule range, field tinggi" in english
    assert "Sel kosong bukan angka." in indonesian
    assert "A blank cell is no figure." in english
