"""Tables made for browsers: what a cell shows is one value, or the table is refused; traps end quickly."""

import time

import pytest

from connectors.protocols.html_table import TableError, read_table


def table(cell: str) -> str:
    return f"<table><tr><th>a</th><th>b</th></tr><tr><td>{cell}</td><td>2</td></tr></table>"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("1<br>2", "1 2"),
        ("12<sup>3</sup>", "12 3"),
        ("<del>10</del>12", "10 12"),
        ("<p>1</p><p>2</p>", "1 2"),
        ("<li>1<li>2", "1 2"),
        ("<template>7</template>1", "7 1"),
        ("Kab. <b>Con</b>toh <span>x</span>", "Kab. Contoh x"),
        ("&nbsp;1&nbsp;", "1"),
        ("1<!-- x -->", "1"),
        ("<script>9</script>1", "1"),
        ("&lt;b&gt;", "<b>"),
        ("&#0;", "\ufffd"),
        ("&#xD800;", "\ufffd"),
        ("&#1632;", "٠"),
        ("=1+1", "=1+1"),
    ],
)
def test_what_stands_apart_in_a_cell_does_not_become_one_number(cell: str, text: str) -> None:
    assert read_table(table(cell)) == (["a", "b"], [[text, "2"]])


@pytest.mark.parametrize(
    ("html", "words"),
    [
        (table("1")[:-8], "does not end"),
        ("<table><tr><th>a</th></tr><tr><td>1</td></tr>", "does not end"),
        (table('<input value="5">'), "form"),
        (table("<select><option>1<option selected>2</select>"), "form"),
        (table("1<table><tr><td>9"), "2 tables"),
        (table("<td>5"), "3 cells"),
        ("", "0 tables"),
        (table("&#" + "1" * 5000 + ";"), "no HTML"),
        (table("<![x[5]]>"), "no HTML"),
    ],
)
def test_p10_what_is_no_whole_plain_table_is_refused(html: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        read_table(html)


@pytest.mark.fault(17)
def test_entities_of_a_doctype_are_not_expanded() -> None:
    laughs = "<!DOCTYPE x [<!ENTITY a 'lol'>" + "".join(
        f"<!ENTITY {b} '&{a};&{a};'>" for a, b in zip("abc", "bcd", strict=True)
    )
    _, rows = read_table(laughs + "]>" + table("&d;"))
    assert rows == [["&d;", "2"]]


@pytest.mark.parametrize("part", ["<", "<td ", "<!--", "<![CDATA[", "</", "<?", "<td a='", "&", "<td>", "<b>"])
def test_what_is_made_to_take_long_does_not(part: str) -> None:
    """16 kB of tags without an end took a second, four times as long for twice as many."""
    started = time.monotonic()
    with pytest.raises(TableError):
        read_table("<table><tr>" + part * (300_000 // len(part)))
    assert time.monotonic() - started < 5
