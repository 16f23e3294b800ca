"""Which texts a column of numbers reads, as SQL: plain digits, in the marks of the declared locale, and exactly."""

from dataclasses import dataclass

from connectors.source.columns import Column
from ledger.sql import literal

# Thousands mark and decimal mark of the declared locales.
_MARKS = {"id": (".", ","), "en": (",", "."), None: ("", ".")}


@dataclass(frozen=True)
class Numbers:
    """The reading of one column; ``x`` is SQL for a cleaned text.

    One mark before three digits may be the decimal mark, or another locale's thousands mark: 12.000 is 12 or 12,000.
    Such a text is not read. It has one meaning where the type has three decimals or more, where the thousands have
    marks of their own (12.000,000), and where no thousands begin so (0.500, 1234.000).
    """

    column: Column

    def value(self, x: str) -> str:
        """A text as a number, or NULL."""
        return self._guarded(x, self._certain, self._plain(x))

    def value_of_json(self, x: str) -> str:
        """The digits of a JSON number, whose mark is a decimal one, as a number, or NULL."""
        return self._guarded(x, rf"[+-]?[0-9]+([.]{self._decimals})?", x)

    def rule(self, x: str) -> str:
        """Which rule a text broke that is not read."""
        rule = _scale_or_type(x, rf"[+-]?{self._whole}([{self._mark}][0-9]+)?")
        ambiguous = self.column.may_be_thousands
        return f"CASE WHEN {self._is_ambiguous(x)} THEN 'ambiguous' ELSE {rule} END" if ambiguous else rule

    def rule_of_json(self, x: str) -> str:
        """Which rule a JSON number broke that is not read."""
        return _scale_or_type(x, "[+-]?[0-9]+([.][0-9]+)?")

    def readings(self, x: str) -> str | None:
        """Both readings of a text that has two, in words; NULL for any other text. None where no text has two."""
        if not self.column.may_be_thousands:
            return None
        whole, decimals = f"left({x}, -4)", f"rtrim(right({x}, 3), '0')"
        small = f"{whole} || CASE WHEN {decimals} = '' THEN '' ELSE '.' || {decimals} END"
        large = f"{whole} || ',' || right({x}, 3)"
        told = f"{small} || ' or ' || {large} || ', written so that it can only be one of them'"
        return f"CASE WHEN {self._is_ambiguous(x)} THEN {told} END"

    @property
    def words(self) -> str:
        """What would have been read."""
        kind = self.column.sql_type
        if kind.kind != "decimal":
            return f"a whole number like 1{self._thousands}234"
        places = f"{self._mark}{'5' * kind.scale}" if kind.scale else ""
        digits = kind.precision - kind.scale
        return f"a number like 1{self._thousands}234{places}, at most {digits} digits before the mark"

    @property
    def _certain(self) -> str:
        """The texts that have one reading."""
        if not self.column.may_be_thousands:
            return rf"[+-]?{self._whole}([{self._mark}]{self._decimals})?"
        # Of the shape [1-9][0-9]{0,2}[mark][0-9]{3} none may be read: fractions of other lengths, or other whole parts.
        scale = self.column.sql_type.scale
        if self.column.rounding:
            fractions = "[0-9]{1,2}|[0-9]{4,}"
        elif scale:
            fractions = rf"[0-9]{{1,{scale}}}0{{0,{2 - scale}}}|[0-9]{{{scale}}}0{{{4 - scale},}}"
        else:
            fractions = "0{1,2}|0{4,}"
        others = "|".join(filter(None, (self._grouped, "0[0-9]*", "[0-9]{4,}")))
        return rf"[+-]?(({others})([{self._mark}]{self._decimals})?|[1-9][0-9]{{0,2}}([{self._mark}]({fractions}))?)"

    def _is_ambiguous(self, x: str) -> str:
        """Of the shape that has two readings, and both would be read."""
        shapes = (rf"[+-]?[1-9][0-9]{{0,2}}[{self._mark}][0-9]{{3}}", rf"[+-]?[0-9]+[{self._mark}]{self._decimals}")
        return "({})".format(" AND ".join(f"regexp_full_match({x}, {literal(shape)})" for shape in shapes))

    def _guarded(self, x: str, pattern: str, digits: str) -> str:
        # DuckDB rounds what has too many decimals, and reads 0x1F, 1_000 and 1e3 too: only plain digits come to it.
        kind = self.column.sql_type.sql
        return f"CASE WHEN regexp_full_match({x}, {literal(pattern)}) THEN TRY_CAST({digits} AS {kind}) END"

    def _plain(self, x: str) -> str:
        """A readable text as DuckDB writes numbers."""
        if self.column.locale is None:
            return x
        return f"replace(replace({x}, {literal(self._thousands)}, ''), {literal(self._mark)}, '.')"

    @property
    def _thousands(self) -> str:
        return _MARKS[self.column.locale][0]

    @property
    def _mark(self) -> str:
        return _MARKS[self.column.locale][1]

    @property
    def _grouped(self) -> str:
        # Nobody groups digits behind a zero: 0.123 is a number of the other locale, and a thousand times smaller.
        return rf"[1-9][0-9]{{0,2}}([{self._thousands}][0-9]{{3}})+" if self._thousands else ""

    @property
    def _whole(self) -> str:
        return f"({self._grouped}|[0-9]+)" if self._grouped else "[0-9]+"

    @property
    def _decimals(self) -> str:
        if self.column.rounding:
            return "[0-9]+"
        scale = self.column.sql_type.scale
        return rf"[0-9]{{1,{scale}}}0*" if scale else "0+"


def _scale_or_type(x: str, readable: str) -> str:
    return f"CASE WHEN regexp_full_match({x}, {literal(readable)}) THEN 'precision' ELSE 'type' END"
