"""Freezing a stage: the current publication is fixed, signed, and kept for good.

A version is built in a folder of its own, recorded in the ledger, and then gets its name. Killed before it is recorded,
nothing is frozen. Killed afterwards, it is frozen, and the next call gives the folder its name or makes it again.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from definitions.stage import Stage, file_of, named, shipped
from ledger.disk import make_folder, sync
from ledger.errors import AlteredPublicationError, ConfigError, PublicationError
from ledger.machine import machine_error
from ledger.records import Decision
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.evaluation.publish import find, recorded, require_none_withheld
from pilar.stages import frozen
from pilar.stages.follow_up import register
from pilar.stages.frozen import Freeze
from pilar.stages.moved import moved, publishes
from publication.json_text import to_json
from publication.manifest import file_sha256
from publication.verify import verify

Became = Literal["frozen", "already frozen", "made again"]

_LOCK = "freeze"
_DRAFT = ".draft"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call did. ``moved`` is what moved since the version before; nothing where this is the first."""

    became: Became
    freeze: Freeze
    list_sha256: str
    folder: Path
    moved: Sequence[Mapping[str, Any]]


def freeze(
    ledger: Ledger, settings: Settings, instrument: str, stage: str, *, who: str, year: int | None = None
) -> Outcome:
    """Freeze the current publication for a stage of an instrument's year.

    The publication that is frozen already is not frozen again: nothing is changed, unless its folder is gone.
    Raises ConfigError for an instrument, stage or year that there is not, PublicationError where nothing is published,
    or what is was altered or holds a region that is withheld by now, and MachineError where the machine had no room.
    Nothing is then frozen.
    """
    asked = named(instrument, stage, year)
    subject = str(asked)
    with ledger.lock(_LOCK), _on_disk(settings.frozen_dir):
        _name_drafts(ledger, settings)
        versions = ledger.decisions("freeze", subject)
        made_again = [one for place, one in enumerate(versions) if _make_again(ledger, settings, one, versions[:place])]
        before = versions[-1] if versions else None
        folder = find(settings, None)
        row = recorded(ledger, folder.name, verify(folder))
        if before is not None and freeze_of(before).publication == folder.name:
            return _outcome(settings, before, "made again" if before in made_again else "already frozen")
        if not publishes(folder, asked.instrument, asked.year):
            raise ConfigError(
                f"the current publication says nothing of {asked.instrument} {asked.year}",
                where=folder.name,
                do="Evaluate first, or name another --year",
            )
        require_none_withheld(ledger, folder)
        now = ledger.now()
        head = ledger.chain_head(now)
        version = Freeze(
            **asdict(asked),
            version=len(versions) + 1,
            publication=folder.name,
            publication_manifest_sha256=row.manifest_sha256,
            evaluation=row.evaluation_id,
            instrument_sha256=file_sha256(file_of(asked.instrument)),
            receipt=head.seq if head is not None else None,
            receipt_sha256=head.sha256 if head is not None else None,
            decisions=len(ledger.decisions()),
            frozen_by=who,
            frozen_at=_moment(now),
            previous_list_sha256=before.told["list_sha256"] if before is not None else None,
        )
        draft, sealed = _build(ledger, settings, version, before)
        (made,) = ledger.decide("freeze", [(subject, before, {**asdict(version), "list_sha256": sealed})])
        _name(draft, settings.frozen_dir / version.folder)
    return _outcome(settings, made, "frozen")


def freeze_of(decision: Decision) -> Freeze:
    """What a decision of the ledger froze."""
    return Freeze(**{name: value for name, value in decision.told.items() if name != "list_sha256"})


def _outcome(settings: Settings, decision: Decision, became: Became) -> Outcome:
    folder = checked(settings, decision)
    return Outcome(became, freeze_of(decision), decision.told["list_sha256"], folder, frozen.read_moved(folder))


