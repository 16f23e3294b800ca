"""The pages: they need no server and nothing from elsewhere."""

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path

from ledger.errors import PublicationError
from publication.digests import code_digest
from publication.formats.base import Draft, Format
from publication.page.changes import before
from publication.page.frame import Material, assets, made_of, render, site_of
from publication.page.kinds import all_pages
from publication.tables import Table


def _write(draft: Draft) -> None:
    content = draft.content
    for path, text in assets():
        draft.write(path, code_digest(), partial(str, text))
    pages = all_pages(Material(content, before(draft.folder.parent)))
    site = site_of(content, pages, [item for form in draft.formats for item in form.shown])
    for page in pages:
        draft.write(page.path, made_of(page, site, content), partial(render, page, site))


def _check(folder: Path, _: Mapping[Table, int], made: Collection[str]) -> None:
    for path in sorted(path for path in made if path.endswith(".html")):
        if "</html>" not in (folder / path).read_text(encoding="utf-8")[-200:]:
            raise PublicationError("the page is incomplete", where=path)


FORMAT = Format("page", _write, _check)
