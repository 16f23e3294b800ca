"""The pages: they need no server and nothing from elsewhere. One whose content stays the same stays the same file."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

from ledger.errors import PublicationError
from publication.content import Content
from publication.digests import code_digest
from publication.formats.base import Draft, Format
from publication.formats.csv_files import write_relation
from publication.json_text import to_json
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
        follows = made_of(page, site, content)
        draft.write(page.path, follows, partial(render, page, site), page.region_code)
        if page.table is not None:
            path, relation = page.table
            draft.write_file(path, follows, partial(_write_table, content, relation))
        if page.document is not None:
            path, document = page.document
            draft.write(path, follows, partial(_as_json, document))


def _write_table(content: Content, relation: str, path: Path) -> None:
    write_relation(content.reading.connection, relation, path)


def _as_json(document: Callable[[], object]) -> str:
    return to_json(document())


def _check(folder: Path, _: Mapping[Table, int], made: Collection[str]) -> None:
    for path in sorted(path for path in made if path.endswith(".html")):
        if "</html>" not in (folder / path).read_text(encoding="utf-8")[-200:]:
            raise PublicationError("the page is incomplete", where=path)


FORMAT = Format("page", _write, _check)
