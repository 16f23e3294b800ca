"""A stage frozen in a whole installation: figures that dbt computed, receipts that a real pull wrote."""

import pytest

from definitions.stage import named
from definitions.variations import load_variations
from pilar.audit.verification import Holdings, Scope, verify
from pilar.explanations.sureness import sureness
from pilar.stages.follow_up import draw, open_drawn
from pilar.stages.freeze import freeze
from publication import pointer
from tests.integration.conftest import Installation
from tests.pilar.stages.conftest import content

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


def test_every_index_that_dbt_computed_follows_and_lies_in_its_range(installation: Installation) -> None:
    """``sureness`` raises where one does not follow."""
    found = sureness(pointer.resolve(installation.settings.published_dir), load_variations())
    ranged = [one.range for one in found if one.range is not None]
    assert {one.basis for one in found} == {"reported", "computed"}
    assert all(one.least <= one.nominal <= one.most and one.best <= one.rank <= one.worst for one in ranged)
    computed = [one for one in found if one.basis == "computed"]
    assert all(one.shares["assumed"] > 0 for one in computed if one.range is not None)
    assert any(one.shares["simulated"] > 0 for one in computed)


def test_p3_a_frozen_stage_stays_while_the_installation_goes_on(installation: Installation) -> None:
    ledger, settings = installation.ledger, installation.settings
    stage = named("smart-city-2023", "I")
    decided = len(ledger.decisions())
    drawn = draw(pointer.resolve(settings.published_dir), ledger.findings(), stage)
    assert {"finding", "unanswered", "no_figure"} <= {one.kind for one in drawn}
    new, _ = open_drawn(ledger, drawn, actor="walidata", due=None)
    assert len(new) == len(drawn)
    first = freeze(ledger, settings, "smart-city-2023", "I", who="walidata")
    assert first.freeze.receipt is not None
    before = content(first.folder)
    installation.evaluate()
    second = freeze(ledger, settings, "smart-city-2023", "I", who="walidata")
    assert (second.freeze.version, list(second.moved)) == (2, [])
    assert content(first.folder) == before
    lines = {
        line.what: line for line in verify(ledger.witnesses, Holdings(settings.home, settings.key_dir, ledger), Scope())
    }
    assert [str(line.damage) for line in lines.values() if line.damage] == []
    assert lines["frozen stages"].count == 2
    assert lines["decisions"].count == decided + len(new) + 2
