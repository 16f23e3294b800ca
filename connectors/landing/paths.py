"""Where in a page's text the records are, and how DuckDB gets at them."""

import re
from dataclasses import dataclass

NDJSON = "ndjson"

_STEP = re.compile(r'\.(?:"([^"]+)"|([A-Za-z_][\w-]*))|(\[\*\])|(\[\d+\])')


@dataclass(frozen=True)
class RecordsPath:
    """``array`` is the JSON path of the array (or single object); ``inside`` the members leading to each record.

    ``members`` are the steps of ``array`` where it is members only: then the text is parsed straight into records.
    """

    array: str
    inside: tuple[str, ...]
    members: tuple[str, ...] | None

    @property
    def each(self) -> str:
        """The JSON path that matches every record."""
        return self.array + "[*]" + "".join(f'."{name}"' for name in self.inside)


def parse_path(path: str) -> RecordsPath:
    """Read a page's records path. Raises ValueError when it is not one."""
    steps = list(_STEP.finditer(path, 1))
    if not path.startswith("$") or "".join(step.group(0) for step in steps) != path[1:]:
        raise ValueError(f"records path {path[:80]!r} cannot be read")
    stars = [at for at, step in enumerate(steps) if step[3]]
    if len(stars) > 1:
        raise ValueError(f"records path {path[:80]!r} has more than one [*]")
    cut = stars[0] if stars else len(steps)
    before, after = steps[:cut], steps[cut + 1 :]
    if any(step[4] for step in after):
        raise ValueError(f"records path {path[:80]!r} has an index behind its [*]")
    members = None if any(step[4] for step in before) else tuple(_name(step) for step in before)
    return RecordsPath("$" + "".join(step.group(0) for step in before), tuple(_name(step) for step in after), members)


def _name(step: re.Match[str]) -> str:
    return step[1] or step[2] or ""
