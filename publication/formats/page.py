"""The pages: they need no server and nothing from elsewhere. One whose content stays the same stays the same file."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

from ledger.errors import PublicationError
from publication.digests import digest_of
from publication.formats.base import Draft, Format
from publication.formats.csv_files import write_csv
from publication.json_text import to_json
from publication.page.frame import Material, Page, assets, render, site_of
from publication.page.kinds import all_pages
from publication.page.render import render_page
from publication.paths import COMPARISON
from publication.tables import Table


def _write(draft: Draft) -> None:
    content, shown = draft.content, [item for form in draft.formats for item in form.shown]
    whole = digest_of(content.meta.publication_id)
    draft.write(COMPARISON, whole, lambda: render_page(content, shown))
    for path, text in assets():
        draft.write(path, digest_of(text), text.encode)
    pages = all_pages(Material(content))
    site = site_of(content, pages, shown)
    for page in pages:
        made_of = digest_of(page.made_of, content.digest(None)) if page.made_of else whole
        draft.write(page.path, digest_of(made_of, site.digest), partial(render, page, site))
        _write_beside(draft, page, made_of)


def _write_beside(draft: Draft, page: Page, made_of: str) -> None:
    if page.table is not None:
        path, rows = page.table
        draft.write_file(path, made_of, partial(_write_table, rows))
    if page.document is not None:
        path, document = page.document
        draft.write(path, made_of, lambda: to_json(document()))


def _write_table(rows: Callable[[], tuple[Collection[str], Collection[Collection[object]]]], path: Path) -> None:
    columns, own = rows()
    write_csv(path, [*columns], [[*row] for row in own])


def _check(folder: Path, _: Mapping[Table, int], made: Collection[str]) -> None:
    for page in sorted(path for path in made if path.endswith(".html")):
        if "</html>" not in (folder / page).read_text(encoding="utf-8")[-200:]:
            raise PublicationError("the page is incomplete", where=page)


FORMAT = Format("page", _write, _check)
