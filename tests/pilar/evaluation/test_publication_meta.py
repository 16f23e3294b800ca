"""What a publication is told from the ledger and the source files."""

from pathlib import Path

import pytest

from ledger.records import BatchResult, QuarantineCount
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation import publish
from publication.meta import Quarantined


def test_why_rows_were_refused_and_what_a_reader_must_know_reach_the_publication(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The warehouse's named batches stand in for a warehouse."""
    batch_id = ledger.start_batch("dlh_sipsn", "dlh", "c" * 64)
    counts = [QuarantineCount("range", "timbulan", 2), QuarantineCount("required", "nama", 1)]
    result = BatchResult(
        "accepted", "2024", 6, 3, 3, f"{batch_id}.parquet", "d" * 64, "e" * 64, synthetic=True, quarantine=counts
    )
    ledger.finish_batch(batch_id, result)
    evaluation = ledger.evaluation(ledger.start_evaluation([batch_id], "f" * 64))
    assert evaluation is not None
    monkeypatch.setattr(publish, "named_batches", lambda *_: [batch_id])
    settings = Settings(home=tmp_path, ledger_url="", key_dir=tmp_path)

    meta = publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb")

    assert [batch.quarantined for batch in meta.sources] == [
        (Quarantined(rule="range", field="timbulan", rows=2), Quarantined(rule="required", field="nama", rows=1))
    ]
    assert any(
        "Sel kosong berarti tidak ada data" in caveat.id and "A blank cell is no figure" in caveat.en
        for caveat in meta.caveats["dlh_sipsn"]
    )
    assert list(meta.caveats) == ["dlh_sipsn"]
