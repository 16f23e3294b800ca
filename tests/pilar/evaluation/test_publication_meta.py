"""What a publication is told from the ledger and the source files."""

from pathlib import Path
from typing import Literal

import pytest

from ledger.errors import PublicationError
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


def test_p2_made_again_after_later_pulls_it_is_the_same_publication(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each source the last batch before the evaluation is told, not the last one of all."""

    def pulled(status: Literal["accepted", "held"]) -> str:
        batch_id = ledger.start_batch("dlh_sipsn", "dlh", "c" * 64)
        ledger.finish_batch(
            batch_id, BatchResult(status, "2024", 6, 6, 0, f"{batch_id}.parquet", "d" * 64, "e" * 64, synthetic=True)
        )
        return batch_id

    good, held = pulled("accepted"), pulled("held")
    evaluation = ledger.evaluation(ledger.start_evaluation([good], "f" * 64))
    assert evaluation is not None
    monkeypatch.setattr(publish, "named_batches", lambda *_: [good])
    settings = Settings(home=tmp_path, ledger_url="", key_dir=tmp_path)

    meta = publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb")
    pulled("held")

    assert [batch.batch_id for batch in meta.sources] == [good, held]
    assert publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb") == meta


def test_readers_can_be_led_back_to_any_publication_however_many_came_since(
    ledger: Ledger, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation_id, pointed = ledger.start_evaluation([]), []
    for number in range(52):
        ledger.record_publication(f"p{number}", evaluation_id, f"hash of p{number}")
    monkeypatch.setattr(publish, "find", lambda _settings, name: name)
    monkeypatch.setattr(publish, "verify", lambda name: f"hash of {name}")
    monkeypatch.setattr(publish.pointer, "swap", lambda _folder, name: pointed.append(name))
    assert publish.rollback(ledger, settings, "p0") == "p0"
    assert pointed == ["p0"]
    assert (ledger.publications()[0].publication_id, len(ledger.publications())) == ("p0", 50)
    with pytest.raises(PublicationError, match="does not know publication 'p99'"):
        publish.rollback(ledger, settings, "p99")
    monkeypatch.setattr(publish, "verify", lambda name: "another hash")
    with pytest.raises(PublicationError, match="not the one the ledger recorded"):
        publish.rollback(ledger, settings, "p1")
    assert pointed == ["p0"]
