"""The health profile of East Java 2025 through ordinary source files: 196 columns of percentages in 38 of its tables.

Nearly every percentage follows from its parts to its last printed digit, and the content is impossible all the same.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from connectors.pull.course import BatchOutcome, PullOutcome, pull
from connectors.source.proof import check_sources
from connectors.source.source_files import load_sources
from ledger.errors import SourceError
from ledger.regions import find
from ledger.settings import Connection, Settings
from pilar.evaluation.findings import write_findings
from tests.real.evaluated import ask, code, evaluated_from
from tests.real.house import House
from tests.real.profile_2025 import FOLDER, YEAR, shares, source_id, write_sources

pytestmark = pytest.mark.real

# Percentages with both parts, of 38 places. Of 239 more a part is blank, or the denominator is nought.
JUDGED = 7209


@dataclass(frozen=True)
class Profile:
    """What the pulls came to, and an evaluation's file over what they landed."""

    pulled: Mapping[str, PullOutcome]
    path: Path

    def ask(self, query: str) -> list[tuple[object, ...]]:
        return ask(self.path, query)


@pytest.fixture(scope="module")
def profile(house: House, real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Profile:
    folder = tmp_path_factory.mktemp("profile")
    write_sources(folder / "sources", real_data)
    assert [str(problem) for problem in check_sources(folder / "sources")] == []
    sources = load_sources(folder / "sources")
    outcomes = {table: pull(sources[source_id(table)], house.ledger, house.settings) for table in shares()}
    regions = find("provinsi Jawa Timur")
    path = evaluated_from(house.ledger, house.settings, sources, "living", regions, folder / "e.duckdb")
    write_findings(path, {name: source.opd for name, source in sources.items()})
    return Profile(outcomes, path)


def test_p1_every_place_of_every_table_lands(profile: Profile) -> None:
    batches: dict[str, BatchOutcome] = {table: outcome.batches[0] for table, outcome in profile.pulled.items()}
    assert {(batch.status, batch.received, batch.landed) for batch in batches.values()} == {("accepted", 38, 38)}
    places = "select indicator, count(distinct region_code) from records.published_figure group by all"
    figures = dict(profile.ask(places))
    assert figures == {share.figure: 38 for own in shares().values() for share in own}
    assert len(figures) == 196


def test_all_percentages_follow_to_the_last_printed_digit_but_three_that_were_typed(profile: Profile) -> None:
    """Table 39, first visits of newborns, boys (L) and girls (P) apart: 82.9 was typed where 82.9222 follows."""
    judged = "select count(*) from records.published_figure where value is not null and numerator is not null"
    assert profile.ask(f"{judged} and denominator > 0") == [(JUDGED,)]
    told = profile.ask(
        "select region_code, subject, published, recomputed, owner from scores.findings "
        "where rule = 'published_ratio_differs' order by all"
    )
    boys, girls = "profile_table_039_c06", "profile_table_039_c08"
    assert told == sorted(
        [
            (code("KAB. MOJOKERTO"), boys, "100.0000", "90.492958", "dinkes_jatim"),
            (code("KAB. SAMPANG"), girls, "82.9000", "82.922181", "dinkes_jatim"),
            (code("KAB. SUMENEP"), girls, "81.7000", "81.721931", "dinkes_jatim"),
        ]
    )


def test_right_percentages_are_impossible_all_the_same(profile: Profile) -> None:
    """Complete immunisation is above one of its own doses nearly everywhere."""
    complete = "from scores.findings where subject = 'liv_immunisation_complete' and rule = 'part_exceeds_whole'"
    above = dict(profile.ask(f"select against, count(*) {complete} group by against"))
    assert [above[f"liv_immunisation_{dose}.numerator"] for dose in ("polio4", "dpt3", "mr")] == [36, 35, 26]


def test_what_is_copied_is_doubted(profile: Profile) -> None:
    equal = "select region_code from scores.findings where rule = 'equal_figures' and {} order by 1"
    births = profile.ask(equal.format("subject = 'liv_births_facility'"))
    assert births == [(one,) for one in sorted(map(code, ("KAB. MALANG", "KAB. LAMONGAN", "KOTA BLITAR")))]
    assert len(profile.ask(equal.format("against = 'liv_immunisation_mr.numerator'"))) == 11


def test_a_later_visit_above_the_first_is_found(profile: Profile) -> None:
    later = "select subject, region_code from scores.findings where rule = 'part_exceeds_whole' and subject in ('{}')"
    assert profile.ask(later.format("liv_antenatal_k6")) == [("liv_antenatal_k6", code("KOTA PROBOLINGGO"))]
    assert len(profile.ask(later.format("liv_postnatal_complete"))) == 2


def flattened(real_data: Path, tables: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    """The tables as somebody's dashboard holds them: one row a cell, and of merged headings only the last is left."""
    for table in tables:
        path = real_data / FOLDER / f"tabel_{table}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
            for row in rows:
                for name, cell in zip(names[1:], row[1:], strict=True):
                    yield table, row[0], name.partition("_")[2], cell


FLAT = ("tabel", "kabupaten", "metrik", "nilai")


def flat_source(key: Sequence[str]) -> Mapping[str, object]:
    return {
        "id": "profil_datar", "title": "Profil kesehatan, satu baris satu sel", "system": "Dasbor profil kesehatan",
        "protocol": "files.csv", "connection": "berkas", "args": {"pattern": r"(?P<tahun>\d{4})\.csv"},
        "coverage": {"from": "tahun", "grain": "year"},
        "contract": {"key": list(key), "columns": {name: {"required": name != "nilai"} for name in FLAT}},
        "provides": [],
        "assertions": {"rows": {"min": 1, "max": 99999}, "quarantine": {"max": "5%"}, "shrink": {"max": "20%"}},
        "freshness": {"due": "end of June", "warn": "30d", "fail": "120d"}, "events": {"fallback": "0 5 * * 1"},
        "caveats": ["Headings were lost."], "runbook": "Ask for the workbook itself: its headings say what is what.",
    }  # fmt: skip


def land_flat(settings: Settings, house: House, folder: Path, lines: Sequence[Sequence[str]]) -> BatchOutcome:
    """Pull one file with these lines."""
    folder.mkdir(exist_ok=True)
    with (folder / f"{YEAR}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    path = settings.sources_dir / "dinkes_jatim" / "profil_datar.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(flat_source(FLAT[:3])), encoding="utf-8")
    assert [str(problem) for problem in check_sources(settings.sources_dir)] == []
    own = settings.model_copy(update={"lookup": {"berkas": Connection(url=folder.as_uri())}.get})
    [batch] = pull(load_sources(settings.sources_dir)["profil_datar"], house.ledger, own).batches
    return batch


def test_p1_a_key_that_stands_for_several_columns_is_refused_and_nothing_of_it_is_kept(
    house: House, real_data: Path, tmp_path: Path
) -> None:
    """'l' has eight meanings in table 51. No row of it may stand for the others, be it the first or the last."""
    cells = list(flattened(real_data, ["043", "051"]))
    values: dict[tuple[str, ...], list[str]] = {}
    for *key, value in cells:
        values.setdefault(tuple(key), []).append(value)
    settings = house.settings.model_copy(update={"sources_dir": tmp_path / "sources"})
    batch = land_flat(settings, house, tmp_path / "berkas", [FLAT, *cells])
    # Rows that are the same in every cell are one row, and are counted as refused but for one.
    kept = sum(len(set(found)) == 1 for found in values.values())
    assert len(values["051", "KAB. PACITAN", "l"]) == 8
    assert kept < 0.1 * len(cells)
    assert (batch.status, batch.landed, batch.quarantined) == ("held", kept, len(cells) - kept)


def test_a_header_that_says_the_same_name_twice_is_refused(house: House, real_data: Path, tmp_path: Path) -> None:
    with (real_data / FOLDER / "tabel_043.csv").open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    plain = [names[0], *(name.partition("_")[2] for name in names[1:])]
    settings = house.settings.model_copy(update={"sources_dir": tmp_path / "sources"})
    with pytest.raises(SourceError, match="two columns are called 'l'"):
        land_flat(settings, house, tmp_path / "berkas", [plain, *rows])
