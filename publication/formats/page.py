"""The dashboard: one page that needs no server and nothing from elsewhere."""

from collections.abc import Collection, Mapping
from pathlib import Path

from ledger.errors import PublicationError
from publication.digests import digest_of
from publication.formats.base import Draft, Format
from publication.page.render import render_page
from publication.tables import Table

FILE = "index.html"


def _write(draft: Draft) -> None:
    shown = [item for form in draft.formats for item in form.shown]
    made_of = digest_of(draft.content.meta.publication_id)
    draft.write(FILE, made_of, lambda: render_page(draft.content, shown))


def _check(folder: Path, _: Mapping[Table, int], made: Collection[str]) -> None:
    if FILE in made and "</html>" not in (folder / FILE).read_text(encoding="utf-8")[-200:]:
        raise PublicationError("the page is incomplete", where=FILE)


FORMAT = Format("page", _write, _check)
