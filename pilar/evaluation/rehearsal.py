"""Evaluating once on no data: what dbt and Great Expectations make at their first use is then there for every fork.

Both build classes, schemas and templates when they first meet them, which costs an evaluation about 2.5 s of its 9. The
scheduler does it before it forks its workers. The project is then parsed and its seeds are loaded and tested, too.
"""

from functools import partial

from expectations.gate import run_gates
from ledger.project import mart_of, pillar_ids
from ledger.regions import known
from ledger.settings import Settings
from pilar.evaluation.build import begin_with_seeds
from pilar.evaluation.evidence import write_evidence
from pilar.evaluation.figures import figures_views
from pilar.evaluation.record_views import published_figures, record_views
from pilar.evaluation.transform import run_dbt
from pilar.evaluation.warehouse import landing_views, opened, regions_view, write_promoted
from pilar.sources.catalogue import landed_columns, readable_sources


def rehearse(settings: Settings) -> None:
    """Build and gate one pillar on no data, in a file of its own that is removed; nothing is left open.

    What the gate says of empty tables is nobody's concern. Raises PilarError when the project is broken.
    """
    warehouse = settings.warehouse_dir / ".rehearsal.duckdb"
    # Any one will do: each has a view, a table and a gate.
    pillar = pillar_ids()[-1]
    try:
        regions = known(settings.regions)
        landed = landing_views(settings.home, landed_columns(settings.sources_dir), [])
        landing = {**landed, **regions_view(regions)}
        read = (readable_sources(settings.sources_dir), landing, regions)
        records = record_views(*read)
        figures = figures_views(records, partial(published_figures, *read))
        begin_with_seeds(warehouse, {**landing, **records, **figures})
        run_dbt(warehouse, f"+{mart_of(pillar)},resource_type:model")
        write_promoted(warehouse, settings.home, [pillar], {}, {})
        with opened(warehouse) as connection:
            write_evidence(connection, [])
        run_gates(warehouse, [pillar])
    finally:
        warehouse.unlink(missing_ok=True)
