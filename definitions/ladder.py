"""The ladder of evidence: a level counts only when every item of it, and of all levels below, is accepted. Pure."""

from collections.abc import Iterable


def level_reached(items: Iterable[tuple[int, bool]], lowest: int, highest: int) -> int:
    """The level that evidence proves. ``items``: the level of each wanted item, and whether it is accepted.

    Nobody stands below the lowest level, which needs no item. A higher one without any item is not proven.
    """
    wanted: dict[int, list[bool]] = {}
    for level, accepted in items:
        wanted.setdefault(level, []).append(accepted)
    reached = lowest
    if not all(wanted.get(lowest, ())):
        return lowest
    while reached < highest and wanted.get(reached + 1) and all(wanted[reached + 1]):
        reached += 1
    return reached
