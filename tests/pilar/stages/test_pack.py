"""The pack for assessors: signed by the installation, whole, and of the frozen version alone."""

import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from definitions.stage import Stage
from ledger.errors import AlteredPublicationError, ConfigError
from pilar.stages import frozen
from pilar.stages.follow_up import open_drawn, own
from pilar.stages.freeze import freeze
from pilar.stages.pack import Packed, pack
from pilar.stages.signature import fingerprint, public_key
from tests.pilar.stages.conftest import CORRECTED, INSTRUMENT, House, content

pytestmark = pytest.mark.integration


def packed(house: House, to: Path) -> Packed:
    return pack(house.ledger, house.settings, INSTRUMENT, "II", to=to)


def frozen_once(house: House) -> None:
    asked = own(Stage(INSTRUMENT, 2023, "II"), "35.07", "Lengkapi bukti", owner="dlh", priority="high")
    open_drawn(house.ledger, [asked], actor="walidata", due=None)
    freeze(house.ledger, house.settings, INSTRUMENT, "II", who="walidata")


def judged(pdf: bytes) -> PdfSignatureStatus:
    [signature] = PdfFileReader(BytesIO(pdf)).embedded_signatures
    return validate_pdf_signature(signature, ValidationContext(trust_roots=[signature.signer_cert]))


def test_the_pdf_is_signed_with_the_key_of_the_frozen_folder(house: House, tmp_path: Path) -> None:
    frozen_once(house)
    made = packed(house, tmp_path)
    pdf = made.pdf.read_bytes()
    status = judged(pdf)
    assert (status.intact, status.valid) == (True, True)
    assert status.coverage.name == "ENTIRE_FILE"
    [signature] = PdfFileReader(BytesIO(pdf)).embedded_signatures
    key = signature.signer_cert.public_key
    pem = (house.frozen() / frozen.PUBLIC_KEY).read_bytes()
    assert key.algorithm == "ed25519"
    assert pem == public_key(house.settings.key_dir)
    assert signature.signer_cert.subject.human_friendly == f"Common Name: Pilar {fingerprint(pem)}"


def test_an_altered_pdf_is_noticed(house: House, tmp_path: Path) -> None:
    frozen_once(house)
    pdf = packed(house, tmp_path).pdf.read_bytes()
    at = pdf.index(b"/Producer")
    assert not judged(pdf[:at] + b"/Prodycer" + pdf[at + 9 :]).intact


def test_the_zip_holds_the_frozen_folder_and_proves_itself(house: House, tmp_path: Path) -> None:
    frozen_once(house)
    made = packed(house, tmp_path)
    with zipfile.ZipFile(made.zip) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
        assert len(archive.namelist()) == made.documents
    [root] = (tmp_path / "out").iterdir()
    assert root.name == made.pdf.stem == f"{INSTRUMENT}-2023-II-v1"
    found = content(root)
    assert found.pop(made.pdf.name) == made.pdf.read_bytes()
    assert found == content(house.frozen())
    listed = subprocess.run(["sha256sum", "--check", "--quiet", frozen.LIST], cwd=root, check=False)
    assert listed.returncode == 0


def test_the_pdf_has_contents_that_lead_to_every_part(house: House, tmp_path: Path) -> None:
    frozen_once(house)
    reader = PdfFileReader(BytesIO(packed(house, tmp_path).pdf.read_bytes()))
    outline, titles = reader.root["/Outlines"]["/First"], []
    while outline is not None:
        titles.append(str(outline["/Title"]))
        outline = outline["/Next"] if "/Next" in outline else None  # noqa: SIM401 (get does not follow references)
    assert titles == [
        "Hasil",
        "Kesiapan",
        "Rekomendasi dan tindak lanjut",
        "Bukti dukung",
        "Yang berubah sejak versi sebelumnya",
        "Dokumen dalam zip",
    ]


def test_the_newest_version_is_packed(house: House, tmp_path: Path) -> None:
    frozen_once(house)
    house.publish(*CORRECTED)
    freeze(house.ledger, house.settings, INSTRUMENT, "II", who="walidata")
    assert packed(house, tmp_path).pdf.stem.endswith("-v2")


def test_what_was_not_frozen_has_no_pack(house: House, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not frozen yet"):
        packed(house, tmp_path)
    assert list(tmp_path.glob("*.pdf")) == []


def test_an_altered_folder_is_not_packed(house: House, tmp_path: Path) -> None:
    frozen_once(house)
    victim = house.frozen() / "freeze.json"
    victim.chmod(0o644)
    victim.write_text("{}")
    with pytest.raises(AlteredPublicationError, match=r"freeze\.json was altered"):
        packed(house, tmp_path / "to")
    assert not (tmp_path / "to").exists()
