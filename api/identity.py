"""Who asks: the holder of a key, or a person whom the identity provider names."""

from dataclasses import dataclass
from typing import Protocol

from api.keys import Caller, Keyring, refused


class People(Protocol):
    """What judges the tokens of persons."""

    def caller(self, token: str) -> Caller:
        """Raises ProblemError (401, 503)."""


@dataclass(frozen=True)
class Bearers:
    """Whoever sends ``Authorization: Bearer``. Without an identity provider there are keys only."""

    keys: Keyring
    people: People | None = None

    def identify(self, authorization: str) -> Caller:
        """Who sent it. Raises ProblemError (401, 503), and LedgerError where the ledger is away."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise refused("only keys are taken here, as `Authorization: Bearer ...`")
        if self.people is None or token.startswith("pilar_"):
            return self.keys.caller(token)
        return self.people.caller(token)
