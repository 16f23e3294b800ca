"""The pages: they need no server and nothing from elsewhere."""

from collections.abc import Mapping
from pathlib import Path

from ledger.errors import PublicationError
from publication.formats.base import Draft, Format
from publication.formats.csv_files import write_csv
from publication.json_text import to_json
from publication.page import agency, indicator
from publication.page.frame import Material, assets, render, site_of
from publication.page.kinds import all_pages
from publication.page.render import render_page
from publication.paths import COMPARISON
from publication.tables import Table


def _write(draft: Draft) -> None:
    shown = [item for form in draft.formats for item in form.shown]
    _put(draft, COMPARISON, render_page(draft.content, shown))
    for path, text in assets():
        _put(draft, path, text)
    pages = all_pages(Material(draft.content))
    site = site_of(draft.content, pages, shown)
    for page in pages:
        _put(draft, page.path, render(page, site))
    for path, columns, rows in indicator.files(draft.content):
        write_csv(draft.folder / path, columns, rows)
    for path, document in agency.documents(draft.content):
        _put(draft, path, to_json(document))


def _put(draft: Draft, path: str, text: str) -> None:
    target = draft.folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _check(folder: Path, _: Mapping[Table, int]) -> None:
    for page in sorted(folder.rglob("*.html")):
        if "</html>" not in page.read_text(encoding="utf-8")[-200:]:
            raise PublicationError("the page is incomplete", where=page.relative_to(folder).as_posix())


FORMAT = Format("page", _write, _check)
