"""What a piece of evidence is, told by its own bytes: hash, kind, size, pages, and whether it is signed and by whom.

A signature is looked at as far as it protects the bytes: the digest in it is computed again. Whether the signer's key
and certificate are to be trusted is not decided here.
"""

import hashlib
import re
import warnings
import zlib
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509 import Certificate
from cryptography.x509.oid import NameOID

from connectors.http.first_bytes import kind_of

Kind = Literal["pdf", "document", "workbook", "slides", "image", "video", "archive", "text", "other"]
Signed = Literal["unsigned", "signed", "altered"]

_KINDS: dict[str, Kind] = {
    "pdf": "pdf",
    "image": "image",
    **dict.fromkeys(("xlsx", "xlsb", "ods"), "workbook"),
    **dict.fromkeys(("zip", "gzip", "rar", "bzip2"), "archive"),
    **dict.fromkeys(("text", "html", "xml", "xml 2003"), "text"),
}
# What stands in a ZIP or in an old Office file says what it is.
_WITHIN: tuple[tuple[bytes, Kind], ...] = (
    (b"word/document.xml", "document"),
    (b"ppt/presentation.xml", "slides"),
    (b"opendocument.text", "document"),
    (b"opendocument.presentation", "slides"),
    ("WordDocument".encode("utf-16-le"), "document"),
    ("PowerPoint Document".encode("utf-16-le"), "slides"),
)
_OTHER_IMAGES = (b"GIF8", b"II*\0", b"MM\0*", b"BM")

_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
_OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm\b[^>]{0,300}>>\s*stream\r?\n")
_PAGES = re.compile(rb"/Type\s*/Pages\b")
_COUNT = re.compile(rb"/Count\s+(\d+)")
# The attribute messageDigest of a signature: its object identifier, then a set with one octet string.
_MESSAGE_DIGEST = re.compile(rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04\x31.\x04(.)", re.DOTALL)
_HASHES = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}
_MOST_INFLATED = 16 * 2**20
_NEAR = 400


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """One file. ``pages`` and ``signed`` are None where its kind has none, or they cannot be told.

    ``signed_by`` is the organisation in the signer's certificate, never a person.
    """

    sha256: str
    kind: Kind
    size: int
    pages: int | None = None
    signed: Signed | None = None
    signed_by: str | None = None


def read_evidence_file(body: bytes) -> EvidenceFile:
    """What the file is. Nothing in it is run or opened but what is counted."""
    digest, kind = hashlib.sha256(body).hexdigest(), kind_by_content(body)
    if kind != "pdf":
        return EvidenceFile(digest, kind, len(body))
    signed, signed_by = _signature(body)
    return EvidenceFile(digest, kind, len(body), _page_count(body), signed, signed_by)


def kind_by_content(body: bytes) -> Kind:
    """The kind of a file, whatever its name says."""
    found = kind_of(body)
    if found in ("zip", "xls"):
        within = next((kind for mark, kind in _WITHIN if mark in body), None)
        return within or ("workbook" if found == "xls" else "archive")
    if found in _KINDS:
        return _KINDS[found]
    if body.startswith(_OTHER_IMAGES) or (body[:4] == b"RIFF" and body[8:12] == b"WEBP"):
        return "image"
    return "video" if body[4:8] == b"ftyp" or body.startswith(b"\x1a\x45\xdf\xa3") else "other"


def _page_count(body: bytes) -> int | None:
    """The largest count of a page tree: that of its root. None for a document that hides it."""
    counts = [
        int(count[1])
        for text in (body, *_inflated(body))
        for found in _PAGES.finditer(text)
        if (count := _count_near(text, found.start())) is not None
    ]
    return max(counts, default=None)


def _count_near(text: bytes, at: int) -> re.Match[bytes] | None:
    """The count in the dictionary around a place: behind the last mark before it, and before the next one."""
    begin = max(at - _NEAR, 0, *(text.rfind(mark, max(0, at - _NEAR), at) for mark in (b"obj", b">>")))
    end = text.find(b">>", at)
    return _COUNT.search(text, begin, end if end >= 0 else len(text))


def _inflated(body: bytes) -> list[bytes]:
    found = []
    for stream in _OBJECT_STREAM.finditer(body):
        try:
            found.append(zlib.decompressobj().decompress(body[stream.end() :], _MOST_INFLATED))
        except zlib.error:
            continue  # kept in another form: its pages are not counted
    return found


def _signature(body: bytes) -> tuple[Signed, str | None]:
    """The last signature: whether its digest is that of the bytes it covers, and the organisation that made it."""
    ranges = [tuple(map(int, found.groups())) for found in _RANGE.finditer(body)]
    # Of a form that nobody signed yet all are 0.
    ranges = [one for one in ranges if one[1] and one[2] + one[3] <= len(body)]
    if not ranges:
        return "unsigned", None
    start, length, again, rest = max(ranges, key=lambda one: one[2] + one[3])
    envelope = _unhex(body[start + length : again])
    covered = body[start : start + length] + body[again : again + rest]
    # Proofs of validity are added behind a signature; anything else that is there was not signed.
    behind = body[again + rest :].strip()
    untouched = not behind or b"/DSS" in behind or b"/DocTimeStamp" in behind
    same = _digest_holds(envelope, covered)
    return "signed" if same and untouched else "altered", _organisation(envelope)


def _unhex(text: bytes) -> bytes:
    digits = text.strip().removeprefix(b"<").removesuffix(b">")
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""


def _digest_holds(envelope: bytes, covered: bytes) -> bool:
    for found in _MESSAGE_DIGEST.finditer(envelope):
        size = found[1][0]
        if size in _HASHES:
            stated = envelope[found.end() : found.end() + size]
            return hashlib.new(_HASHES[size], covered, usedforsecurity=False).digest() == stated
    return False


def _organisation(envelope: bytes) -> str | None:
    try:
        with warnings.catch_warnings(action="ignore"):  # of certificates with old-fashioned numbers
            certificates = pkcs7.load_der_pkcs7_certificates(envelope)
    except (ValueError, UnsupportedAlgorithm):
        return None
    issuers = {one.issuer for one in certificates if one.issuer != one.subject}
    own = next((one for one in certificates if one.subject not in issuers), None)
    return _organisation_of(own) if own is not None else None


def _organisation_of(certificate: Certificate) -> str | None:
    for name in (NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME):
        found = certificate.subject.get_attributes_for_oid(name)
        if found:
            return str(found[0].value)
    return None
