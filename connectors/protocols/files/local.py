"""A folder on this machine, such as one that agencies upload into."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

from connectors.http.client import HttpClient
from connectors.protocols.files.transport import Found, whole_file
from ledger.errors import ConfigError, SourceError, SourceErrorKind
from ledger.settings import Connection


class LocalFolder:
    """Regular files of one folder; links are not followed, since whoever uploads could point them anywhere."""

    def __init__(self, connection: Connection, folder: str, http: HttpClient) -> None:
        parts = urlsplit(connection.url)
        if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
            raise ConfigError("a file: URL names a folder of this machine", where="the connection's URL")
        self._folder = Path(unquote(parts.path)) / folder
        self.address = f"file://{self._folder}"

    def __enter__(self) -> "LocalFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def files(self) -> Sequence[Found]:
        """Regular files in the folder. Raises SourceError when it cannot be read."""
        try:
            entries = [(entry.name, entry.stat(follow_symlinks=False)) for entry in os.scandir(self._folder)]
        except OSError as error:
            kind: SourceErrorKind = "auth" if isinstance(error, PermissionError) else "retryable"
            raise SourceError(kind, f"the folder cannot be listed ({error.strerror})", where=self.address) from None
        return [Found(name, st.st_size, st.st_mtime) for name, st in entries if stat.S_ISREG(st.st_mode)]

    def read(self, found: Found, limit: int) -> bytes:
        """The whole file. Raises SourceError."""
        where = f"{self.address}/{found.name}"
        try:
            descriptor = os.open(self._folder / found.name, os.O_RDONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as file:
                body = file.read(limit + 1)
                after = os.fstat(file.fileno())
        except OSError as error:
            raise SourceError("retryable", f"the file cannot be read ({error.strerror})", where=where) from None
        return whole_file(body, found, Found(found.name, after.st_size, after.st_mtime), limit, where)
