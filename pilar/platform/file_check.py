"""What the interface for machines is handed to check files with: the contracts of the installation's sources."""

from collections.abc import Mapping
from typing import Any

from api.checks import Checked, Checker, Refused
from connectors.pull.file_check import FileCheck, check_file, remove_unfinished
from connectors.source.source import Source
from ledger.errors import ConfigError
from ledger.masks import mask_numbers
from ledger.settings import Settings
from pilar.platform.senders import SourceFolder
from pilar.sources.catalogue import find_source

LONGEST_NAME = 60


def checker(settings: Settings) -> Checker:
    """Checks by the sources of an installation. Raises ConfigError when there is no folder of them.

    Made once, where a process begins: what earlier ones left that were killed is removed.
    """
    remove_unfinished()
    folder = SourceFolder(settings.sources_dir)

    def opd_of(source_id: str) -> str | None:
        source = folder.find(source_id)
        return source.opd if source is not None else None

    def check(source_id: str, name: str, body: bytes) -> Checked:
        if folder.find(source_id) is None:
            raise ConfigError(f"there is no source {source_id!r}")
        # As the installation asks for it, with each of its regions.
        source = find_source(settings, source_id)
        return _told(source, check_file(source, name, body))

    return Checker(opd_of, check)


def _told(source: Source, found: FileCheck) -> Checked:
    refused = [
        Refused(
            row=one["row"] + 1,
            line=one["place"],
            field=one["field"],
            rule=one["rule"],
            value=one["value"],
            expected=one["expected"],
            message=_message(one),
        )
        for one in found.refused
    ]
    return Checked(
        source=source.id,
        schema=[_column(name, column) for name, column in source.contract.landed.items()],
        rows_received=found.received,
        rows_good=found.landed,
        rows_refused=found.quarantined,
        # Where a file has no header, its first row stands here.
        unknown=[mask_numbers(name, whole=True)[:LONGEST_NAME] for name in found.unknown],
        absent=found.absent,
        refused=refused,
        all_told=len({one.row for one in refused}) == found.quarantined,
    )


def _message(one: Mapping[str, Any]) -> str:
    wanted = f": {one['expected']} is expected" if one["expected"] else ""
    return f"{one['field'] or 'the row'} breaks the rule {one['rule']}{wanted}"


def _column(name: str, column: Any) -> Mapping[str, Any]:
    told = column.description
    said = {
        "name": name,
        "type": column.type,
        "required": column.required,
        "personal": column.personal is not None,
        "unit": column.unit,
        "description": told if told is None or isinstance(told, str) else told.model_dump(),
    }
    return {key: value for key, value in said.items() if value is not None}
