"""An installation with kept pages and a ledger, of which a test may alter anything."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from ledger.receipts import copy_line
from ledger.settings import Settings
from ledger.store import Ledger
from pilar.audit.verification import Checked, Holdings, Scope, verify


@dataclass(frozen=True)
class House:
    """Three batches: two accepted (one of them pulled again, unchanged), one held and released."""

    ledger: Ledger
    settings: Settings

    @property
    def holdings(self) -> Holdings:
        return Holdings(self.settings.home, self.settings.key_dir, self.ledger)

    def sql(self, *statements: str) -> None:
        """As an administrator who may do everything: keys between tables hold nobody up."""
        with psycopg.connect(self.settings.ledger_url) as connection:
            connection.execute("set session_replication_role = replica")
            for statement in statements:
                connection.execute(statement)

    def checked(self, *, pages: bool = True) -> list[Checked]:
        return list(verify(self.ledger.witnesses, self.holdings, Scope(pages=pages)))

    def damage(self, *, pages: bool = True) -> str:
        """The one line, or nothing."""
        return next((str(line.damage) for line in self.checked(pages=pages) if line.damage is not None), "")

    def file(self, pattern: str) -> Path:
        return sorted(self.settings.home.glob(pattern))[0]

    def export(self, file: Path) -> Path:
        file.write_text("".join(copy_line(witness) + "\n" for witness in self.ledger.witnesses()))
        return file


TABLES = ("batch", "page", "quarantine", "revision", "receipt")


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(bytes(content))
