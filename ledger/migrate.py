"""Bringing the ledger's database to the shape this version expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from ledger.engine import make_engine


def migrate(url: str) -> None:
    """Apply every migration that is missing. Raises ConfigError for an address that is not PostgreSQL's."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with make_engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
