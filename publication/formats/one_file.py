"""Formats that are one file for the whole publication."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from publication.formats.base import Draft, Format
from publication.json_text import check_json, to_json
from publication.page.words import Text
from publication.tables import Table


def of_json(name: str, file: str, document: Callable[[Draft], object], shown: Text) -> Format:
    """A format that is one JSON document. ``shown`` is what the page says of it."""

    def write(draft: Draft) -> None:
        # It names the publication, and so is always another one.
        draft.write(file, draft.content.meta.publication_id, lambda: to_json(document(draft)))

    def check(folder: Path, _: Mapping[Table, int], made: Collection[str]) -> None:
        if file in made:
            check_json(folder / file)

    return Format(name, write, check, ((file, shown),))
