"""What a piece of evidence is, told by its own bytes: hash, kind, size, pages, and whether it is signed and by whom.

A signature is looked at as far as it protects the bytes: its digest is computed again, and the signer's key must have
signed that digest. Whether the signer's certificate is to be trusted is not decided here.
"""

import hashlib
import re
import zlib
from dataclasses import dataclass
from typing import Literal

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
    holds, organisation = _signer_of(envelope, covered)
    return "signed" if untouched and holds else "altered", organisation


def _unhex(text: bytes) -> bytes:
    digits = text.strip().removeprefix(b"<").removesuffix(b">")
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""


def _signer_of(envelope: bytes, covered: bytes) -> tuple[bool, str | None]:
    """Whether the envelope's signer signed these bytes, with the key of its certificate, and the organisation in it."""
    # Seconds, which only signed documents cost.
    from asn1crypto import cms
    from pyhanko.sign.general import CMSExtractionError, extract_certificate_info, extract_signer_info
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    organisation = None
    try:
        # Its room in the document is filled up with noughts.
        data = cms.ContentInfo.load(envelope, strict=False)["content"]
        signer, own = extract_signer_info(data), extract_certificate_info(data).signer_cert
        told = own.subject.native
        organisation = told.get("organization_name") or told.get("organizational_unit_name")
        digest = hashlib.new(signer["digest_algorithm"]["algorithm"].native, covered, usedforsecurity=False).digest()
        return all(validate_sig_integrity(signer, own, "data", digest)), organisation and str(organisation)
    except (ValueError, TypeError, KeyError, CMSExtractionError, SignatureValidationError):
        # No envelope, or one that no signer made.
        return False, organisation and str(organisation)
