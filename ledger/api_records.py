"""What the ledger says of the interface's keys and their use."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

ApiLevel = Literal["public", "regency", "ministry"]


@dataclass(frozen=True, slots=True)
class ApiSecret:
    """One secret of a key: its hash, and until when it is good (None: until it is rotated or revoked)."""

    sha256: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key: ``holder`` names the program or office that has it, never a person. Empty scopes are all there is."""

    key_id: str
    holder: str
    level: ApiLevel
    regions: tuple[str, ...]
    pillars: tuple[str, ...]
    opds: tuple[str, ...]
    per_minute: int
    created_at: datetime
    revoked_at: datetime | None
    secrets: tuple[ApiSecret, ...]


@dataclass(frozen=True, slots=True)
class ApiUse:
    """How often a key asked on one day, and how often it was refused."""

    day: date
    key_id: str
    requests: int
    refused: int
    last_at: datetime
