"""SIPSN: values by position, tables in HTML, a session."""

from typing import Any

import pytest

from ledger.errors import SourceError

ARGS = {"form": {"tahun": "{tahun}"}, "columns": ["tahun", "kabupaten", "timbulan"]}
CONTEXT = [{"tahun": "2024"}]
HOME = "<html><h1>Capaian</h1></html>"


def failure(run: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        run.pages()
    return caught.value


def test_positions_get_their_names_and_values_stay_as_they_are(pull, reply) -> None:
    markers = b'{"markers":[["2024","Kab. Contoh","135,200.79"],["2024","Kota",1.10]]}'
    run = pull("sipsn", ARGS, [reply(HOME), reply(markers)], CONTEXT)
    [page] = run.pages()
    assert page.records == (
        b'[{"tahun":"2024","kabupaten":"Kab. Contoh","timbulan":"135,200.79"},'
        b'{"tahun":"2024","kabupaten":"Kota","timbulan":1.10}]'
    )
    assert page.body == markers
    home, form = run.asked
    assert home.url == "https://opd.example/base/home"
    assert (form.method, form.form) == ("POST", {"tahun": "2024"})
    assert form.headers["X-Requested-With"] == "XMLHttpRequest"


@pytest.mark.parametrize(
    "markers",
    [[["2024", "x"]], [["2024", "x", "1", "baru"]], [{"tahun": "2024"}], ["2024"], [["2024", ["x"], "1"]]],
)
def test_a_position_more_or_less_is_damage_not_a_shift(pull, reply, markers) -> None:
    error = failure(pull("sipsn", ARGS, [reply(HOME), reply({"markers": markers})], CONTEXT))
    assert error.kind == "damaged"


def test_an_html_page_instead_of_markers_is_damage(pull, reply) -> None:
    run = pull("sipsn", ARGS, [reply(HOME), reply(HOME)], CONTEXT)
    assert failure(run).kind == "damaged"


def test_a_table_is_read_by_its_header(pull, reply, rows_of) -> None:
    html = (
        "<table class='t'><thead><tr><th>Tahun</th><th> KABUPATEN </th><th>Timbulan</th></tr></thead><tbody>"
        "<tr><td>2024</td><td>Kab. <b>Contoh</b> &amp; Kota</td><td>1,5</td></tr><tr></tr></tbody></table>"
    )
    run = pull("sipsn", ARGS | {"kind": "table"}, [reply(HOME), reply({"table": html})], CONTEXT)
    assert rows_of(run.pages()) == [{"tahun": "2024", "kabupaten": "Kab. Contoh & Kota", "timbulan": "1,5"}]
    assert run.asked[1].url.endswith("/home/showdatatable")


@pytest.mark.parametrize(
    "html",
    [
        "<p>tidak ada</p>",
        "<table><tr><th>Tahun</th><th>Timbulan</th><th>Kabupaten</th></tr></table>",
        "<table><tr><th>Tahun</th><th>Kabupaten</th><th>Timbulan</th></tr><tr><td>1</td><td>2</td></tr></table>",
        "<table><tr><th>Tahun</th><th>Kabupaten</th><th>Timbulan</th></tr><tr><td colspan=3>1</td></tr></table>",
        "<table><tr><td>1</td></tr></table><table><tr><td>2</td></tr></table>",
    ],
)
def test_a_table_that_changed_is_damage(pull, reply, html) -> None:
    run = pull("sipsn", ARGS | {"kind": "table"}, [reply(HOME), reply({"table": html})], CONTEXT)
    assert failure(run).kind == "damaged"
