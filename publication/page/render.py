"""Write the page down."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from publication.content import Content
from publication.page.indicators import CALIBRATED, DIFFERS, EQUAL, SYNTHETIC, state_mark
from publication.page.model import Mark
from publication.page.view import page
from publication.page.words import INDICATOR_COLUMNS, Text

TEMPLATES = Path(__file__).parent / "templates"
HELD = Mark("held", "‖", Text("ditahan", "held"))


LEGEND = (
    (state_mark("measured"), Text("dihitung dari baris yang diterima", "computed from rows that were accepted")),
    (state_mark("missing"), Text("perangkat daerah belum mengirimnya; bukan nol", "not delivered; this is not zero")),
    (state_mark("not_applicable"), Text("tidak berlaku untuk daerah ini", "does not apply to this region")),
    (state_mark("suppressed"), Text("jumlah orangnya terlalu sedikit", "too few people are counted")),
    (HELD, Text("versi baik terakhir, lihat tanggal dan alasannya", "last good version; see its date and reason")),
    (SYNTHETIC, Text("dari catatan simulasi", "from simulated records")),
    (
        CALIBRATED,
        Text(
            "simulasi yang persentase atau nilainya mengikuti angka terbit; jumlah di baliknya tidak",
            "simulated so that its rate or value follows a published figure; the counts behind it do not",
        ),
    ),
    (EQUAL, Text("cocok dengan angka penerbit resminya", "agrees with the figure of its authority")),
    (DIFFERS, Text("perlu diselesaikan, tidak dirata-ratakan", "to be settled by people, never averaged away")),
)


def render_page(content: Content, shown: Sequence[tuple[str, Text]]) -> str:
    """The dashboard as one self-contained HTML document. Everything from the data is escaped.

    ``shown`` are files and folders (with a slash behind) that it names, beside those that every publication has.
    """
    script = (TEMPLATES / "script.js").read_text(encoding="utf-8")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=page(content, shown),
            legend=LEGEND,
            indicator_columns=INDICATOR_COLUMNS,
            simulated=SYNTHETIC.text,
            not_applicable=state_mark("not_applicable").text,
            script=Markup(script),  # noqa: S704 - the page's own file; the policy in its head names this very text
            script_hash=f"sha256-{digest}",
        )
    )


def load_templates() -> None:
    """Compile the page's templates now, for a process whose forks will render it."""
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
    environment.globals["say"] = say
    return environment
