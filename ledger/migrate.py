"""Bringing the ledger's database to the shape this version expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from ledger.engine import make_engine, unreachable
from ledger.errors import ConfigError


def migrate(url: str) -> None:
    """Apply every migration that is missing.

    Raises ConfigError for an address that is not PostgreSQL's and for a ledger of a newer version, LedgerError when it
    does not answer.
    """
    config = _config()
    try:
        with make_engine(url).begin() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            if revision is not None and not is_known(revision):
                do = "Install that version again, or restore the backup that was made before it"
                raise ConfigError("a newer version of Pilar has migrated the ledger", where=revision, do=do)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        raise unreachable(error) from error


def is_known(revision: str) -> bool:
    """Whether this version has the migration of that name: if not, a newer one made it."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
