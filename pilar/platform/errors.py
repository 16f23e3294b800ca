"""The one error of this package."""

from ledger.errors import PilarError


class PlatformError(PilarError):
    """A process of the platform cannot be started, ended by itself, or did not become ready."""
