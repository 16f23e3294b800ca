"""Which agency (OPD) is meant, as the command line takes it."""

from typing import TYPE_CHECKING, Annotated

import typer

from ledger.errors import ConfigError

if TYPE_CHECKING:
    from ledger.settings import Settings

Owner = Annotated[str | None, typer.Option("--owner", help="An agency (OPD): dinas_kesehatan.")]


def agency(said: str | None, settings: "Settings") -> str | None:
    """The agency that was named. Raises ConfigError where no source, indicator or question is any agency's of it."""
    from definitions.indicators import all_indicators
    from definitions.instruments import shipped_instruments
    from definitions.problems import did_you_mean

    if said is None:
        return None
    asked = {one.owner for instrument in shipped_instruments().values() for one in instrument.asked.values()}
    measured = {indicator.owner for _, indicator in all_indicators()}
    sends = {folder.name for folder in settings.sources_dir.glob("*/")}
    known = sorted({name for name in asked | measured | sends if name is not None})
    if said not in known:
        raise ConfigError(f"there is no agency {said[:40]!r}", where="--owner", do=did_you_mean(said, known))
    return said
