"""The pack of a frozen stage for assessors: a signed PDF with contents, and a zip of the documents that it lists."""

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from definitions.stage import named
from definitions.words import Language
from ledger.errors import ConfigError, PublicationError
from ledger.machine import machine_error
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.stages.freeze import checked, freeze_of
from pilar.stages.frozen import Freeze
from pilar.stages.pack_report import files_of, report
from pilar.stages.signature import certificate

_FIELD = "Pilar"


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written: the PDF, the zip, and how many documents this holds."""

    freeze: Freeze
    pdf: Path
    zip: Path
    documents: int


def pack(
    ledger: Ledger,
    settings: Settings,
    instrument: str,
    stage: str,
    *,
    to: Path,
    year: int | None = None,
    language: Language = "id",
) -> Packed:
    """Write the pack of a stage's newest frozen version into a folder.

    Raises ConfigError where the stage was never frozen or there is no usable key, AlteredPublicationError where the
    frozen folder is not what was signed, and MachineError where the machine had no room.
    """
    asked = named(instrument, stage, year)
    versions = ledger.decisions("freeze", str(asked))
    if not versions:
        raise ConfigError(
            "this stage was not frozen yet",
            where=str(asked),
            do=f"Freeze it first: `pilar freeze {asked.instrument} {asked.stage} --year {asked.year}`",
        )
    folder, version = checked(settings, versions[-1]), freeze_of(versions[-1])
    name = version.folder.replace("/", "-")
    pdf, archive = to / f"{name}.pdf", to / f"{name}.zip"
    try:
        to.mkdir(parents=True, exist_ok=True)
        written = signed_pdf(
            report(folder, version, language), settings.key_dir, datetime.fromisoformat(version.frozen_at)
        )
        _replace(pdf, written)
        documents = _zip(archive, folder, name, pdf, version)
    except (OSError, MemoryError) as error:
        raise machine_error(error, str(to)) or PublicationError(
            f"the pack could not be written ({type(error).__name__}: {error})", where=str(to), do="Name another --to"
        ) from error
    return Packed(version, pdf, archive, documents)


def signed_pdf(pdf: bytes, key_dir: Path, since: datetime) -> bytes:
    """A PDF signed with the installation's key, under a certificate of its own. Raises ConfigError without a key."""
    from asn1crypto.keys import PrivateKeyInfo
    from asn1crypto.x509 import Certificate
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    made, secret = certificate(key_dir, since)
    signer = SimpleSigner(
        signing_cert=Certificate.load(made),
        signing_key=PrivateKeyInfo.load(secret),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]  # as pyHanko has it
    )
    # Ed25519 hashes by SHA-512.
    wanted = PdfSignatureMetadata(field_name=_FIELD, md_algorithm="sha512", name="Pilar")
    found: bytes = sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), wanted, signer=signer).getvalue()
    return found


def _zip(target: Path, folder: Path, name: str, pdf: Path, version: Freeze) -> int:
    """The frozen folder and the PDF as one file. Returns how many documents it holds."""
    moment = datetime.fromisoformat(version.frozen_at).timetuple()[:6]
    draft = target.with_suffix(".draft")
    files = [(path, f"{name}/{path.relative_to(folder).as_posix()}") for path in files_of(folder)]
    files.append((pdf, f"{name}/{pdf.name}"))
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, inside in files:
            info = zipfile.ZipInfo(inside, date_time=moment)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as copy:
                while block := source.read(1 << 20):
                    copy.write(block)
    draft.replace(target)
    return len(files)


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)
