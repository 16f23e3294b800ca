"""Every real table, from servers nobody here wrote, through its source file: nothing is lost, and again is the same."""

import re
from pathlib import Path

import pytest

from connectors.source.source import Source
from connectors.source.source_files import load_sources
from tests.real.house import SOURCES, House
from tests.real.servers import read_csv

pytestmark = pytest.mark.real

# Two governments have one table in that year; in two copies of a table every row is damaged, and one table has two
# decimal marks. Everything else of these sources is fit to be used.
NOT_ACCEPTED = {
    ("sikd_apbd", "2022"): "held",
    ("ipm_salinan_jam", "all"): "rejected",
    ("ipm_salinan_tanpa_koma", "all"): "rejected",
    ("bps_kemiskinan_2021", "all"): "held",
}


def files_of(source: Source, real_data: Path) -> list[Path]:
    """The files whose rows a source's system serves."""
    if source.protocol == "rest":
        return [real_data / "kab_malang_satudata" / f"{Path(source.args['path']).stem}.csv"]
    if source.protocol == "sql":
        asked = [(context["tahun"], context["pemda"]) for context in source.for_each]
        return [real_data / "apbd_jatim" / year / f"{name}.csv" for year, name in asked]
    folder = real_data / source.args["folder"]
    return [path for path in sorted(folder.iterdir()) if re.fullmatch(source.args["pattern"], path.name)]


@pytest.mark.parametrize("source_id", sorted(load_sources(SOURCES)))
def test_p1_rows_in_are_rows_landed_plus_rows_quarantined(house: House, real_data: Path, source_id: str) -> None:
    """Against the lines of the files themselves, counted here, and against the rows that are on the disk."""
    outcome = house.pulled(source_id)
    lines = sum(len(read_csv(path)) - 1 for path in files_of(house.sources[source_id], real_data))
    assert lines > 0
    assert sum(batch.received for batch in outcome.batches) == lines
    for batch in outcome.batches:
        assert batch.received == batch.landed + batch.quarantined
        expected = NOT_ACCEPTED.get((source_id, batch.coverage or ""), "accepted")
        assert batch.status == expected, batch.reasons
    [(landed,)] = house.rows(source_id, "SELECT count(*) FROM landed")
    [(held,)] = house.quarantine(source_id, "SELECT count(*) FROM quarantine")
    assert (landed, held) == (sum(b.landed for b in outcome.batches), sum(b.quarantined for b in outcome.batches))
    unexplained = "SELECT count(*) FROM quarantine WHERE len(reasons) = 0"
    assert house.quarantine(source_id, unexplained) == [(0,)]


@pytest.mark.parametrize("source_id", ["satudata_stunting", "sikd_apbd_2021", "profil_imd_asi_2023"])
def test_p2_pulled_again_nothing_changes(house: House, source_id: str) -> None:
    first = house.pulled(source_id)
    again = house.pull(source_id)
    assert [(batch.coverage, batch.status) for batch in again.batches] == [
        (batch.coverage, "unchanged") for batch in first.batches
    ]


def test_a_portal_is_walked_through_page_by_page(house: House) -> None:
    """1,155 rows, 100 at a time: 12 answers, each a link to the next, all kept."""
    outcome = house.pulled("satudata_peserta_kb")
    pages = house.ledger.pages(outcome.batches[0].batch_id)
    assert len(pages) == 12
    assert "_next=" not in pages[0].request
    assert all("_next=" in page.request for page in pages[1:])
