"""The dbt project as dbt parsed it, kept between runs.

dbt's own partial parsing would never apply, since every evaluation has a warehouse file of its own, and parsing takes
longer than building. So what was parsed is kept under a name that changes with any file of the project.
"""

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from ledger.disk import file_sha256
from ledger.errors import TransformError
from ledger.project import PROJECT
from ledger.settings import REPOSITORY

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

log = structlog.get_logger()

DIGEST_BYTES = 32
DEFINITIONS = REPOSITORY / "definitions"

# What this process parsed or loaded last, by its fingerprint: reading it again takes a third of a build's time. dbt
# writes what it compiled into it, and compiles anew each time.
_last: dict[str, "Manifest"] = {}


def parsed_project(kept_in: Path, variables: Mapping[str, object], arguments: Sequence[str]) -> "Manifest":
    """The parsed project: this process's own, or the kept copy, where no file of the project has changed since.

    ``arguments`` are dbt's own (folders, logging). A copy that cannot be kept is not an error; one that was cut short
    is made again. Raises TransformError when the project does not parse.
    """
    name = fingerprint(variables)
    if name not in _last:
        kept = kept_in / f"parsed-{name}.msgpack"
        found = _load(kept)
        if found is None:
            found = _parse(variables, arguments)
            _keep(kept, found)
        _last.clear()
        _last[name] = found
    return _last[name]


def _parse(variables: Mapping[str, object], arguments: Sequence[str]) -> "Manifest":
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    outcome = dbtRunner().invoke(["parse", *arguments, "--vars", json.dumps(dict(variables))])
    if not isinstance(outcome.result, Manifest):
        raise TransformError(
            f"the dbt project does not parse: {outcome.exception}", where=str(PROJECT), do="Mend the file it names"
        ) from outcome.exception
    return outcome.result


def _load(kept: Path) -> "Manifest | None":
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    try:
        content = kept.read_bytes()
    except OSError:
        return None
    digest, packed = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if hashlib.sha256(packed).digest() != digest:
        return None
    return Manifest.from_msgpack(packed, decoder=extended_mashumuro_decoder)


def _keep(kept: Path, manifest: "Manifest") -> None:
    from dbt.parser.manifest import extended_mashumaro_encoder

    packed = manifest.to_msgpack(extended_mashumaro_encoder)
    draft = kept.with_suffix(f".{os.getpid()}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(hashlib.sha256(packed).digest() + packed)
        draft.replace(kept)
        for older in kept.parent.glob("parsed-*.msgpack"):
            if older != kept:
                older.unlink(missing_ok=True)
    except OSError as error:
        log.warning("the parsed dbt project could not be kept", where=str(kept), reason=error.strerror)


def fingerprint(variables: Mapping[str, object] = MappingProxyType({})) -> str:
    """A name that changes with any file of the project or of the definitions, dbt's version and the variables."""
    from dbt.version import __version__ as dbt_version

    said = json.dumps(dict(variables), sort_keys=True)
    digest = hashlib.sha256(f"{dbt_version} {sys.version_info} {said}".encode())
    for folder, patterns in ((PROJECT, ("*.sql", "*.yml", "*.csv")), (DEFINITIONS, ("*.yaml", "*.py"))):
        for path in sorted(path for pattern in patterns for path in folder.rglob(pattern)):
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(file_sha256(path).encode())
    return digest.hexdigest()[:24]
