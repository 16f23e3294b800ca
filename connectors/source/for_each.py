"""`for_each` entries that are about a region: each stands once for every region of the installation.

``{region}`` in a value is the Kemendagri code (``64.02``), ``{region.digits}`` the same without its dot (``6402``),
``{region.bps}`` the code of BPS (``6403``), ``{region.name}`` the name with its kind.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from connectors.source.source import Source
from ledger.regions import Region
from ledger.settings import Settings

Context = Mapping[str, str]
SAYS: Mapping[str, Callable[[Region], str]] = {
    "region": lambda region: region.code,
    "region.digits": lambda region: region.digits,
    "region.bps": lambda region: region.bps_code,
    "region.name": lambda region: region.name,
}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def for_regions(source: Source, settings: Settings) -> Source:
    """The source as it is asked for in an installation.

    Raises ConfigError where an entry names a region and the installation has none.
    """
    if not any(map(placeholders, source.for_each)):
        return source
    return source.model_copy(update={"for_each": expanded(source.for_each, settings.evaluated)})


def expanded(entries: Sequence[Context], regions: Sequence[Region]) -> tuple[Context, ...]:
    """The entries, with one for every region in the place of each that names a region."""
    found: list[Context] = []
    for entry in entries:
        found += [_filled(entry, region) for region in regions] if placeholders(entry) else [entry]
    return tuple(found)


def unknown_placeholders(source: Source) -> Iterator[str]:
    """What stands in braces in `for_each` and says nothing of a region."""
    for entry in source.for_each:
        yield from (name for name in placeholders(entry) if name not in SAYS)


def placeholders(entry: Context) -> list[str]:
    """What stands in braces in an entry."""
    return [name for value in entry.values() for name in _PLACEHOLDER.findall(value)]


def _filled(entry: Context, region: Region) -> Context:
    return {name: _PLACEHOLDER.sub(lambda found: SAYS[found[1]](region), value) for name, value in entry.items()}
