"""Formats that are one file for the whole publication."""

from collections.abc import Callable, Mapping
from pathlib import Path

from publication.formats.base import Draft, Format
from publication.json_text import check_json, to_json
from publication.page.words import Text
from publication.tables import Table


def of_json(name: str, file: str, document: Callable[[Draft], object], shown: Text) -> Format:
    """A format that is one JSON document. ``shown`` is what the page says of it."""

    def write(draft: Draft) -> None:
        (draft.folder / file).write_text(to_json(document(draft)), encoding="utf-8")

    def check(folder: Path, _: Mapping[Table, int]) -> None:
        check_json(folder / file)

    return Format(name, write, check, ((file, shown),))
