"""Bringing the ledger's database to the shape this version expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import OperationalError

from ledger.engine import make_engine, unreachable


def migrate(url: str) -> None:
    """Apply every migration that is missing.

    Raises ConfigError for an address that is not PostgreSQL's, LedgerError when it does not answer.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with make_engine(url).begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        raise unreachable(error) from error
