"""What an error of a database means for a pull (PostgreSQL: SQLSTATE classes, documentation, appendix A)."""

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


_AUTH = {1044, 1045, 1129, 1130, 1142, 1143, 1227, 1251, 1275, 1370, 1524, 1698, 1820, 1862, 3118, 3159, 4151}
_QUOTA = {1226}  # a user's own bound, such as queries an hour
_RETRYABLE = {
    1021, 1037, 1038, 1040, 1041, 1043, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1205, 1213, 1317,
    1614, 1637, 1927, 1969, 2002, 2003, 2006, 2013, 2055, 3024,
}  # fmt: skip
_CORRUPT = {126, 127, 134, 144, 145, 1033, 1034, 1035, 1194, 1195, 1459, 1712, 1877}
_NAMING = {1044, 1045, 1049, 1054, 1060, 1064, 1142, 1143, 1146, 1227, 1305, 1370, 1698, 1792}


def kind_of_mariadb(number: int) -> SourceErrorKind:
    """The kind of a failure from its number (MariaDB Knowledge Base: error codes; MySQL's are the same to 1999).

    1969 and 3024 are our own statement timeouts; 2002 to 2055 are the client's words for a lost connection.
    """
    if number in _AUTH:
        return "auth"
    if number in _QUOTA:
        return "quota"
    if number in _RETRYABLE:
        return "retryable"
    return "damaged" if number in _CORRUPT else "permanent"


def names_only_objects(number: int) -> bool:
    """Whether the words of this failure quote names of tables, columns and users, and never a value of a row."""
    return number in _NAMING
