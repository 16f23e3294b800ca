"""What people do in the demo when its publication is there: stage I is frozen, and agencies are asked to act."""

from dataclasses import dataclass

from ledger.settings import Settings
from ledger.store import Ledger
from pilar.commands.console import out

INSTRUMENT, STAGE = "smart-city-2023", "I"
WHO = "demo"


@dataclass(frozen=True, slots=True)
class StagePlayed:
    """Stage I as it stands: how many recommendations are followed up, and what is frozen."""

    recommendations: int
    version: int
    folder: str


def play_stage(ledger: Ledger, settings: Settings) -> StagePlayed:
    """Enter stage I's recommendations and freeze its publication. Nothing is done twice.

    Needs a publication. Raises what freezing raises.
    """
    from definitions.stage import named
    from pilar.stages.follow_up import draw, open_drawn, register
    from pilar.stages.freeze import freeze
    from publication.pointer import resolve

    stage = named(INSTRUMENT, STAGE, None)
    drawn = draw(resolve(settings.published_dir), ledger.findings(), stage)
    open_drawn(ledger, drawn, actor=WHO, due=None)
    found = freeze(ledger, settings, INSTRUMENT, STAGE, who=WHO)
    asked = register(ledger.decisions("follow_up"), stage)
    return StagePlayed(len(asked), found.freeze.version, str(found.folder))


def tell_stage(stage: StagePlayed) -> None:
    """Print it, with the commands that show more."""
    out.print(f"\nStage I  {stage.recommendations} recommendations: pilar followup list", markup=False)
    out.print(f"         frozen as version {stage.version}: {stage.folder}", markup=False)
