"""What number formats show, as spreadsheet programs do."""

import pytest

from connectors.protocols.files.number_format import number_format

ACCOUNTING = '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)'


@pytest.mark.parametrize(
    ("code", "digits", "shown"),
    [
        ("General", "35.1", "35.1"),
        ("@", "7", "7"),
        ("0.00", "35.1", "35.10"),
        ("0.00", "-35.1", "-35.10"),
        ("0.0##", "2", "2.0"),
        ("0.0##", "2.25", "2.25"),
        ("00000000", "1234568", "01234568"),
        ("000", "1234", "1234"),
        ('00"."00', "3507", "35.07"),
        ('"35."00', "7", "35.07"),
        ("0000-0000-0000", "81234567890", "0812-3456-7890"),
        ("0%", "0.18", "18%"),
        ("0.00%", "1.08", "108.00%"),
        ("0.0 %", "0.092", "9.2 %"),
        ('0\\%', "18", "18%"),
        ('0" tahun"', "5", "5 tahun"),
        ("[$Rp-421]0.00", "2.5", "Rp2.50"),
        ("[Red]0", "2", "2"),
        ("0.0;[Red]-0.0", "-2", "-2.0"),
        ("#,##0", "999", "999"),
        (ACCOUNTING, "-12", "(12)"),
        (ACCOUNTING, "0", "-"),
    ],
)  # fmt: skip
def test_a_format_shows_what_a_spreadsheet_shows(code: str, digits: str, shown: str) -> None:
    assert number_format(code).shown(digits) == shown


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        ("0.00", "35.104"),  # digits are left out
        ("0%", "0.184"),
        ("0", "1.5"),
        ("#,##0", "1234"),  # 1.234 here, 1,234 there
        ("#,##0.00", "-1234.5"),
        ("#,##0,", "1000"),  # thousands are hidden
        ("0.00E+00", "15"),
        ("# ?/?", "0.5"),
        ("0%%", "0.5"),
        (";;;", "5"),
        ("#", "0"),
        ("[>5]0;0.0", "5"),
        ("[h]:mm", "1.5"),
        ("yyyy", "3"),
        ("[unknown]", "3"),
        ('"belum ada"', "3"),
    ],
)
def test_p8_what_the_format_alone_does_not_decide_is_not_told(code: str, digits: str) -> None:
    assert number_format(code).shown(digits) is None


@pytest.mark.parametrize(
    ("code", "percent", "odd"),
    [
        ("0.0%", True, False),
        ("0.0%;-0.0%;0", True, False),
        ("0.0;-0.0%", False, False),
        ("[<1]0.0%;0.0", False, True),
        ("[<1]0.0%;0%", True, False),
        ('0"%"', False, False),
        ('"35."00', False, True),
        ('0"00"', False, True),
        ('00"."00', False, True),
        ('0.0" m2"', False, False),
        ('"Rp."0', False, False),
        (ACCOUNTING, False, False),
        ("General", False, False),
    ],
)
def test_percentages_and_digits_of_the_formats_own_are_told(code: str, percent: bool, odd: bool) -> None:
    form = number_format(code)
    assert (form.percent("1"), form.odd) == (percent, odd)
