"""A plain document as PDF: headings, facts, tables, contents. The fonts are those that every reader has.

These fonts have the letters of western Europe, which Indonesian and English need. Other signs are written in words or
by the nearest letter.
"""

from collections.abc import Sequence
from unicodedata import normalize

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace
from fpdf.outline import OutlineSection

from definitions.words import Language

_WORDS = str.maketrans({"≥": ">=", "≤": "<=", "−": "-", "–": "-", "—": "-", "×": "x", "÷": ":", "…": "...", "≠": "<>"})
_INK, _MUTED, _ACCENT, _SHADE = (27, 40, 46), (84, 97, 106), (13, 91, 99), (228, 239, 237)
_LINES = (190, 184, 172)
_FONT = "Helvetica"
_LINE = 5.2


class Document(FPDF):
    """A document that grows from its first page to its last."""

    def __init__(self, title: str, *, language: Language, foot: str) -> None:
        super().__init__(format="A4")
        self.foot = foot
        self.set_title(title)
        self.set_lang(language)
        self.set_creator("Pilar")
        self.set_margins(18, 18)
        self.set_auto_page_break(auto=True, margin=20)
        self.alias_nb_pages()
        self.add_page()
        self._text(title, size=20, style="B", height=9)
        self.ln(1)

    def footer(self) -> None:
        """At the foot of each page: what it is of, and its number."""
        self.set_y(-14)
        self.set_font(_FONT, size=8)
        self.set_text_color(*_MUTED)
        self.cell(0, 5, latin(self.foot))
        self.set_x(self.l_margin)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")

    def contents(self, title: str) -> None:
        """A page with the contents, which are known when the document is finished."""
        self.add_page()
        self._text(title, size=14, style="B", height=8)
        self.insert_toc_placeholder(_contents, allow_extra_pages=True)

    def heading(self, text: str, level: int = 0) -> None:
        """A heading, which the contents list too."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(4)
        self.start_section(latin(text), level=level)
        self._text(text, size=14 - 2 * level, style="B", height=7, colour=_ACCENT if level == 0 else _INK)
        self.ln(1)

    def paragraph(self, text: str, *, small: bool = False) -> None:
        """Some sentences."""
        self._text(text, size=8.5 if small else 10, colour=_MUTED if small else _INK)
        self.ln(1)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Words with what they stand for, one a line."""
        self.table_of([], [list(pair) for pair in pairs], (1, 3))

    def table_of(self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """A table, whose head comes again on each page. Nothing where it has no rows."""
        if not rows:
            return
        self.set_font(_FONT, size=8.5)
        self.set_text_color(*_INK)
        self.set_draw_color(*_LINES)
        style = FontFace(emphasis="BOLD", fill_color=_SHADE, color=_INK)
        with self.table(
            col_widths=tuple(widths),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            first_row_as_headings=bool(head),
            headings_style=style,
            line_height=4.4,
            padding=1.2,
            text_align="LEFT",
        ) as table:
            for cells in ([head] if head else []) + [*rows]:
                row = table.row()
                for cell in cells:
                    row.cell(latin(cell))
        self.ln(2)

    def part(
        self, title: str, note: str, head: Sequence[str], rows: Sequence[Sequence[object]], widths: Sequence[int]
    ) -> None:
        """A heading, a sentence on what stands below it, and a table."""
        self.heading(title)
        self.paragraph(note, small=True)
        self.table_of(head, [[str(cell) for cell in row] for row in rows], widths)

    def _text(
        self,
        text: str,
        *,
        size: float,
        style: str = "",
        height: float = _LINE,
        colour: tuple[int, int, int] = _INK,
    ) -> None:
        self.set_font(_FONT, style=style, size=size)
        self.set_text_color(*colour)
        self.multi_cell(0, height, latin(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def latin(text: str) -> str:
    """A text in the letters that the fonts have."""
    told = normalize("NFC", text.translate(_WORDS))
    return told.encode("latin-1", "replace").decode("latin-1")


def _contents(document: FPDF, outline: list[OutlineSection]) -> None:
    """Each heading with its page, and a link to it."""
    document.set_font(_FONT, size=10)
    document.set_text_color(*_INK)
    for section in outline:
        link = document.add_link(page=section.page_number)
        document.set_x(document.l_margin + 6 * section.level)
        document.cell(document.epw - 16 - 6 * section.level, 6, section.name, link=link)
        document.cell(16, 6, str(section.page_number), align="R", link=link, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
