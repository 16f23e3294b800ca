"""What the batches of one pull are judged by."""

from dataclasses import dataclass
from pathlib import Path

from connectors.source.plan import Plan
from connectors.source.source import Source


@dataclass(frozen=True)
class Terms:
    """A source, the hash of its contract, what was asked for, who answered, and the installation's folder of data."""

    source: Source
    contract_sha256: str
    plan: Plan
    synthetic: bool
    home: Path
