"""A folder of evidence: what its files are by their bytes, what they are evidence of, and no name of theirs."""

import hashlib
import io
import json
import zipfile
import zlib
from pathlib import Path

import pytest

from connectors.http.client import HttpClient
from connectors.protocols.files.evidence import EvidenceArgs, EvidenceFolder, inventory
from connectors.protocols.files.evidence_file import kind_by_content, read_evidence_file
from ledger.errors import SourceError
from ledger.settings import Connection, Settings
from ledger.store import Ledger
from tests.connectors.landing.conftest import source_of
from tests.connectors.protocols.signed_pdf import ORGANISATION, pdf, signed_pdf
from tests.connectors.pulling import in_force, pull_pages


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (pdf(), "pdf"),
        (packed("word/document.xml"), "document"),
        (packed("ppt/presentation.xml"), "slides"),
        (packed("xl/workbook.xml"), "workbook"),
        (packed("foto.jpg"), "archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "document"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\0\0\0\x18ftypmp42", "video"),
        (b"catatan rapat\n", "text"),
        (b"\0\1\2", "other"),
        (b"", "other"),
    ],
)
def test_the_kind_is_told_by_content(body: bytes, kind: str) -> None:
    assert kind_by_content(body) == kind


def test_pages_and_signature_of_a_document() -> None:
    plain, signed = read_evidence_file(pdf(3)), read_evidence_file(signed_pdf(12))
    assert (plain.pages, plain.signed, plain.signed_by) == (3, "unsigned", None)
    assert (signed.pages, signed.signed, signed.signed_by) == (12, "signed", ORGANISATION)


def test_pages_in_a_stream_of_objects_are_counted() -> None:
    inner = zlib.compress(b"<</Type/Pages/Kids[4 0 R 5 0 R]/Count 2>>")
    body = b"%%PDF-1.7\n3 0 obj\n<</Type/ObjStm/N 1/Length %d>>stream\n%s\nendstream\nendobj\n" % (len(inner), inner)
    assert read_evidence_file(body).pages == 2
    assert read_evidence_file(b"%PDF-1.7\nnothing to count").pages is None


@pytest.mark.parametrize(
    ("change", "signed"),
    [
        (lambda body: body.replace(b"/Count 1", b"/Count 2", 1), "altered"),
        (lambda body: body + b"10 0 obj\n<</Type/Page>>\nendobj\n", "altered"),
        (lambda body: body + b"\n", "signed"),
        (lambda body: body + b"11 0 obj\n<</Type/DSS>>\nendobj\n<</DSS 11 0 R>>\n", "signed"),
        (lambda body: body.replace(b"<30", b"<zz", 1), "altered"),
    ],
)
def test_a_document_that_changed_after_it_was_signed_is_altered(change: object, signed: str) -> None:
    assert callable(change)
    assert read_evidence_file(change(signed_pdf())).signed == signed


def test_an_envelope_whose_digest_was_put_in_by_somebody_else_is_no_signature() -> None:
    """The digest in it is that of the bytes, and the certificate a real one. Its key never signed that digest."""
    body = signed_pdf()
    changed = body.replace(b"/Count 1", b"/Count 2", 1)
    digests = [_covered_digest(one).hex().encode() for one in (body, changed)]
    assert digests[0] in body
    forged = changed.replace(*digests)
    assert _covered_digest(forged).hex().encode() in forged

    assert read_evidence_file(forged).signed == "altered"


