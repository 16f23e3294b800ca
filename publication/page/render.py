"""Write the page down."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from markupsafe import Markup

from publication.content import Content
from publication.page.frame import _environment
from publication.page.states import LEGEND, SYNTHETIC, state_mark
from publication.page.view import page
from publication.page.words import INDICATOR_COLUMNS, Text

TEMPLATES = Path(__file__).parent / "templates"


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
            legend=[item for _, signs in LEGEND for item in signs],
            indicator_columns=INDICATOR_COLUMNS,
            simulated=SYNTHETIC.text,
            not_applicable=state_mark("not_applicable").text,
            script=Markup(script),  # noqa: S704 - the page's own file; the policy in its head names this very text
            script_hash=f"sha256-{digest}",
        )
    )
