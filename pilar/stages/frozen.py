"""A frozen stage as a folder: a copy of the publication, what was frozen by whom, and a signed list of every file.

It explains and proves itself: with the folder, the public key and two ordinary programs (openssl, sha256sum) everything
in it is checked. The same publication, instrument and decision make the same folder, to the byte.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.disk import sync
from ledger.errors import AlteredPublicationError
from pilar.stages.signature import holds, signed
from publication.json_text import to_json
from publication.manifest import file_sha256

LIST, SIGNATURE, PUBLIC_KEY = "SHA256SUMS", "SHA256SUMS.sig", "public-key.pem"
FREEZE, MOVED, PUBLICATION = "freeze.json", "moved.json", "publication"
READ_ME = "BACA-SAYA.txt"
# Neither is in the list: one is its signature, the other is known from elsewhere or it proves nothing.
_APART = (LIST, SIGNATURE, PUBLIC_KEY)
_HOW = """Hasil tahap evaluasi ini dibekukan. Isinya tidak berubah; perbaikan kemudian masuk ke versi baru.
This stage's result is frozen. It does not change; what comes later goes into a new version.

Periksa (kunci publik diperoleh langsung dari penerbit, bukan dari folder ini):
Check (get the public key from the publisher, not from this folder):

  openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig
  sha256sum --check --strict SHA256SUMS

freeze.json  : apa yang dibekukan, oleh siapa, kapan / what was frozen, by whom, when
moved.json   : yang berubah sejak versi sebelumnya, dan sebabnya / what moved since the version before, and why
follow-up.json: rekomendasi dan tindak lanjutnya / recommendations and what became of them
publication/ : publikasi / the publication; buka / open publication/index.html
"""


@dataclass(frozen=True, slots=True)
class Freeze:
    """What is frozen: the whole of what a version's folder follows from, beside the publication and the instrument.

    ``decisions``: how many the ledger held. The follow-up register is as these left it.
    """

    instrument: str
    year: int
    stage: str
    version: int
    publication: str
    publication_manifest_sha256: str
    evaluation: str
    instrument_sha256: str
    receipt: int | None
    receipt_sha256: str | None
    decisions: int
    frozen_by: str
    frozen_at: str
    previous_list_sha256: str | None

    @property
    def folder(self) -> str:
        """Where it lies below the installation's frozen stages."""
        return f"{self.instrument}-{self.year}-{self.stage}/v{self.version}"


def write(
    folder: Path,
    freeze: Freeze,
    publication: Path,
    files: Mapping[str, bytes],
    *,
    moved: Sequence[Mapping[str, Any]],
    key_dir: Path,
) -> str:
    """Write a version into an empty folder, durably. Returns the sha256 of its signed list.

    ``files`` are what lies beside the publication, by their names: the instrument, the follow-up register.
    Raises ConfigError without a usable key. An OSError is the caller's to tell.
    """
    shutil.copytree(publication, folder / PUBLICATION, copy_function=shutil.copyfile)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / FREEZE).write_text(to_json(asdict(freeze)), encoding="utf-8")
    (folder / READ_ME).write_text(_HOW, encoding="utf-8")
    if freeze.version > 1:
        (folder / MOVED).write_text(to_json({"since_version": freeze.version - 1, "moved": moved}), encoding="utf-8")
    listed = "".join(f"{file_sha256(folder / name)}  {name}\n" for name in _names(folder)).encode()
    signature, pem = signed(key_dir, listed)
    for name, content in ((LIST, listed), (SIGNATURE, signature), (PUBLIC_KEY, pem)):
        (folder / name).write_bytes(content)
    folder.chmod(0o755)
    for path in sorted(folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o444)
        sync(path)
    sync(folder)
    return hashlib.sha256(listed).hexdigest()


def read(folder: Path) -> Freeze:
    """What a folder says was frozen. Raises AlteredPublicationError where it cannot be read."""
    try:
        return Freeze(**json.loads((folder / FREEZE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _altered(folder, f"{FREEZE} cannot be read ({type(error).__name__})") from error


def read_moved(folder: Path) -> Sequence[Mapping[str, Any]]:
    """What moved since the version before; nothing where a folder is of the first one."""
    path = folder / MOVED
    found: Sequence[Mapping[str, Any]] = ()
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)["moved"]
    return found


def list_sha256(folder: Path) -> str | None:
    """The sha256 of a folder's signed list, which stands for all of it; None where there is no list."""
    return file_sha256(folder / LIST) if (folder / LIST).is_file() else None


def check(folder: Path, pem: bytes | None = None) -> str:
    """Compare a folder with its signed list, by this public key or its own. Returns the sha256 of the list.

    Raises AlteredPublicationError with the first thing that is not as it was signed, and ConfigError for a wrong key.
    """
    try:
        listed, signature = (folder / LIST).read_bytes(), (folder / SIGNATURE).read_bytes()
        own = (folder / PUBLIC_KEY).read_bytes()
    except OSError as error:
        raise _altered(folder, f"{Path(str(error.filename)).name} is missing or cannot be read") from error
    if pem is not None and pem != own:
        raise _altered(folder, f"{PUBLIC_KEY} is not the key it is checked with")
    if not holds(own, listed, signature):
        raise _altered(folder, f"{LIST} is not what was signed")
    for trouble in _troubles(folder, _parsed(folder, listed)):
        raise _altered(folder, trouble)
    return hashlib.sha256(listed).hexdigest()


def _troubles(folder: Path, listed: Mapping[str, str]) -> Iterator[str]:
    present = set(_names(folder))
    for name in sorted(present | listed.keys()):
        if name not in listed:
            yield f"{name} was added after it was frozen"
        elif name not in present:
            yield f"{name} is missing"
        elif (folder / name).is_symlink():
            yield f"{name} was replaced by a link"
        elif file_sha256(folder / name) != listed[name]:
            yield f"{name} was altered"


def _parsed(folder: Path, listed: bytes) -> Mapping[str, str]:
    pairs = [line.split("  ", 1) for line in listed.decode("utf-8").splitlines()]
    if not all(len(pair) == 2 for pair in pairs):
        raise _altered(folder, f"{LIST} cannot be read")
    return {name: sha256 for sha256, name in pairs}


def _names(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return sorted(name for name in found if name not in _APART)


def _altered(folder: Path, what: str) -> AlteredPublicationError:
    return AlteredPublicationError(
        what, where=str(folder), do="Restore the folder from a backup, or ask its publisher for another copy"
    )
