"""Serving the current publication from its folder: a reader costs a file read, and what it has already costs nothing.

``published/current`` points at one immutable folder. The pointer is followed once a request, so no answer is a mixture
of two publications; the ETag is the hash of the file's content, so what a new publication did not change is not sent
again.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

INDEX = "index.html"
POINTER = "current"
# The pointer may move at any time: a browser must ask again, and is told 304 when nothing changed.
CACHE_CONTROL = "no-cache"


def redirect_home() -> Response:
    """From ``/`` to the folder, so that the pages' relative links lead somewhere."""
    return RedirectResponse("published/")


def serve(published_dir: Path, path: str, request: Request) -> Response:
    """A file of the current publication; a folder answers with its ``index.html``."""
    current = published_dir / POINTER
    if not current.exists():
        return _missing("nothing is published yet", "Wait for the first evaluation, or run `pilar evaluate`")
    root = current.resolve()
    file = _find(root, path)
    if file is None:
        return _missing("there is no such file in the current publication", "Start at /published/")
    status = file.stat()
    etag = f'"{_sha256(file, status.st_mtime_ns, status.st_size)}"'
    headers = {"etag": etag, "cache-control": CACHE_CONTROL, "x-content-type-options": "nosniff"}
    if etag in _known(request):
        return Response(status_code=304, headers=headers)
    return FileResponse(file, headers=headers, stat_result=status)


def _find(root: Path, path: str) -> Path | None:
    """The file behind a path; None when there is none, or when the path leads out of the folder."""
    try:
        file = (root / path).resolve()
        if file.is_dir():
            file = (file / INDEX).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):
        # Longer than a name can be, or with a NUL in it.
        return None


def _known(request: Request) -> set[str]:
    """The ETags that the reader has."""
    return {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}


@lru_cache(maxsize=4096)
def _sha256(file: Path, _modified: int, _size: int) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _missing(what: str, do: str) -> Response:
    return JSONResponse({"error": what, "do": do}, status_code=404)
