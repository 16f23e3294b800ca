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
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

import jinja2
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from publication.content import Content, distinct
from publication.digests import digest_of
from publication.page import states
from publication.page.changes import Before
from publication.page.words import INDICATOR_COLUMNS, Text, clock, number, row_count, row_sum
from publication.paths import COMPARISON, SCRIPT, STYLE, agency_page, indicator_page, stage_page

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = Path(__file__).parent / "assets"
FIRST_FILE = ("marts.duckdb", Text("semua tabel, satu berkas DuckDB", "every table, one DuckDB file"))
LAST_FILE = ("manifest.json", Text("sidik jari setiap berkas", "hash of every file"))

Shown = Sequence[tuple[str, Text]]
"""Files and folders (with a slash behind) with what they hold."""


@dataclass(frozen=True, slots=True)
class Material:
    """What pages are made from: this publication, and the one before where there is one."""

    content: Content
    before: Before | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it stands in the publication, and how it is drawn.

    ``region_code`` names the region whose rows it reads, where it reads those of one alone, and ``reads`` what else it
    follows from, as values that JSON can say. A page of no region that names nothing it reads is made anew in each
    publication. A page with ``nav`` stands in the navigation of all pages under that word. ``trail`` are the pages
    above it, from the outermost in. ``table`` and ``document`` are files that stand beside it: a path, and the
    relation that a CSV file is made of, or what gives a value to be written as JSON.
    """

    path: str
    template: str
    title: Text
    view: Callable[[], object]
    region_code: str | None = None
    reads: object = None
    nav: Text | None = None
    trail: Sequence[tuple[str, Text]] = ()
    table: tuple[str, str] | None = None
    document: tuple[str, Callable[[], object]] | None = None


@dataclass(frozen=True)
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

    @cached_property
    def shared(self) -> str:
        """What stands for everything here but the publication itself."""
        shown = [[path, text.id, text.en] for path, text in self.files]
        shown += [[*paths, text.id, text.en] for paths, text in self.folders]
        return digest_of(sorted(self.paths), self.simulated, self.rubric_assumed, self.licence, shown)


def site_of(content: Content, pages: Iterable[Page], shown: Shown) -> Site:
    """What all ``pages`` share. ``shown`` are files and folders that they name beside those every publication has."""
    pages = list(pages)
    tables = (content.index_scores, content.instrument_scores, *content.marts.values())
    statuses = distinct(content.question_scores, "rubric_status")
    return Site(
        publication_id=content.meta.publication_id,
        made=clock(content.meta.created_at),
        paths=frozenset(page.path for page in pages),
        nav=[(page.path, page.nav) for page in pages if page.nav is not None],
        simulated=any(row["synthetic"] for table in tables for row in distinct(table, "synthetic")),
        rubric_assumed=any(row["rubric_status"] != "official" for row in statuses),
        licence=content.meta.data_licence,
        files=[FIRST_FILE, *(item for item in shown if not item[0].endswith("/")), LAST_FILE],
        folders=_folders(shown),
    )


def made_of(page: Page, site: Site, content: Content) -> str:
    """What stands for all that a page follows from. It names the publication in which it was made, and no other."""
    if page.region_code is None and page.reads is None:
        return digest_of(site.publication_id)
    shared = [page.title.id, page.title.en, [[path, text.id, text.en] for path, text in (*site.nav, *page.trail)]]
    # A page of no region names each of them, and its table may have any of their codes.
    named = content.regions if page.region_code is None else ()
    return digest_of(content.digest(page.region_code), named, page.reads, shared, site.shared)


def render(page: Page, site: Site) -> str:
    """One page as HTML. Everything from the data is escaped."""
    inside = posixpath.dirname(page.path) or "."

    def href(path: str, anchor: str = "") -> str:
        return _relative(path, inside) + (f"#{anchor}" if anchor else "")

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


# It asks the system for its folder each time, and the pages of a folder lead to the same places.
_relative = lru_cache(maxsize=20_000)(posixpath.relpath)


# The same words stand in many places of many pages.
@lru_cache(maxsize=20_000)
def both(text: Text) -> Markup:
    """A text in both languages, of which the reader sees one; once where they do not differ."""
    if text.same:
        return Markup("{}").format(text.id)
    return Markup('<span lang="id">{}</span><span lang="en">{}</span>').format(text.id, text.en)


@lru_cache(maxsize=20_000)
def both_svg(text: Text) -> Markup:
    """The same inside a drawing."""
    if text.same:
        return Markup("{}").format(text.id)
    return Markup('<tspan lang="id">{}</tspan><tspan lang="en">{}</tspan>').format(text.id, text.en)


@lru_cache(maxsize=20_000)
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


class _Constant(NodeTransformer):
    """Words that stand in a template become part of its text: nothing is left to do of them where it is drawn."""

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  # Jinja names it
        given = [one.value for one in node.args if isinstance(one, nodes.Const)]
        if isinstance(node.node, nodes.Name) and node.node.name == "say" and len(given) == len(node.args):
            return nodes.Const(say(*given), lineno=node.lineno)
        return self.generic_visit(node)


class _Compiler(CodeGenerator):
    """Compiles templates to code that does little where a page is drawn."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802  # Jinja names it
        super().visit_Template(_Constant().visit(node), frame)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        assert frame.eval_ctx.autoescape
        assert finalize.src is None
        self.write("environment.escaped(")


def _escaped(value: object) -> Markup:
    """What may stand in a page. Most of it is escaped already, and Jinja would make it anew."""
    return value if type(value) is Markup else escape(value)


class _Compiled(BytecodeCache):
    """The compiled templates, where Python has its own compiled modules; where nothing can be written, none is kept."""

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError), _compiled(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        path = _compiled(bucket)
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            # Whole or not at all, where several processes write.
            with NamedTemporaryFile(dir=path.parent, suffix=path.suffix, delete=False) as file:
                bucket.write_bytecode(file)
            Path(file.name).replace(path)

    def get_source_checksum(self, source: str) -> str:
        """What compiles it counts as well as its text."""
        return super().get_source_checksum(f"{source}{jinja2.__version__}{Path(__file__).read_text(encoding='utf-8')}")


def _compiled(bucket: Bucket) -> Path:
    return TEMPLATES / "__pycache__" / f"{bucket.key}.pyc"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        bytecode_cache=_Compiled(),
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.code_generator_class = _Compiler
    environment.filters["both"] = both
    environment.filters["both_svg"] = both_svg
    environment.globals |= {
        "indicator_columns": INDICATOR_COLUMNS,
        "num": number,
        "rows": row_count,
        "row_sum": row_sum,
        "agency_page": agency_page,
        "indicator_page": indicator_page,
        "stage_page": stage_page,
        "signs": states,
    }
    environment.globals |= {"say": say, "legend": states.LEGEND, "STYLE": STYLE, "SCRIPT": SCRIPT, "HOME": COMPARISON}
    environment.escaped = _escaped  # type: ignore[attr-defined]  # compiled templates know the environment alone
    return environment
