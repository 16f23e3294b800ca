"""How sure each index and its rank are, as a table of the evaluation's file: the same as `pilar sureness` shows."""

from collections.abc import Collection, Mapping
from pathlib import Path

from definitions.exact import rounded
from definitions.variations import Variations, load_variations
from ledger.regions import SYSTEM
from pilar.evaluation.definition_tables import write_rows
from pilar.evaluation.warehouse import opened
from pilar.explanations.sureness import EVALUATED, Sureness, sureness_of

TABLE = "sureness"
DECIMALS = 6


def write_sureness(warehouse: Path, apart: Collection[str] = frozenset()) -> None:
    """Write the table ``sureness``: a row for each index, with or without a value. Scores and findings are in the file.

    ``apart``: regions that are not published. Each of them is ranked with those that are, and they without it.
    Raises PublicationError where an index does not follow from what the file says of it.
    """
    variations = load_variations()
    with opened(warehouse) as connection:
        found = [*sureness_of(connection, EVALUATED, variations, apart=apart)]
        for region in sorted(apart):
            found += sureness_of(connection, EVALUATED, variations, region, apart={*apart} - {region})
        write_rows(connection, "scores", TABLE, [_row(one, variations) for one in found])


def _row(one: Sureness, variations: Variations) -> Mapping[str, object]:
    shares = {f"share_{kind}": rounded(share, DECIMALS) for kind, share in one.shares.items()}
    below = one.meaningless[0] if one.meaningless else None
    found = one.range
    return {
        "region_system": SYSTEM,
        "region_code": one.region_code,
        "region_name": one.region_name,
        "rule_set_id": one.rule_set,
        "basis": one.basis,
        "index_value": found and found.nominal,
        "index_least": found and found.least,
        "index_most": found and found.most,
        "rank": found and found.rank,
        "rank_best": found and found.best,
        "rank_worst": found and found.worst,
        "regions_ranked": one.of,
        "share_sure": rounded(one.sure, DECIMALS),
        **shares,
        "weights_assumed": rounded(one.assumed_weights, DECIMALS),
        "same_as_region_code": below and below.region,
        "order_turns": below and rounded(below.turned, DECIMALS),
        "draws": variations.draws,
        "seed": variations.seed,
    }