def _covered_digest(body: bytes) -> bytes:
    begin, end = body.index(b"]/Contents <") + len(b"]/Contents "), body.rindex(b">>\nendobj\n%%EOF")
    return hashlib.sha256(body[:begin] + body[end:]).digest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two agencies' evidence: by path, by index, one file twice, one that is not there, one of no question."""
    root = tmp_path / "bukti"
    for path, body in (
        ("diskominfo/pemdi-2026/2026/I8/3/SK Budi.pdf", signed_pdf(2)),
        ("bappeda/pemdi-2026/2026/I1/SK.pdf", signed_pdf(2)),
        ("lain/foto.png", b"\x89PNG\r\n\x1a\n"),
        ("rapat.txt", b"notulen"),
        ("diskominfo/pemdi-2026/2026/I8/.tersembunyi", b"x"),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    (root / "tautan.pdf").symlink_to("/etc/hostname")
    (root / "bukti.csv").write_text(
        "berkas;opd;instrumen;tahun;kode;tingkat;berlaku_sampai\n"
        "rapat.txt;diskominfo;pemdi-2026;2026;I2;1;2026-12-31\n"
        "rapat.txt;diskominfo;pemdi-2026;2026;I3;1;\n"
        "belum.pdf;diskominfo;pemdi-2026;2026;I4;2;\n"
        "bappeda/pemdi-2026/2026/I1/SK.pdf;;;;;4;2026-06-30\n",
        encoding="utf-8-sig",
    )
    return root


def test_what_each_file_is_evidence_of(folder: Path) -> None:
    told = [
        (one.path, *(one.told.get(name, "") for name in ("opd", "kode", "tingkat", "berlaku_sampai")))
        for one in inventory(folder, EvidenceArgs())
    ]
    assert told == [
        ("bappeda/pemdi-2026/2026/I1/SK.pdf", "bappeda", "I1", "4", "2026-06-30"),
        ("diskominfo/pemdi-2026/2026/I8/3/SK Budi.pdf", "diskominfo", "I8", "3", ""),
        ("lain/foto.png", "", "", "", ""),
        ("rapat.txt", "diskominfo", "I2", "1", "2026-12-31"),
        ("rapat.txt", "diskominfo", "I3", "1", ""),
        ("belum.pdf", "diskominfo", "I4", "2", ""),
    ]


def test_p6_the_page_holds_the_inventory_and_no_names_of_files(folder: Path) -> None:
    connection = Connection(url=f"file://{folder.parent}")
    with HttpClient(connection) as http:
        [page] = EvidenceFolder(EvidenceArgs(folder=folder.name), connection, [{"kode_daerah": "64.02"}], http).pages()
    rows = json.loads(page.records)
    assert page.body == page.records
    assert b"Budi" not in page.body
    assert [row["keadaan"] for row in rows] == ["submitted"] * 5 + ["missing"]
    assert len({row["sidik"] for row in rows[:2]}) == 1
    assert (rows[0]["halaman"], rows[0]["penanda_tangan"]) == (2, ORGANISATION)


@pytest.mark.parametrize(
    ("index", "what"),
    [
        ("berkas,nilai\na,1\n", "other columns"),
        ("opd,kode\na,1\n", "other columns"),
        ("berkas,kode\na,1,2\n", "line 2 has other fields"),
        ("berkas,kode\na\n", "line 2 has other fields"),
    ],
)
def test_a_wrong_index_is_told(tmp_path: Path, index: str, what: str) -> None:
    (tmp_path / "bukti.csv").write_text(index)
    with pytest.raises(SourceError, match=what):
        list(inventory(tmp_path, EvidenceArgs()))


def test_a_folder_that_is_not_there_and_one_with_too_much_are_refused(folder: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        list(inventory(folder / "none", EvidenceArgs()))
    with pytest.raises(SourceError, match="more than 2 files"):
        list(inventory(folder, EvidenceArgs(max_files=2)))
    with pytest.raises(SourceError, match="more than 100 bytes"):
        list(inventory(folder, EvidenceArgs(max_bytes=100)))


OWN = {"string": ("nomor_bukti", "instrumen", "kode"), "integer": ("tahun",)}
COLUMNS: dict[str, dict[str, object]] = {
    "kode_daerah": {"context": "kode_daerah"},
    **{name: {"required": True, "type": kind} for kind, names in OWN.items() for name in names},
    **{name: {"type": "integer"} for name in ("tingkat", "halaman", "ukuran")},
    **{name: {} for name in ("opd", "keadaan", "sidik", "jenis", "tanda_tangan", "penanda_tangan")},
    **{name: {"type": "date"} for name in ("tanggal", "berlaku_dari", "berlaku_sampai")},
}
SAME = {
    "state": ("missing", "draft", "submitted", "revision", "accepted"),
    "kind": ("pdf", "document", "workbook", "slides", "image", "video", "archive", "text", "other"),
    "signed": ("unsigned", "signed", "altered"),
}
CODED = {"state": "keadaan", "kind": "jenis", "signed": "tanda_tangan"}
PROVIDES = [
    {
        "record": "evidence",
        "columns": {
            "region_code": "kode_daerah",
            "year": "tahun",
            "instrument": "instrumen",
            "code": "kode",
            "evidence_id": "nomor_bukti",
            "level": "tingkat",
            "opd": "opd",
            "dated": "tanggal",
            "content_sha256": "sidik",
            "pages": "halaman",
            "signed_by": "penanda_tangan",
            "valid_from": "berlaku_dari",
            "valid_to": "berlaku_sampai",
            **{ours: {"from": theirs, "codes": {code: code for code in SAME[ours]}} for ours, theirs in CODED.items()},
        },
    }
]


@pytest.mark.integration
def test_a_folder_is_landed_as_the_record_evidence(folder: Path, ledger: Ledger, settings: Settings) -> None:
    connection = Connection(url=f"file://{folder}")
    contexts = [{"kode_daerah": "64.02"}]
    with HttpClient(connection) as http:
        pages = list(EvidenceFolder(EvidenceArgs(), connection, contexts, http).pages())
    source = source_of(
        COLUMNS,
        ["kode_daerah", "tahun", "instrumen", "kode", "nomor_bukti"],
        protocol="files.evidence",
        args={},
        for_each=contexts,
        provides=PROVIDES,
        coverage={"from": "tahun", "grain": "year"},
        assertions={"rows": {"min": 1}, "quarantine": {"max": "50%"}, "shrink": {"max": "50%"}},
    )
    outcome = pull_pages(source, pages, ledger, settings)
    [rows] = in_force(settings, ledger, source).values()
    assert [batch.status for batch in outcome.batches] == ["accepted"]
    # The picture of no question waits in quarantine.
    assert len(rows) == 5
    [batch] = ledger.in_force(source.id)
    assert (batch.rows_received, batch.rows_quarantined) == (6, 1)
