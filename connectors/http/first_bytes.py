"""What bytes are, told by the first of them: names and labels of what agencies send are often wrong."""

import re

_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a ZIP archive (XLSX and ODS are ZIP archives too)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (XLS)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "a bzip2 file"),
    (b"%PDF-", "a PDF"),
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
_MARKUP = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:(?P<html><!doctype html|<html|<head|<body)|(?P<xml><\?xml|<xml))", re.IGNORECASE
)


def named_by_first_bytes(body: bytes) -> str:
    """What a body is, in words: ``a gzip file``, ``XML``; an empty string where its first bytes do not tell."""
    found = next((name for sign, name in _SIGNS if body.startswith(sign)), "")
    markup = _MARKUP.match(body[:512])
    if found or markup is None:
        return found
    return "XML" if markup.group("xml") else "an HTML page"