def checked(settings: Settings, decision: Decision) -> Path:
    """The folder of a version, every file of which is the one that was signed and recorded.

    Raises AlteredPublicationError with the first thing that is not.
    """
    folder = settings.frozen_dir / freeze_of(decision).folder
    if frozen.check(folder) != decision.told["list_sha256"]:
        raise _another(folder)
    return folder


# -- folders -----------------------------------------------------------------------------------------------------------


def _name_drafts(ledger: Ledger, settings: Settings) -> None:
    """Give versions that were recorded their names, where the process died in between. Other drafts go."""
    for decision in ledger.decisions("freeze"):
        version = freeze_of(decision)
        draft, target = _draft(settings, version), settings.frozen_dir / version.folder
        if not target.exists() and frozen.list_sha256(draft) == decision.told["list_sha256"]:
            _name(draft, target)
    for left in settings.frozen_dir.glob(f"*{_DRAFT}"):
        shutil.rmtree(left)


def _make_again(ledger: Ledger, settings: Settings, decision: Decision, earlier: Sequence[Decision]) -> bool:
    """Make a folder that is gone again, to the byte. Returns whether it was gone."""
    version = freeze_of(decision)
    target = settings.frozen_dir / version.folder
    if target.exists():
        return False
    draft, sealed = _build(ledger, settings, version, earlier[-1] if earlier else None)
    if sealed != decision.told["list_sha256"]:
        raise _another(target)
    _name(draft, target)
    return True


def _build(ledger: Ledger, settings: Settings, version: Freeze, before: Decision | None) -> tuple[Path, str]:
    draft = _draft(settings, version)
    make_folder(draft)
    publication = find(settings, version.publication)
    since: Sequence[Mapping[str, Any]] = ()
    if before is not None:
        old = checked(settings, before) / frozen.PUBLICATION
        since = moved(old, publication, version.instrument, version.year)
    files = {**_instrument_files(version.instrument), **_register(ledger, version)}
    sealed = frozen.write(draft, version, publication, files, moved=since, key_dir=settings.key_dir)
    if verify(draft / frozen.PUBLICATION) != version.publication_manifest_sha256:
        raise _another(publication)
    return draft, sealed


def _draft(settings: Settings, version: Freeze) -> Path:
    return settings.frozen_dir / f"{version.folder.replace('/', '-')}{_DRAFT}"


def _name(draft: Path, target: Path) -> None:
    make_folder(target.parent)
    draft.rename(target)
    sync(target.parent)
    sync(draft.parent)


@contextmanager
def _on_disk(folder: Path) -> Iterator[None]:
    try:
        make_folder(folder)
        yield
    except (OSError, MemoryError) as error:
        raise machine_error(error, str(folder)) or PublicationError(
            f"the stage could not be frozen ({type(error).__name__}: {error})",
            where=str(folder),
            do="Mend it and run it again; nothing is half frozen",
        ) from error


def _another(folder: Path) -> AlteredPublicationError:
    return AlteredPublicationError(
        "this is not what was frozen: the list that the ledger recorded is another one",
        where=str(folder),
        do="Restore the folder from a backup; `pilar verify` names what was altered",
    )


def _instrument_files(instrument: str) -> Mapping[str, bytes]:
    """The file of an instrument, and that of the one it is based on."""
    based_on = shipped(instrument).based_on
    return {
        f"instrument/{name}.yaml": file_of(name).read_bytes() for name in (instrument, based_on) if name is not None
    }


def _register(ledger: Ledger, version: Freeze) -> Mapping[str, bytes]:
    """The follow-up register as it was; no file where nothing was asked of anybody."""
    decided = [one for one in ledger.decisions("follow_up") if one.seq <= version.decisions]
    found = register(decided, Stage(version.instrument, version.year, version.stage))
    if not found:
        return {}
    return {"follow-up.json": to_json([{"id": one.id, **asdict(one)} for one in found]).encode()}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
