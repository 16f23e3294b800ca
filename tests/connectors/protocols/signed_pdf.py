"""A small PDF as an agency would sign it, made here: so many pages, and a signature over all of its bytes."""

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

ORGANISATION = "Pemerintah Kabupaten Contoh"
_ROOM = 8192


def pdf(pages: int = 1) -> bytes:
    """A document without a signature."""
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in range(pages))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages)]
    objects += [b"<</Type/Page/Parent 2 0 R>>"] * pages
    written = [b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, start=1)]
    return b"%PDF-1.7\n" + b"".join(written) + b"trailer<</Root 1 0 R>>\n%%EOF\n"


def signed_pdf(pages: int = 1) -> bytes:
    """A document that an official of the organisation signed."""
    head = pdf(pages) + b"9 0 obj\n<</Type/Sig/Filter/Adobe.PPKLite/ByteRange ["
    # The numbers have a fixed width, so that writing them moves nothing.
    start = len(head) + 4 * 11 + len(b"]/Contents ")
    again = start + _ROOM + 2
    tail = b">>\nendobj\n%%EOF\n"
    numbers = b"%010d %010d %010d %010d    " % (0, start, again, len(tail))
    before = head + numbers[:44] + b"]/Contents "
    assert len(before) == start
    key, certificate = _signer()
    made = pkcs7.PKCS7SignatureBuilder().set_data(before + tail).add_signer(certificate, key, hashes.SHA256())
    envelope = made.sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary])
    return before + b"<" + envelope.hex().encode().ljust(_ROOM, b"0") + b">" + tail


@cache
def _signer() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(65537, 2048)
    now = datetime.now(UTC)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, "Pejabat"),
        ]
    )
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return key, made.sign(key, hashes.SHA256())
