"""How the platform's own words are logged: to standard error, structured, without secrets or persons."""

import logging
import os
import sys

import structlog

from ledger.masks import mask_numbers


def configure(level: str) -> None:
    """Log from this level on (PILAR_LOG_LEVEL overrides it): readable in a terminal, JSON lines elsewhere."""
    chosen = os.environ.get("PILAR_LOG_LEVEL", level).upper()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_persons,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping().get(chosen, logging.WARNING)
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def without_persons(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The last net: no text of a line holds a person's number, in whatever groups. Ids and hashes stay."""
    return {name: mask_numbers(value, whole=True) if isinstance(value, str) else value for name, value in event.items()}
