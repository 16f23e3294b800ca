"""What a publication is told from the ledger and the source files."""

from pathlib import Path
from typing import Literal

import pytest
from structlog.testing import capture_logs

from connectors.http.failures import SENTENCE
from connectors.pull.course import pull
from definitions.stage import Stage
from ledger.errors import PublicationError, SourceError
from ledger.records import BatchResult, EventIn, QuarantineCount
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from ledger.wording import for_readers
from pilar.evaluation import few_rows, publish
from pilar.evaluation import warehouse as files
from pilar.evaluation.deliveries import by_connection
from pilar.evaluation.evaluate import held_pillars
from pilar.stages.follow_up import move, open_drawn, own
from publication.meta import Quarantined, Said
from tests.connectors.http.conftest import response, serving
from tests.connectors.pulling import make


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
    monkeypatch.setattr(few_rows, "untold", lambda *_: frozenset())
    monkeypatch.setattr(publish, "named_batches", lambda *_: [batch_id])
    settings = Settings(home=tmp_path, ledger_url="", key_dir=tmp_path, data_licence="CC-BY-4.0")

    meta = publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb")

    assert meta.data_licence == "CC-BY-4.0"
    tonnes = Said(
        id="bilangan desimal, maksimal 2 angka di belakang koma, ditulis 1,234.5, minimal 0 t/tahun",
        en="decimal number, at most 2 decimals, written 1,234.5, at least 0 t/year",
    )
    assert [batch.quarantined for batch in meta.sources] == [
        (
            Quarantined(rule="range", field="timbulan", rows=2, expected=tonnes),
            Quarantined(rule="required", field="nama", rows=1),
        )
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
    monkeypatch.setattr(few_rows, "untold", lambda *_: frozenset())
    monkeypatch.setattr(publish, "named_batches", lambda *_: [good])
    settings = Settings(home=tmp_path, ledger_url="", key_dir=tmp_path)

    meta = publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb")
    pulled("held")

    assert [batch.batch_id for batch in meta.sources] == [good, held]
    assert publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb") == meta


def test_how_each_source_delivers_and_what_people_decided_reach_the_publication(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In numbers alone, of sources that never delivered too, and nothing that came after the evaluation began."""

    def pulled(status: Literal["accepted", "held"], refused: int) -> str:
        batch_id = ledger.start_batch("dlh_sipsn", "dlh", "c" * 64)
        landed = f"{batch_id}.parquet"
        counts = [QuarantineCount("required", "kabupaten", refused)] if refused else []
        result = BatchResult(
            status, "2024", 6, 6 - refused, refused, landed, "d" * 64, "e" * 64, synthetic=True, quarantine=counts
        )
        ledger.finish_batch(batch_id, result)
        return batch_id

    good = pulled("accepted", 0)
    pulled("held", 4)
    ledger.record_event(EventIn("dlh", "1", "go.dlh.sipsn", "dlh_sipsn"))
    stage = Stage("smart-city-2023", 2023, "I")
    [asked], _ = open_drawn(
        ledger, [own(stage, "35.07", "Lengkapi data", owner="dlh", priority="high")], actor="walidata", due=None
    )
    evaluation = ledger.evaluation(ledger.start_evaluation([good], "f" * 64))
    assert evaluation is not None
    monkeypatch.setattr(few_rows, "untold", lambda *_: frozenset())
    monkeypatch.setattr(publish, "named_batches", lambda *_: [good])
    settings = Settings(home=tmp_path, ledger_url="", key_dir=tmp_path, airflow_page="https://airflow.example")

    meta = publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb")
    pulled("held", 5)
    ledger.record_event(EventIn("dlh", "2", "go.dlh.sipsn", "dlh_sipsn"))
    move(ledger, asked.id, "start", actor="dlh")

    feeds = {feed.source: feed for feed in meta.feeds}
    told = [
        (one.status, one.rows_received, one.rows_landed, one.rows_quarantined) for one in feeds["dlh_sipsn"].arrivals
    ]
    assert told == [("accepted", 6, 6, 0), ("held", 6, 2, 4)]
    assert (feeds["dlh_sipsn"].silence, feeds["dlh_sipsn"].events) == ("in time", 1)
    assert (feeds["bps_indikator"].silence, feeds["bps_indikator"].arrivals) == ("never", ())
    assert [(one.id, one.owner, one.state) for one in meta.follow_ups] == [(asked.id, "dlh", "open")]
    assert "walidata" not in str(meta.follow_ups)
    assert meta.airflow == "https://airflow.example"
    assert publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb") == meta


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("GET http://10.1.2.3:8080/api/spbe?tahun=2021", "GET spbe_dinas/api/spbe?tahun=2021"),
        ("GET sftp://files.internal:22/folder/a.xlsx", "GET spbe_dinas/folder/a.xlsx"),
        ("SQL postgresql://(socket):5432/simulator SELECT a FROM b", "SQL spbe_dinas/simulator SELECT a FROM b"),
        ("GET file:///srv/pilar/drop/a.csv", "GET spbe_dinas/a.csv"),
        ("GET http://10.1.2.3/a?next=http://10.9.9.9/b", "GET spbe_dinas/a?next=spbe_dinas/b"),
    ],
)
def test_p6_a_request_names_its_system_by_the_connection(kept: str, shown: str) -> None:
    assert by_connection(kept, "spbe_dinas") == shown


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


@pytest.mark.integration
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"message": "data NIK 3201 0141 0190 0011, token 9f8e7d6c5b4a3928"}'),
        (200, b"<html>data NIK 3201-0141-0190-0011, token 9f8e7d6c5b4a3928</html>"),
        (401, b"data NIK 3201.0141.0190.0011, token 9f8e7d6c5b4a3928"),
    ],
)
def test_p6_a_publication_says_in_our_words_what_a_system_said_of_a_person(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings, status: int, body: bytes
) -> None:
    source = make(args={"path": "/"}, protocol="rest", for_each=[{"tahun": "2024"}])
    kind = "text/html" if body.startswith(b"<") else "application/json"
    with serving() as server, capture_logs() as logged:
        url = server.on("/", response(body, status, kind))
        with pytest.raises(SourceError) as raised:
            pull(source, ledger, settings, connection=Connection(url=url, extra={"private": True}))
    [batch] = ledger.batches(source.id)
    evaluation = ledger.evaluation(ledger.start_evaluation([]))
    assert evaluation is not None
    monkeypatch.setattr(few_rows, "untold", lambda *_: frozenset())
    monkeypatch.setattr(publish, "named_batches", lambda *_: [batch.batch_id])

    meta = publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb")

    kept = f"{raised.value} {batch.error_message} {logged}"
    assert "(number)" in kept
    assert "(token)" in kept
    assert not any(part in f"{kept} {meta}" for part in ("3201 ", "3201-", "3201.", "9f8e7d6c"))
    assert [one.note for one in meta.sources] == [SENTENCE[raised.value.kind]]


def test_what_dbt_or_a_crashed_check_said_is_not_published(
    ledger: Ledger, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = ledger.evaluation(ledger.start_evaluation([]))
    assert evaluation is not None
    said = "Conversion Error: could not convert 'Siti Contohwan'"
    check = {"name": "x", "severity": "critical", "outcome": "error", "message": said, "failing_rows": []}
    ledger.record_gate(evaluation.evaluation_id, "living", "error", [check])
    ledger.record_promotion(evaluation.evaluation_id, "living", path=None, sha256=None, reason=f"error: {said}")
    ledger.record_promotion(evaluation.evaluation_id, "economy", path=None, sha256=None, reason="fail: x: a share")
    monkeypatch.setattr(few_rows, "untold", lambda *_: frozenset())
    monkeypatch.setattr(publish, "named_batches", lambda *_: [])

    meta = publish.gather(ledger, settings, evaluation, tmp_path / "none.duckdb")

    assert "Siti" not in str(meta)
    assert {one.pillar: one.held_reason for one in meta.pillars if one.held_reason} == {
        "economy": "fail: x: a share",
        "living": "error: it could not be built, or a check of it could not be carried out",
    }
    warehouse, held = tmp_path / "w.duckdb", held_pillars(ledger)
    assert said in str(held["living"].reason)
    files.write_promoted(warehouse, settings.home, ["living"], {}, held)
    with files.opened(warehouse) as connection:
        [view] = connection.execute("select sql from duckdb_views() where view_name = 'mart_living'").fetchall()
    assert "Siti" not in str(view)


def test_what_a_publication_says_of_a_held_batch_has_no_names_that_a_system_gave() -> None:
    reasons = [
        {"code": "drift_added", "what": "fields that nobody declared", "observed": "Siti_Contohwan", "do": "Declare"},
        {"code": "released", "what": "released by a person", "observed": "as Siti said", "limit": "", "do": ""},
        {"code": "rows_min", "what": "fewer rows", "observed": "3", "limit": "9", "do": "Ask"},
    ]
    assert for_readers(reasons) == (
        "fields that nobody declared. Declare; released by a person; fewer rows: 3 (limit 9). Ask"
    )
