"""What a PostgreSQL error means for a pull (SQLSTATE classes: PostgreSQL documentation, appendix A)."""

from collections.abc import Mapping

from ledger.errors import SourceErrorKind

_STATES: Mapping[str, SourceErrorKind] = {
    "42501": "auth",  # insufficient_privilege
    "57014": "retryable",  # query_canceled: our own statement timeout, or the administrator
    "40001": "retryable",  # serialization_failure
    "40P01": "retryable",  # deadlock_detected
    "25P03": "retryable",  # idle_in_transaction_session_timeout
    "3D000": "permanent",  # invalid_catalog_name: no such database
}
_CLASSES: Mapping[str, SourceErrorKind] = {
    "08": "retryable",  # connection exception
    "28": "auth",  # invalid authorization
    "53": "retryable",  # insufficient resources, too many connections
    "55": "retryable",  # object not in prerequisite state, lock not available
    "57": "retryable",  # operator intervention, server starting or stopping
    "58": "retryable",  # system error outside PostgreSQL
    "XX": "damaged",  # internal error, corrupted data or index
}


def kind_of_sqlstate(state: str | None, words: str = "") -> SourceErrorKind:
    """The kind of a failure, from its SQLSTATE; without one (no connection was made) from libpq's own words."""
    if state:
        return _STATES.get(state, _CLASSES.get(state[:2], "permanent"))
    low = words.lower()
    if "password authentication failed" in low or "no pg_hba.conf entry" in low or "no password supplied" in low:
        return "auth"
    if "does not exist" in low or "certificate" in low or "does not support ssl" in low or "invalid" in low:
        return "permanent"
    return "retryable"
