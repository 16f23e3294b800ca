"""Whether the chain of receipts holds, as a test asks it."""

from collections.abc import Iterable

from ledger.receipts import Receipt, Witness, first_altered


def first_broken(chain: Iterable[Receipt]) -> str | None:
    """Why the chain does not hold, naming the first link that is wrong; None when every link holds."""
    damage = first_altered(Witness(link) for link in chain)
    return f"{damage.where}: {damage.what}" if damage is not None else None
