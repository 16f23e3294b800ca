"""Whatever agencies send: what is published stays, the ledger says what happened, the message says what to do."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from connectors.source.proof import check_sources
from expectations import gate as gates
from expectations.rules import no_rows
from ledger.errors import ConfigError, GateError, SourceError
from ledger.records import Batch, EventIn
from pilar import steps
from tests.integration.conftest import Installation

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


@pytest.fixture(autouse=True)
def undisturbed(installation: Installation) -> Iterator[None]:
    """Every test starts from working systems, and what is published when it ends is what was there before."""
    before = installation.published()
    assert before is not None
    in_force = [batch.batch_id for batch in installation.ledger.in_force()]
    yield
    installation.simulator.faults.clear()
    assert installation.published() == before
    assert [batch.batch_id for batch in installation.ledger.in_force()] == in_force


def last(installation: Installation, source_id: str) -> Batch:
    return installation.ledger.batches(source_id, limit=1)[0]


@pytest.mark.parametrize(
    ("system", "fault", "source_id", "kind", "told"),
    [
        ("sipd", "down", "bpkad_realisasi", "retryable", "503"),
        ("sipd", "reset", "bpkad_realisasi", "retryable", "reset|broken|closed"),
        ("sipd", "wrong_token", "bpkad_realisasi", "auth", "token|credential|401"),
        ("dapodik", "wrong_token", "disdik_sekolah", "auth", "Access denied"),
        ("diskominfo", "html", "diskominfo_spbe", "", "HTML|html|login"),
        ("sipd", "half_page", "bpkad_realisasi", "", "ended before its announced end"),
        ("diskominfo", "cut_json", "diskominfo_penilaian", "damaged", "JSON"),
        ("eppgbm_sftp", "broken_workbook", "dinkes_eppgbm", "damaged", r"eppgbm_.*\.xlsx"),
    ],
)
def test_p3_p10_a_system_that_does_not_deliver(
    installation: Installation, system: str, fault: str, source_id: str, kind: str, told: str
) -> None:
    installation.simulator.faults.set(system, fault)
    with pytest.raises(SourceError, match=told) as caught:
        steps.ingest(source_id)
    batch = last(installation, source_id)
    assert batch.status == "failed"
    assert batch.error_message == str(caught.value)
    assert caught.value.do, "the message says what to do"
    if kind:
        assert (caught.value.kind, batch.error_kind) == (kind, kind)


@pytest.mark.fault(21)
@pytest.mark.parametrize(
    ("system", "fault", "source_id"),
    [("perkim_db", "empty", "perkim_sanitasi"), ("dapodik", "empty", "disdik_peserta_didik")],
)
def test_p3_an_empty_list_where_thousands_stood_is_held(
    installation: Installation, system: str, fault: str, source_id: str
) -> None:
    installation.simulator.faults.set(system, fault)
    outcome = steps.ingest(source_id)
    assert not outcome.new
    batch = last(installation, source_id)
    assert (batch.status, batch.rows_received) == ("held", 0)
    assert all(reason["do"] for reason in batch.reasons)


def test_p3_half_of_the_rows_missing_is_held(installation: Installation) -> None:
    installation.simulator.faults.set("perkim_db", "drop_ratio", value=0.5)
    assert not steps.ingest("perkim_sanitasi").new
    assert last(installation, "perkim_sanitasi").status == "held"


def test_an_unknown_column_is_signalled_by_name(installation: Installation) -> None:
    installation.simulator.faults.set("diskominfo", "unknown_column")
    assert not steps.ingest("diskominfo_spbe").new
    batch = last(installation, "diskominfo_spbe")
    assert batch.status == "held"
    assert "kolom_baru" in str(batch.reasons)


def test_p10_a_typo_in_a_source_file_is_named_and_closes_its_events(installation: Installation, sources: Path) -> None:
    path = sources / "dlh" / "dlh_sipsn.yaml"
    path.write_text(path.read_text().replace("protocol: sipsn", "protocoll: sipsn"))
    event_id, _ = installation.ledger.record_event(EventIn("dlh", "typo", "changed", "dlh_sipsn"))
    with pytest.raises(ConfigError, match=r"dlh_sipsn\.yaml"):
        steps.ingest("dlh_sipsn")
    event = installation.ledger.events_of("dlh_sipsn")[0]
    assert (event.event_id, event.status) == (event_id, "failed")
    assert event.detail is not None
    assert "dlh_sipsn.yaml" in event.detail
    problems = check_sources(sources)
    assert any("protocoll" in f"{problem.where} {problem.what}" and problem.do for problem in problems)


def test_p10_an_unknown_source_is_named_with_the_nearest_one(installation: Installation) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'dlh_sipsn'"):
        steps.ingest("dlh_sipns")


def governance_in_publication(installation: Installation) -> list[tuple[object, ...]]:
    path = installation.settings.published_dir / "current" / "marts.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            "select distinct held_since is not null, held_reason from scores.pillar_scores where pillar = 'governance'"
        ).fetchall()


class TestGates:
    """Gates that do not pass. These publish (the other pillars go on), so they put the pointer back themselves."""

    @pytest.fixture(autouse=True)
    def _pointer_back(self, undisturbed: None, installation: Installation) -> Iterator[None]:
        before = installation.published()
        yield
        from pilar.evaluation.publish import rollback

        if installation.published() != before:
            rollback(installation.ledger, installation.settings, before)

    @pytest.mark.parametrize(
        ("query", "outcome"),
        [
            ("SELECT * FROM {batch} WHERE indicator_id = 'gov_spbe'", "fail"),
            ("SELECT * FROM {batch} WHERE no_such_column > 1", "error"),
        ],
    )
    def test_p3_a_pillar_that_does_not_pass_shows_its_last_good_values(
        self, installation: Installation, monkeypatch: pytest.MonkeyPatch, query: str, outcome: str
    ) -> None:
        good = installation.ledger.last_good()["governance"]
        broken = no_rows("made_to_break", "candidate.mart_governance", query, "it was made to break")
        rules_of = gates.rules_of
        monkeypatch.setattr(gates, "rules_of", lambda gate: (*rules_of(gate), *[broken] * (gate == "governance")))
        evaluation_id = installation.evaluate()
        outcomes = {gate.gate: gate.outcome for gate in installation.ledger.gates(evaluation_id)}
        assert outcomes.pop("governance") == outcome
        assert set(outcomes.values()) == {"pass"}
        assert installation.ledger.last_good()["governance"] == good
        assert installation.ledger.last_good()["living"].evaluation_id == evaluation_id
        [(held, reason)] = governance_in_publication(installation)
        assert held
        assert "made_to_break" in str(reason)
        monkeypatch.undo()

    def test_p3_scores_that_do_not_pass_are_not_published(
        self, installation: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from expectations import scores

        broken = no_rows("made_to_break", "scores.index_scores", "SELECT * FROM {batch}", "it was made to break")
        monkeypatch.setattr(scores, "RULES", (*scores.RULES, broken))
        evaluation_id = steps.build_candidates(anyway=True)
        assert evaluation_id is not None
        with pytest.raises(GateError, match="made_to_break"):
            steps.score(evaluation_id)
        found = installation.ledger.evaluation(evaluation_id)
        assert found is not None
        assert found.status == "failed"
        assert "made_to_break" in str(found.detail)


def test_p2_a_pull_that_dies_while_landing_leaves_nothing_that_counts(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """As a worker that is killed: nothing catches it."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(type(installation.ledger), "finish_batch", die)
    with pytest.raises(Killed):
        steps.ingest("disdik_sekolah")
    monkeypatch.undo()
