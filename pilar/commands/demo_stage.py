"""What people do in the demo: one answer is returned, stage I is frozen, and agencies are asked to act."""

from dataclasses import dataclass

from ledger.records import AnswerMove
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.commands.console import out

INSTRUMENT, STAGE = "smart-city-2023", "I"
WHO = "demo"


NOTE = "Dokumen tahun lalu; kirim dokumen tahun ini."


@dataclass(frozen=True, slots=True)
class StagePlayed:
    """Stage I as it stands: what was returned, how many recommendations are followed up, and what is frozen."""

    returned: str
    recommendations: int
    version: int
    folder: str


def return_answer(ledger: Ledger, settings: Settings) -> str:
    """Return the first answer that was handed in, once. Returns which was, empty where none is handed in yet."""
    from definitions.answer_states import read_windows
    from pilar.evaluation.answer_states import judge

    known = [link for link in ledger.transitions() if link.move.key.instrument == INSTRUMENT]
    own = [link.move for link in known if (link.move.actor, link.move.to_state) == (WHO, "returned")]
    if not own:
        handed_in = sorted((link.move.key for link in known if link.move.to_state == "submitted"), key=str)
        if not handed_in:
            return ""
        own = [AnswerMove(handed_in[0], "returned", "internal", WHO, ledger.now(), reason="wrong", note=NOTE)]
        _made, refused = ledger.move_answers(own, judge(read_windows(settings.home)))
        if refused:
            return ""
    return f"{own[0].key.code} {own[0].key.region_code}"


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
    return StagePlayed(return_answer(ledger, settings), len(asked), found.freeze.version, str(found.folder))


def tell_stage(stage: StagePlayed) -> None:
    """Print it, with the commands that show more."""
    code, region = stage.returned.split() if stage.returned else ("", "")
    show = f"pilar answer show {region} {code} --instrument {INSTRUMENT} --year {INSTRUMENT[-4:]}"
    out.print(
        f"\nStage I  {'answer ' + code + ' was returned: ' + show if code else 'no answer was returned'}", markup=False
    )
    out.print(f"         {stage.recommendations} recommendations: pilar followup list", markup=False)
    out.print(f"         frozen as version {stage.version}: {stage.folder}", markup=False)
