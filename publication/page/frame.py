"""The frame that every page stands in: head, navigation, language, legend, foot, and links that always lead somewhere.

A new kind of page is a module ``publication/page/<kind>.py``, a template ``<kind>.html.j2`` that extends
``base.html.j2`` and fills its block ``main``, and a line in ``kinds.py``. The module has a function
``pages(material) -> Iterator[Page]`` that names each page of its kind. A page's ``view`` is called when it is drawn,
and what it returns is ``view`` in the template, beside ``page`` and ``site``.

A template writes ``{{ text | both }}`` for a Text, ``{{ say("kata", "word") }}`` for its own words, and links to pages
with ``{{ link(path, text) }}`` (``parts.html.j2`` has the marks, charts and tables). ``link`` writes the text alone
where the publication has no such page. ``href(path)`` is the address of a file that every publication has.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from publication.content import Content
from publication.digests import digest_of
from publication.page.states import LEGEND
from publication.page.words import Text, clock, number
from publication.paths import COMPARISON, SCRIPT, STYLE

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = Path(__file__).parent / "assets"
FIRST_FILES = (
    ("marts.duckdb", Text("semua tabel, satu berkas DuckDB", "every table, one DuckDB file")),
    ("datapackage.json", Text("uraian tabel dan kolom", "tables and columns described")),
)
LAST_FILE = ("manifest.json", Text("sidik jari setiap berkas", "hash of every file"))

Shown = Sequence[tuple[str, Text]]
"""Files and folders (with a slash behind) with what they hold."""


@dataclass(frozen=True, slots=True)
class Material:
    """What pages are made from."""

    content: Content


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it stands in the publication, and how it is drawn.

    ``made_of`` is a digest of all that it follows from beside what all pages share; where it is empty, it follows from
    the whole publication. A page with ``nav`` stands in the navigation of all pages under that word. ``trail`` are the
    pages above it, from the outermost in. ``table`` and ``document`` are files that stand beside it: a path, and what
    gives the columns and rows of a CSV file, or a value to be written as JSON.
    """

    path: str
    template: str
    title: Text
    view: Callable[[], object]
    made_of: str = ""
    nav: Text | None = None
    trail: Sequence[tuple[str, Text]] = ()
    table: tuple[str, Callable[[], tuple[Sequence[str], Sequence[Sequence[object]]]]] | None = None
    document: tuple[str, Callable[[], object]] | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages of a publication share. ``paths`` are those of its pages: a link leads to no other page."""

    publication_id: str
    made: Text
    paths: frozenset[str]
    nav: Sequence[tuple[str, Text]]
    simulated: bool
    rubric_assumed: bool
    licence: str | None
    files: Shown
    folders: Sequence[tuple[Sequence[str], Text]]

    @property
    def digest(self) -> str:
        """What stands for it: a page that is the same stays the same file, and names the publication it is from."""
        own = (self.nav, self.simulated, self.rubric_assumed, self.licence, self.files, self.folders)
        return digest_of(repr(own), sorted(self.paths))


def site_of(content: Content, pages: Iterable[Page], shown: Shown) -> Site:
    """What all ``pages`` share. ``shown`` are files and folders that they name beside those every publication has."""
    pages = list(pages)
    rows = [
        *content.index_scores,
        *content.instrument_scores,
        *(row for mart in content.marts.values() for row in mart),
    ]
    return Site(
        publication_id=content.meta.publication_id,
        made=clock(content.meta.created_at),
        paths=frozenset(page.path for page in pages),
        nav=[(page.path, page.nav) for page in pages if page.nav is not None],
        simulated=any(row["synthetic"] for row in rows),
        rubric_assumed=any(row["rubric_status"] != "official" for row in content.question_scores),
        licence=content.meta.data_licence,
        files=[*FIRST_FILES, *(item for item in shown if not item[0].endswith("/")), LAST_FILE],
        folders=_folders(shown),
    )


def render(page: Page, site: Site) -> str:
    """One page as HTML. Everything from the data is escaped."""
    inside = posixpath.dirname(page.path) or "."

    def href(path: str, anchor: str = "") -> str:
        return posixpath.relpath(path, inside) + (f"#{anchor}" if anchor else "")

    def link(path: str, text: Text | str, anchor: str = "") -> Markup:
        said = both(text) if isinstance(text, Text) else text
        if path not in site.paths:
            return Markup("{}").format(said)
        return Markup('<a href="{}">{}</a>').format(href(path, anchor), said)

    given = {"href": href, "link": link, "has": site.paths.__contains__}
    return _environment().get_template(page.template).render(page=page, site=site, view=page.view(), **given)


def assets() -> Iterator[tuple[str, str]]:
    """The files that all pages share, each with its path in the publication and its text."""
    for path in (STYLE, SCRIPT):
        yield path, (ASSETS / posixpath.basename(path)).read_text(encoding="utf-8")


def load_templates() -> None:
    """Compile the templates now, for a process whose forks will render them."""
    for name in _environment().list_templates(extensions=["j2"]):
        _environment().get_template(name)


def both(text: Text) -> Markup:
    """A text in both languages, of which the reader sees one; once where they do not differ."""
    if text.same:
        return Markup("{}").format(text.id)
    return Markup('<span lang="id">{}</span><span lang="en">{}</span>').format(text.id, text.en)


def say(indonesian: str, english: str) -> Markup:
    """The same for words that stand in the template."""
    return both(Text(indonesian, english))


def _folders(shown: Shown) -> list[tuple[Sequence[str], Text]]:
    """Those that hold the same stand together."""
    found: dict[Text, list[str]] = {}
    for path, text in shown:
        if path.endswith("/"):
            found.setdefault(text, []).append(path)
    return [(paths, text) for text, paths in found.items()]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["both"] = both
    environment.globals |= {
        "say": say,
        "num": number,
        "legend": LEGEND,
        "STYLE": STYLE,
        "SCRIPT": SCRIPT,
        "HOME": COMPARISON,
    }
    return environment
