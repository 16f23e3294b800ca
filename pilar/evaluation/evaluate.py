"""From the batches in force to a publication, in three steps that may each be run again.

Candidates are built and gated pillar by pillar: one that does not pass keeps its last good version, the others go on.
Scores are computed from what is in force, gated, and only then published.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from ledger.clock import day_of
from ledger.disk import file_sha256
from ledger.errors import ConfigError, GateError, TransformError
from ledger.project import pillar_ids
from ledger.records import Batch, Evaluation, Promotion
from ledger.regions import Region, known
from ledger.settings import REPOSITORY, Settings
from ledger.store import Ledger
from pilar.evaluation import promotion
from pilar.evaluation import warehouse as files
from pilar.evaluation.ending import at_work, counts, sweep
from pilar.evaluation.withheld import KIND, begin

KEPT_WAREHOUSES = 3
_BEGINNING = "evaluation begins"


def due(ledger: Ledger, settings: Settings) -> bool:
    """Whether something is in force that is not published, and nobody is at work on it.

    A batch is accepted before anybody is told of it; whoever dies in between leaves this behind (promise P2). So does
    an evaluation that died, or that the machine interrupted. Figures become final without any new batch. An attempt
    that failed is not repeated by itself: the same data and rules would fail again.
    """
    batches, digest = _inputs(ledger, settings)
    last = ledger.last_evaluation("published")
    if not batches or (last is not None and last.inputs_sha256 == digest):
        return False
    return not any(counts(ledger, attempt) for attempt in ledger.attempts(digest))


def build_candidates(
    ledger: Ledger, settings: Settings, *, anyway: bool = False, anew: Collection[str] = ()
) -> str | None:
    """Build the six candidate marts, gate each, and put those that pass in force.

    ``anew``: pillars that are not compared with what is in force of them, because that is wrong.
    Returns the evaluation's id, or None when the last publication was made from the same batches, as settled as they
    are now, by the same rules (and not ``anyway``).
    Raises ConfigError when the installation has no region or there is no such pillar, TransformError when dbt could not
    build even one mart, MachineError when the machine had no room.
    """
    regions = settings.evaluated
    unknown = sorted(set(anew) - set(pillar_ids()))
    if unknown:
        do = f"Name one of {', '.join(pillar_ids())}"
        raise ConfigError(f"there is no pillar {unknown[0]!r} to judge anew", where="evaluate", do=do)
    sweep(ledger, settings)
    # Read and opened in one: of two evaluations the one with the later id never has the older inputs.
    begin(ledger, settings)
    with ledger.lock(_BEGINNING):
        batches, digest = _inputs(ledger, settings)
        last = ledger.last_evaluation("published")
        if not anyway and last is not None and last.inputs_sha256 == digest:
            return None
        evaluation_id = ledger.start_evaluation([batch.batch_id for batch in batches], digest)
    with at_work(ledger, settings, evaluation_id):
        _build_and_gate(ledger, settings, evaluation_id, batches, regions, anew=anew)
    return evaluation_id


def score(ledger: Ledger, settings: Settings, evaluation_id: str) -> str:
    """Compute the scores from the marts in force and gate them.

    Raises TransformError when dbt fails or the evaluation has ended, GateError when the scores do not pass, and
    MachineError when the machine had no room: what is published then stays.
    """
    from definitions.answer_states import read_windows
    from definitions.instruments import shipped_instruments
    from expectations.gate import run_gate
    from pilar.evaluation.answer_evidence import write_answer_evidence
    from pilar.evaluation.answer_states import write_answer_states
    from pilar.evaluation.build import build_scores
    from pilar.evaluation.explained import write_explanations
    from pilar.evaluation.findings import write_findings
    from pilar.evaluation.instrument_scores import write_instrument_scores
    from pilar.evaluation.readiness import write_readiness
    from pilar.evaluation.sureness import write_sureness
    from pilar.sources.catalogue import readable_sources

    evaluation = ledger.evaluation(evaluation_id)
    if evaluation is None or evaluation.status in ("failed", "interrupted"):
        raise TransformError(
            f"the evaluation is {ended(evaluation)}, so it is not scored",
            where=f"evaluation {evaluation_id}",
            do="Run `pilar evaluate` again",
        )
    warehouse = warehouse_file(settings, evaluation_id)
    with at_work(ledger, settings, evaluation_id):
        files.write_promoted(warehouse, settings.home, pillar_ids(), ledger.last_good(), held_pillars(ledger))
        result = build_scores(warehouse)
        if not result.ok:
            raise TransformError(
                f"the scores could not be built: {result.first_failure()}",
                where=f"evaluation {evaluation_id}",
                do="Run `pilar evaluate` again after mending it; what is published stays",
            )
        instruments, windows = shipped_instruments(), read_windows(settings.home)
        agencies = {source.id: source.opd for source in readable_sources(settings.sources_dir).values()}
        with files.opened(warehouse):
            write_explanations(warehouse, instruments, write_instrument_scores(warehouse, instruments))
            write_answer_states(warehouse, ledger, windows)
            write_answer_evidence(warehouse, day_of(evaluation.started_at))
        # By itself: a look that DuckDB breaks at leaves the file as it is.
        write_findings(warehouse, agencies)
        with files.opened(warehouse):
            write_readiness(warehouse, windows)
            write_sureness(warehouse)
        gate = promotion.judged_by_rules(run_gate(warehouse, "scores"), evaluation_id)
        ledger.record_gate(evaluation_id, "scores", gate.outcome, promotion.plain(gate.checks))
        if not gate.passed:
            raise GateError(
                f"the scores did not pass their gate ({gate.outcome}): {promotion.why(gate)}",
                where=f"evaluation {evaluation_id}",
                do="What is published stays; mend the rule or the data, then run `pilar evaluate`",
            )
        ledger.finish_evaluation(evaluation_id, "scored")
    return evaluation_id


def ended(evaluation: Evaluation | None) -> str:
    """How an evaluation ended, and why: a step that is tried again must not hide why it failed the first time."""
    if evaluation is None:
        return "unknown"
    return f"{evaluation.status} ({evaluation.detail.rstrip('.')})" if evaluation.detail else evaluation.status


def warehouse_file(settings: Settings, evaluation_id: str) -> Path:
    """The DuckDB file of an evaluation."""
    return settings.warehouse_dir / f"{evaluation_id}.duckdb"


def remove_old_warehouses(settings: Settings) -> None:
    """Remove the files of older evaluations: their marts and publications are kept elsewhere."""
    found = sorted(settings.warehouse_dir.glob("*.duckdb"), reverse=True)
    for path in found[KEPT_WAREHOUSES:]:
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".wal").unlink(missing_ok=True)


def _build_and_gate(
    ledger: Ledger,
    settings: Settings,
    evaluation_id: str,
    batches: Sequence[Batch],
    regions: Sequence[Region],
    *,
    anew: Collection[str],
) -> None:
    from pilar.evaluation.build import begin_warehouse
    from pilar.evaluation.build import build_candidates as build
    from pilar.evaluation.evidence import lines_of, write_evidence
    from pilar.evaluation.figures import figures_views
    from pilar.evaluation.record_views import published_figures, record_views
    from pilar.sources.catalogue import landed_columns, maturities, readable_sources, unread_records

    warehouse = warehouse_file(settings, evaluation_id)
    began = ledger.evaluation(evaluation_id)
    matured = maturities(ledger, settings.sources_dir, batches, began.started_at if began is not None else None)
    folder = settings.sources_dir
    landing = {
        **files.landing_views(settings.home, landed_columns(folder), batches, matured),
        **files.revisions_view(settings.home, ledger.revisions()),
        **files.regions_view(regions),
    }
    read = (readable_sources(folder), landing, regions, unread_records(folder, batches))
    records = record_views(*read)
    views = {**landing, **records, **figures_views(records, partial(published_figures, *read))}
    changed = begin_warehouse(warehouse, views)
    result = build(warehouse, views, changed)
    with files.opened(warehouse) as connection:
        write_evidence(connection, lines_of(batches, read[0]))
    promotion.decide(ledger, settings, evaluation_id, warehouse, result, anew=anew)


def _inputs(ledger: Ledger, settings: Settings) -> tuple[Sequence[Batch], str]:
    """The batches in force, and a hash of what an evaluation depends on.

    That is them and their maturity, what their sources provide, the installation's regions and whether these are
    published, what was typed about answers, and every file of rules.
    """
    from pilar.sources.catalogue import maturities, readable_sources

    batches = ledger.in_force()
    matured = maturities(ledger, settings.sources_dir, batches)
    digest = hashlib.sha256()
    for batch in sorted(batches, key=lambda batch: batch.batch_id):
        digest.update(f"{batch.batch_id} {batch.landed_sha256} {matured.get(batch.batch_id)}\n".encode())
    sources = readable_sources(settings.sources_dir)
    for source_id in sorted({batch.source_id for batch in batches} & sources.keys()):
        provides = "".join(entry.model_dump_json() for entry in sources[source_id].provides)
        digest.update(f"{source_id} {provides}\n".encode())
    digest.update("".join(f"{region.row()}\n" for region in known(settings.regions)).encode())
    digest.update(ledger.last_typed().encode())
    digest.update("".join(one.sha256 for one in ledger.decisions(KIND)[-1:]).encode())
    rules = {"dbt_project": ("*.sql", "*.yml", "*.csv"), "definitions": ("*.yaml",), "expectations": ("*.py",)}
    for folder, patterns in rules.items():
        for path in sorted(path for pattern in patterns for path in (REPOSITORY / folder).rglob(pattern)):
            digest.update(path.relative_to(REPOSITORY).as_posix().encode())
            digest.update(file_sha256(path).encode())
    return batches, digest.hexdigest()


def held_pillars(ledger: Ledger) -> Mapping[str, Promotion]:
    """Pillars whose last good version stays, with the first decision that held them."""
    return {pillar: found for pillar in pillar_ids() if (found := ledger.held_since(pillar)) is not None}
