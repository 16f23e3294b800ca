"""What a reader of one language sees of the page, as plain text."""

from html.parser import HTMLParser

from publication.build import Published
from publication.paths import region_page

_VOID = {"meta", "br", "input", "link", "img", "hr"}


class _Readable(HTMLParser):
    def __init__(self, language: str, within: str) -> None:
        super().__init__()
        self.other = {"id": "en", "en": "id"}[language]
        self.within = within
        self.open: list[tuple[bool, bool]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        given = dict(attrs)
        inside, hidden = self.open[-1] if self.open else (False, False)
        foreign = given.get("lang") == self.other and tag != "html" and "always" not in (given.get("class") or "")
        self.open.append((inside or given.get("id") == self.within, hidden or foreign or tag in ("style", "script")))

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == (True, False):
            self.text.append(data)


def readable(html: str, language: str, within: str = "isi") -> str:
    """The text inside the element with the id ``within``, without what is written in the other language."""
    reader = _Readable(language, within)
    reader.feed(html)
    return " ".join("".join(reader.text).split())


def page_of(published: Published, region_code: str) -> str:
    """The page of a region."""
    return (published.path / region_page(region_code)).read_text(encoding="utf-8")
