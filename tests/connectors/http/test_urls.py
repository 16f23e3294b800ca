"""Origins, joins, links and placeholders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.urls import fill, fill_path, next_link, origin, same_origin, under
from ledger.errors import ConfigError, SourceError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://H.example/a", ("https", "h.example", 443)),
        ("http://h:8080", ("http", "h", 8080)),
        ("http://[::1]:5/x", ("http", "[::1]", 5)),
    ],
)
def test_origin(url: str, expected: tuple[str, str, int]) -> None:
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url", ["ftp://h/a", "//h/a", "/a", "file:///etc/passwd", "https://u:p@h/", "http://", "http://h:x/"]
)
def test_what_is_not_a_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(SourceError):
        origin(url)


HERE = "https://opd.example/api/list?page=1"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("?page=2", "https://opd.example/api/list?page=2"),
        ("/api/list?page=2", "https://opd.example/api/list?page=2"),
        ("https://opd.example:443/x", "https://opd.example:443/x"),
        ("//OPD.example/x", "https://OPD.example/x"),
    ],
)
def test_links_on_the_same_host_are_followed(link: str, target: str) -> None:
    assert same_origin(link, HERE) == target


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/x",
        "//evil.example/x",
        "http://opd.example/x",
        "https://opd.example:8443/x",
        "https://opd.example@evil.example/x",
        "https://opd.example.evil.example/",
        "https://evil.example\\@opd.example/",
        "https://169.254.169.254/latest",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "\thttps://evil.example",
    ],
)
def test_links_to_elsewhere_are_refused(link: str) -> None:
    with pytest.raises(SourceError):
        same_origin(link, HERE)


def test_going_over_to_https_is_allowed_and_back_is_not() -> None:
    assert same_origin("https://opd.example/x", "http://opd.example/x") == "https://opd.example/x"
    with pytest.raises(SourceError):
        same_origin("https://opd.example/x", "http://opd.example:8080/x")


def test_paths_go_below_the_connections_own() -> None:
    assert under("https://h/base/", "/a/b") == "https://h/base/a/b"
    assert under("https://h/base", "") == "https://h/base"


def test_placeholders() -> None:
    context = {"kode_daerah": "64.02", "nama": "a/b ?&ü"}
    assert fill("x-{kode_daerah}-{nama}", context) == "x-64.02-a/b ?&ü"
    assert fill_path("/d/{kode_daerah}/{nama}", context) == "/d/64.02/a%2Fb%20%3F%26%C3%BC"


@pytest.mark.fault(23)
@pytest.mark.parametrize("value", ["..", ".", "", " ", "a\nb", "a\x00b"])
def test_a_value_cannot_climb_or_break_a_path(value: str) -> None:
    with pytest.raises(ConfigError):
        fill_path("/a/{x}/b", {"x": value})


@pytest.mark.parametrize("template", ["/a/{tahun}", "/{Tahun}", "/{}", "/{x!r}", "/{x.y}"])
def test_p10_unknown_placeholders_are_named(template: str) -> None:
    with pytest.raises(ConfigError):
        fill_path(template, {"x": "1"})


def test_a_path_may_not_climb() -> None:
    with pytest.raises(ConfigError, match="climb"):
        fill_path("/a/../b", {})


@given(st.text(max_size=60))
def test_whatever_the_value_it_stays_one_segment(value: str) -> None:
    try:
        path = fill_path("/a/{x}/b", {"x": value})
    except (ConfigError, UnicodeEncodeError):
        return
    assert path.count("/") == 3
    assert path.startswith("/a/")
    assert "?" not in path
    assert "#" not in path


@pytest.mark.parametrize(
    ("header", "link"),
    [
        ('<https://h/a?page=2>; rel="next", <https://h/a?page=9>; rel="last"', "https://h/a?page=2"),
        ('</a?page=2>; rel="prev next"', "/a?page=2"),
        ('<https://h/a>; rel="last"', ""),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_next_links_in_headers(header: str, link: str) -> None:
    assert next_link({"Link": header}) == link
