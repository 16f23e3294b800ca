"""Libraries under the client log requests in clear at debug level, keys in paths included: those lines are dropped."""

import logging

_TALKERS = (
    "urllib3.connectionpool",
    "urllib3.connection",
    "urllib3.util.retry",
    "requests",
    "asyncssh",
    "asyncssh.sftp",
)


class _WarningsOnly(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


_FILTER = _WarningsOnly()


def silence_libraries() -> None:
    """Drop everything below warning from libraries that would log URLs or names. May be called any number of times."""
    for name in _TALKERS:
        logging.getLogger(name).addFilter(_FILTER)  # a filter stays when somebody sets the root level to DEBUG
