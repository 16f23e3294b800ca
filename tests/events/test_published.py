"""Serving the current publication: whole, current, hashed, and nothing beside it."""

import hashlib
import os
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from ledger.settings import Settings


@pytest.fixture
def published(settings: Settings) -> Path:
    """Two publications; the pointer is at the first."""
    for name in ("P1", "P2"):
        folder = settings.published_dir / name
        (folder / "pages").mkdir(parents=True)
        (folder / "index.html").write_text(f"<h1>{name}</h1>")
        (folder / "pages" / "index.html").write_text("the same in both")
        (folder / "marts.duckdb").write_bytes(bytes(range(100)))
    point(settings.published_dir, "P1")
    (settings.published_dir / "secret.txt").write_text("beside")
    return settings.published_dir


def point(folder: Path, name: str) -> None:
    draft = folder / "draft"
    draft.symlink_to(name)
    draft.replace(folder / "current")


def test_before_the_first_publication_the_answer_says_so(door: TestClient) -> None:
    answer = door.get("/published/")
    assert answer.status_code == 404
    assert "nothing is published yet" in answer.json()["error"]


def test_the_home_page_leads_to_the_current_publication(door: TestClient, published: Path) -> None:
    answer = door.get("/")
    assert answer.status_code == 200
    assert answer.url.path == "/published/"
    assert answer.text == "<h1>P1</h1>"
    assert answer.headers["content-type"].startswith("text/html")
    assert door.get("/published/pages").text == "the same in both"


def test_p3_the_pointer_decides_and_unchanged_files_are_not_sent_again(door: TestClient, published: Path) -> None:
    first = door.get("/published/index.html")
    assert first.headers["etag"] == f'"{hashlib.sha256(b"<h1>P1</h1>").hexdigest()}"'
    same = door.get("/published/pages/index.html").headers["etag"]
    point(published, "P2")
    changed = door.get("/published/index.html", headers={"if-none-match": first.headers["etag"]})
    assert (changed.status_code, changed.text) == (200, "<h1>P2</h1>")
    again = door.get("/published/pages/index.html", headers={"if-none-match": f'"x", W/{same}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == same


def test_a_file_that_was_replaced_in_place_gets_another_etag(door: TestClient, published: Path) -> None:
    before = door.get("/published/index.html").headers["etag"]
    file = published / "P1" / "index.html"
    file.write_text("<h1>P9</h1>")
    os.utime(file, ns=(1, 1))
    assert door.get("/published/index.html").headers["etag"] != before


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "/etc/passwd",
        "%2fetc/passwd",
        "a%00b",
        "x" * 5000,
        "no",
    ],
)
def test_nothing_beside_the_publication_is_served(door: TestClient, published: Path, path: str) -> None:
    assert door.get(f"/published/{path}").status_code == 404


def test_a_link_that_leads_out_is_not_followed(door: TestClient, published: Path) -> None:
    (published / "P1" / "out.txt").symlink_to(published / "secret.txt")
    assert door.get("/published/out.txt").status_code == 404


def test_a_part_of_a_file_can_be_read(door: TestClient, published: Path) -> None:
    answer = door.get("/published/marts.duckdb", headers={"range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, bytes(range(10, 20)))
    assert door.head("/published/marts.duckdb").headers["content-length"] == "100"
