"""Files from a folder to a batch: what was noticed in them becomes a finding, and comes again with a replay."""

from pathlib import Path
from typing import Any

import pytest

from connectors.kept.rebuild import differences, rebuild
from connectors.kept.replay import replay
from connectors.kept.trace import trace
from connectors.pull.course import PullOutcome, pull
from connectors.source.for_each import for_regions
from connectors.source.source import Source
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import source_of
from tests.connectors.protocols.test_workbook_cells_landed import number, ods, xls, xlsx


def source(**more: Any) -> Source:
    columns = {"kode": {"from": "Kode"}, "nilai": {"from": "Nilai", "type": "decimal(6,3)"} | more.pop("nilai", {})}
    return source_of(
        columns,
        ["kode"],
        protocol=more.pop("protocol", "files.xlsx"),
        args={"pattern": r".*\.xlsx?"} | more.pop("args", {}),
        assertions={"rows": {"min": 1}, "quarantine": {"max": "60%"}, "shrink": {"max": "20%"}},
        **more,
    )


def pulled(found: Source, ledger: Ledger, settings: Settings, folder: Path) -> PullOutcome:
    return pull(found, ledger, settings, connection=Connection(url=f"file://{folder}"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "masuk"
    made.mkdir()
    return made


def test_p7_what_is_noticed_in_files_is_a_finding_of_their_batch(
    ledger: Ledger, settings: Settings, folder: Path
) -> None:
    (folder / "a.xlsx").write_bytes(xlsx(["Kode", "Nilai"], ["a", 1], ["b", 999], hidden=[3]))
    (folder / "b.xlsx").write_bytes(xlsx(["Kode", "Nilai"], ["c", 1], ["Kode", "Nilai"], ["d", 2], hidden=[4]))
    plain = source()
    [batch] = pulled(plain, ledger, settings, folder).batches
    assert (batch.status, batch.received, batch.landed) == ("accepted", 4, 4)
    told = {finding["code"]: finding["observed"] for finding in batch.findings}
    assert told == {"rows_hidden": "page 0: 1 rows: 3; page 1: 1 rows: 4", "header_again": "page 1: row 3"}
    again = replay(plain, batch.batch_id, ledger, settings).batches[0]
    assert {finding["code"] for finding in again.findings} == set(told)


@pytest.mark.parametrize("body", [xlsx, xls], ids=["xlsx", "xls"])
def test_p7_a_refused_cell_is_traced_and_a_mended_contract_brings_it_in(
    ledger: Ledger, settings: Settings, folder: Path, body: Any
) -> None:
    (folder / "a.xls").write_bytes(body(["Kode", "Nilai"], ["a", 17.6], ["b", (0.184, "0.0%")]))
    [batch] = pulled(source(), ledger, settings, folder).batches
    assert (batch.landed, batch.quarantined) == (1, 1)
    known = ledger.batch(batch.batch_id)
    assert known is not None
    assert differences(known, rebuild(source(), known, ledger, settings)) == {}
    found = trace(source(), known, 1, ledger, settings)
    assert found.refused
    assert found.span is not None
    assert found.span.location.startswith("row 3 of the sheet in ")
    mended = source(nilai={"suffix": "%"})
    [after] = replay(mended, batch.batch_id, ledger, settings).batches
    assert (after.status, after.landed, after.quarantined) == ("accepted", 2, 0)


def test_p7_an_ods_is_rebuilt_from_its_kept_bytes(ledger: Ledger, settings: Settings, folder: Path) -> None:
    (folder / "a.xls").write_bytes(ods(number("percentage", "0.184", "18,4%")))
    found = source(nilai={"suffix": "%"})
    [batch] = pulled(found, ledger, settings, folder).batches
    known = ledger.batch(batch.batch_id)
    assert known is not None
    assert known.rows_landed == 1
    assert differences(known, rebuild(found, known, ledger, settings)) == {}


def test_p7_a_file_that_is_asked_for_by_region_is_traced_and_rebuilt(
    ledger: Ledger, settings: Settings, folder: Path
) -> None:
    (folder / "lap_3573.xlsx").write_bytes(xlsx(["Kode", "2023_Nilai", "2024_Nilai"], ["a", 1, 2], ["b", 3, 4]))
    wide = {"id_columns": ["Kode"], "group": ["Nilai"], "separator": "_", "only": "{tahun}"}
    found = source(
        args={"pattern": r"lap_(?P<daerah>\d{4})\.xlsx", "wide": wide},
        for_each=[{"daerah": "{region.digits}", "tahun": "2024"}],
    )
    found = for_regions(found, settings.model_copy(update={"regions": ("35.73",)}))
    [batch] = pulled(found, ledger, settings, folder).batches
    assert (batch.landed, batch.quarantined) == (2, 0)
    known = ledger.batch(batch.batch_id)
    assert known is not None
    span = trace(found, known, 1, ledger, settings).span
    assert span is not None
    assert span.location.startswith("row 3 of the sheet in ")
    assert differences(known, rebuild(found, known, ledger, settings)) == {}
