"""The page as text: a figure is not to be taken for more than it is."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from definitions.indicators import all_indicators
from definitions.tables import definition_tables
from publication import pointer
from publication.build import Published, publish
from publication.content import Content
from publication.page.comparison import comparison
from publication.paths import region_page
from tests.publication.readable import page_of, readable
from tests.publication.sample_meta import sample_meta

MALANG = "35.07"
KUTAI = "64.02"


@pytest.fixture(scope="module")
def malang(published: Published) -> str:
    return page_of(published, MALANG)


@pytest.fixture
def changed(sample_file: Path, tmp_path: Path) -> Callable[..., Published]:
    """The sample published after some statements."""

    def change(*statements: str) -> Published:
        warehouse = Path(shutil.copy(sample_file, tmp_path / "changed.duckdb"))
        with duckdb.connect(str(warehouse)) as connection:
            for statement in statements:
                connection.execute(statement)
        return publish(warehouse, sample_meta(), tmp_path / "out")

    return change


def test_the_estimate_names_the_years_of_its_data(malang: str, published: Published) -> None:
    indonesian, english = readable(malang, "id"), readable(malang, "en")

    assert "Perkiraan platform ini menurut aturan 2023" in indonesian
    assert "datanya dari tahun 2021 (4 pertanyaan) dan 2024 (2)" in indonesian
    assert "This platform's estimate under the rules of 2023" in english
    assert "its data are of the years 2021 (4 questions) and 2024 (2)" in english
    assert "data 2021, 2024" in readable(first(published), "id", "kelompok-1-tabel")


def first(published: Published) -> str:
    return (published.path / "index.html").read_text(encoding="utf-8")


def test_every_score_that_rests_on_simulated_records_is_marked(
    malang: str, changed: Callable[..., Published], published: Published
) -> None:
    with duckdb.connect(str(published.path / "marts.duckdb"), read_only=True) as connection:
        asked = "SELECT count(*) FROM scores.pillar_scores WHERE synthetic AND score IS NOT NULL"
        simulated = connection.execute(asked).fetchall()[0][0]
        estimates = len(connection.execute("FROM scores.index_scores WHERE basis = 'computed'").fetchall())
    table = readable(first(published), "id", "kelompok-1-tabel")

    assert table.count("data simulasi") == simulated + estimates + 1
    assert "◇ dan ◈: dari catatan simulasi" in table
    assert "4,00Kehidupan cerdas" in readable(malang, "id")

    real = changed(*(f"UPDATE scores.{table} SET synthetic = false" for table in ("pillar_scores", "index_scores")))
    assert "data simulasi" not in readable(first(real), "id", "kelompok-1-tabel")


def test_a_score_of_few_questions_does_not_look_like_one_of_all(changed: Callable[..., Published]) -> None:
    few = "UPDATE scores.pillar_scores SET score = 4, questions_scored = {}, questions_total = 6 WHERE pillar = '{}'"
    page = page_of(changed(few.format(1, "economy"), few.format(6, "living")), MALANG)

    tiles = re.findall(r'<a class="tile([^"]*)" href="#pilar-(\w+)">(.*?)</a>', page, re.S)
    shown = {pillar: (kind, drawn) for kind, pillar, drawn in tiles}
    assert "few" in shown["economy"][0]
    assert "few" not in shown["living"][0]
    assert 'stroke-dasharray="17 100"' in shown["economy"][1]
    assert 'stroke-dasharray="100 100"' in shown["living"][1]
    assert "1 dari 6" in readable(page, "id")
    assert "◌ kurang dari seperempat pertanyaan dinilai" in readable(page, "id", "pilar-economy")
    assert "seperempat" not in readable(page, "id", "pilar-living")


def test_simulated_counts_are_not_passed_off_as_the_published_ones(malang: str) -> None:
    indonesian, english = readable(malang, "id"), readable(malang, "en")

    assert "angka terbit 6,15%, 9.522 dari 154.791 (Satu Data Kabupaten Malang)" in indonesian
    assert "published figure 6.15%, 9,522 of 154,791 (Satu Data Kabupaten Malang)" in english
    assert "jumlah di baliknya tidak" in readable(malang, "id", "tanda")
    assert "totalnya" not in indonesian
    assert "Rp4,25 triliun dari Rp4,80 triliun (simulasi)" in readable(malang, "id", "pilar-governance")


def test_why_a_proxy_is_one_is_said_in_both_languages(published: Published) -> None:
    page = page_of(published, KUTAI)

    assert "Pertanyaan ini menanyakan inovasi" in readable(page, "id")
    assert "The question asks for innovations" not in readable(page, "id")
    assert "The question asks for innovations" in readable(page, "en")


def test_proxies_and_definitions_are_whole_in_both_languages() -> None:
    for row in definition_tables()["questions"]:
        assert bool(row["relation_note"]) == bool(row["relation_note_id"]) == (row["relation"] == "proxy"), row
    definitions = {indicator.id: indicator.definition.id for _, indicator in all_indicators()}

    assert "bukan persentase perempuan menurut survei" in definitions["liv_births_health_worker"]
    assert "jumlah realisasi dibagi jumlah anggaran" in definitions["gov_apbd_realisation"]


def test_what_is_computed_and_what_is_quoted_is_said(malang: str) -> None:
    assert "Indeks asesor dikutip apa adanya dari hasil penilaian asesor" in readable(malang, "id", "dasar")
    assert "as the assessors gave it" in readable(malang, "en", "dasar")
    assert (
        "Outcome dihitung dari indikator (6 dari 33 pertanyaan; yang lain tidak ikut); "
        "5 dari 6 dimensi dikutip dari asesor"
    ) in readable(malang, "id")


def test_an_improvement_shows_what_it_is_counted_from(malang: str) -> None:
    assert (
        "Peningkatan +0,44 terhadap tahun 2022. Hasil 2022 terbit sebagai 2,51; "
        "aturan peningkatan menjumlahkannya lagi tanpa pembulatan di tengah, menjadi 2,50. 2,94 − 2,50 = +0,44."
    ) in readable(malang, "id")
    assert "sums it again without rounding in between, to 2.50. 2.94 − 2.50 = +0.44." in readable(malang, "en")


def test_a_score_lost_to_anothers_newer_year_names_the_last_known_value(
    changed: Callable[..., Published], malang: str
) -> None:
    told = "dinilai untuk tahun 2022, tahun terbaru yang ada pada salah satu daerah; daerah ini terakhir 10,50% (2021)"
    assert "tahun terbaru yang ada pada salah satu daerah;" not in readable(malang, "id")

    there = changed(
        "INSERT INTO candidate.mart_economy BY NAME (SELECT * REPLACE ('2022' AS period)"
        " FROM candidate.mart_economy WHERE indicator_id = 'eco_poverty_p0' AND region_code = '64.02')",
        "UPDATE scores.question_scores SET period = '2022'"
        " WHERE indicator_id = 'eco_poverty_p0' AND region_code = '64.02'",
        "UPDATE scores.question_scores SET period = NULL, value = NULL, score = NULL, state = 'missing', batch_ids = []"
        " WHERE indicator_id = 'eco_poverty_p0' AND region_code = '35.07'",
    )
    page = page_of(there, MALANG)

    assert readable(page, "id").count(told) == 2
    assert "this region's last is 10.50% (2021)" in readable(page, "en")
    assert "tahun terbaru yang ada pada salah satu daerah;" not in readable(page_of(there, KUTAI), "id")
    assert "Tahun yang dinilai adalah tahun terbaru" in readable(page, "id")


def test_what_was_sent_without_its_parts_is_not_called_unsent(changed: Callable[..., Published]) -> None:
    batch = "0193a1b0-0000-7000-8000-000000000001"
    there = changed(
        "DELETE FROM candidate.mart_environment WHERE indicator_id = 'env_recycling_rate' AND region_code = '35.07'"
        " AND value IS NOT NULL",
        "UPDATE candidate.mart_environment SET state = 'missing', value = NULL, numerator = NULL, denominator = NULL,"
        f" batch_ids = ['{batch}'] WHERE indicator_id = 'env_recycling_rate' AND region_code = '35.07'",
        "INSERT INTO scores.findings BY NAME (SELECT * REPLACE ('published_without_parts' AS rule,"
        f" '35.07' AS region_code, '{batch}' AS batch_id) FROM scores.findings WHERE finding_id = '1')",
    )

    told = "◐ terkirim tanpa pembilang/penyebut yang lengkap"
    assert told in readable(page_of(there, MALANG), "id", "pilar-environment")
    assert told not in readable(page_of(there, KUTAI), "id", "pilar-environment")


def test_every_finding_of_a_region_is_counted_and_what_is_left_out_is_said(changed: Callable[..., Published]) -> None:
    more = "INSERT INTO scores.findings BY NAME (SELECT * REPLACE ('more-{0}' AS finding_id, '{0}' AS published)"
    more += " FROM scores.findings WHERE finding_id = '3')"
    page = page_of(changed(*(more.format(nth) for nth in range(4))), KUTAI)

    assert "5 bagian melebihi keseluruhannya" in readable(page, "id", "perhatian")
    assert "dan 2 lagi, yang tidak disebut di sini" in readable(page, "id", "perhatian")
    assert "and 2 more that are not named here" in readable(page, "en", "perhatian")


def test_a_region_is_told_what_of_it_is_held_late_or_found(published: Published, malang: str) -> None:
    told = readable(malang, "id", "perhatian")

    assert "‖ ditahan Promosi daerah cerdas sejak 10 Januari 2025" in told
    assert "‖ ditahan kiriman OSS-RBA, DPMPTSP" in told
    assert "menyusut 52% terhadap kiriman sebelumnya" in told
    assert "kode_rekening 5.1 presentase, 2023: 12311, dihitung 123,11" not in told
    assert "kode_rekening 5.1 presentase, 2023: 12311, dihitung 123,11" in readable(
        page_of(published, KUTAI), "id", "perhatian"
    )


def test_what_would_raise_a_score_is_said_with_what_is_lacking_and_whose_it_is(published: Published) -> None:
    told = readable(page_of(published, KUTAI), "id")
    assert "Naik ke skor 4: Indeks SPBE 3,50, kurang 0,09 poin, penanggung jawab Diskominfo" in told
    assert "kurang 1,20 poin (pembilangnya perlu bertambah 6, kini 494), penanggung jawab Dinas Kesehatan" in told
    assert "Persentase penduduk miskin (P0) 5,00%, harus turun" in told
    assert "up to score" in readable(page_of(published, KUTAI), "en").lower()


def test_the_publication_before_is_compared_with(sample_file: Path, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(sample_file, tmp_path / "changed.duckdb"))
    first_one = publish(warehouse, sample_meta(), tmp_path / "out")
    assert "Belum ada yang berubah sejak terbitan pertama" in readable(page_of(first_one, MALANG), "id", "perubahan")
    pointer.swap(tmp_path / "out", first_one.id)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "UPDATE scores.pillar_scores SET score = 3.5, questions_scored = questions_scored + 1"
            " WHERE region_code = '35.07' AND pillar = 'living'"
        )
    later = sample_meta().model_copy(update={"created_at": sample_meta().created_at + timedelta(days=1)})
    second = publish(warehouse, later, tmp_path / "out")

    told = readable(page_of(second, MALANG), "id", "perubahan")
    assert "Terbitan 16 Januari 2025, 09.00 WIB, dibanding terbitan 15 Januari 2025, 09.00 WIB" in told
    assert "▼turun Kehidupan cerdas 4,00 → 3,50" in told
    assert "pertanyaan dinilai" in told
    # A region of which nothing changed keeps its page.
    assert (second.path / region_page(KUTAI)).samefile(first_one.path / region_page(KUTAI))


def test_one_region_alone_is_where_the_first_page_leads(sample_file: Path, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(sample_file, tmp_path / "one.duckdb"))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("DELETE FROM seeds.regions WHERE region_code <> '64.02'")
    page = first(publish(warehouse, sample_meta(), tmp_path / "out"))

    assert '<meta http-equiv="refresh" content="0; url=daerah/64.02.html">' in page
    assert '<a href="daerah/64.02.html">' in page
    assert "Perbandingan" not in page


def test_regions_stand_in_the_order_of_their_index_with_their_rank_where_it_is_known(content: Content) -> None:
    sure = [
        {"region_code": code, "rule_set_id": "2023-kppn-ikn", "basis": "reported", "rank": rank, "rank_best": 1,
         "rank_worst": 2, "regions_ranked": 3}
        for code, rank in (("35.07", 1), ("64.02", 2))
    ]  # fmt: skip
    [cohort] = comparison(replace(content, sureness=sure)).cohorts
    assert [line.name for line in cohort.lines] == [
        "Kabupaten Malang", "Kabupaten Kutai Kartanegara", "Kabupaten Kotawaringin Timur",
    ]  # fmt: skip
    ranks = [line.reported.rank for line in cohort.lines if line.reported is not None]
    assert [rank and (rank.place, rank.of, rank.best, rank.worst) for rank in ranks] == [
        (1, 3, 1, 2), (2, 3, 1, 2), None,
    ]  # fmt: skip
    assert [one.name.id for one in cohort.spreads][:2] == ["Indeks asesor", "Perkiraan hitung"]
    assert all(len(one.dots) in (2, 3) for one in cohort.spreads)


@pytest.mark.parametrize("language", ["id", "en"])
def test_no_separator_stands_alone(published: Published, language: str) -> None:
    for path in sorted(published.path.rglob("*.html")):
        told = readable(path.read_text(encoding="utf-8"), language)
        assert not re.search(r"[^…] [,;.]( |$)|[,;:] ?[,;.]|· ?·|\(\)|\( | \)", told), path.name
