"""Which regions of an installation are published. Each region's government decides; the ledger's chain remembers it.

The regions that an installation holds when this is first asked are published. One that comes later is withheld until
its government publishes it. A withholding takes effect at once, a publishing with the next evaluation.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import unquote_plus

from connectors.source.for_each import SAYS, placeholders
from connectors.source.source import Source
from ledger.decision_store import Draft, newest
from ledger.errors import ConfigError
from ledger.masks import mask_words
from ledger.records import Decision, DecisionKind
from ledger.regions import Region
from ledger.settings import Settings
from ledger.store import Ledger
from publication.meta import SourceBatch

KIND: DecisionKind = "region"
State = Literal["published", "withheld"]

_ALWAYS: Sequence[Callable[[Region], str]] = (
    lambda region: region.code,
    lambda region: region.name,
    lambda region: region.sipsn_name,
)
_INSIDE = r"(?:\d{2}(?:\d{4})?)?"
_LOCK = "regions"
_BEGUN_BY = "pilar"
_BEGUN = {"state": "published", "reason": "the installation began with it"}
_JOINED = {"state": "withheld", "reason": "it joined the installation later, and was not published yet"}


def states(regions: Iterable[str], decisions: Iterable[Decision]) -> Mapping[str, State]:
    """The state of each region after these decisions. Before the first decision of all every region is published."""
    last = newest(decisions)
    if not last:
        return dict.fromkeys(regions, "published")
    return {code: last[code].told["state"] if code in last else "withheld" for code in regions}


def hidden(regions: Iterable[str], decisions: Sequence[Decision], *, began: datetime) -> frozenset[str]:
    """The regions that a publication does not hold whose evaluation began then: all but those that were published at
    that time and are now.

    So one that is made again with no other decision is the same. One region more waits for an evaluation of its own.
    """
    codes = {*regions, *(one.subject for one in decisions)}
    then, now = states(codes, [one for one in decisions if one.at <= began]), states(codes, decisions)
    return frozenset(code for code in codes if not then[code] == now[code] == "published")


def withheld(decisions: Iterable[Decision]) -> frozenset[str]:
    """The regions that somebody withheld."""
    return frozenset(code for code, one in newest(decisions).items() if one.told["state"] == "withheld")


def begin(ledger: Ledger, settings: Settings) -> None:
    """Write down what holds of regions that nobody decided about: the first ones are published, others withheld."""
    with ledger.lock(_LOCK):
        decisions = ledger.decisions(KIND)
        told = {"actor": _BEGUN_BY} | (_JOINED if decisions else _BEGUN)
        new = sorted({*settings.regions} - {one.subject for one in decisions})
        ledger.decide(KIND, [(code, None, told) for code in new])


def decide(ledger: Ledger, settings: Settings, region: Region, state: State, *, actor: str, reason: str) -> bool:
    """Withhold or publish a region of the installation. Returns whether it was in the other state before.

    Raises ConfigError for a region that the installation does not hold, and for a withholding without a reason.
    """
    require_own(settings, region)
    why = mask_words(" ".join(reason.split()))
    if state == "withheld" and not why:
        raise ConfigError("withholding a region needs a reason", where=region.name, do="Say why with --reason")
    begin(ledger, settings)
    with ledger.lock(_LOCK):
        decisions = ledger.decisions(KIND)
        if states([region.code], decisions)[region.code] == state:
            return False
        told = {"state": state, "actor": actor, "reason": why}
        draft: Draft = (region.code, newest(decisions).get(region.code), told)
        ledger.decide(KIND, [draft])
    return True


def require_own(settings: Settings, region: Region) -> None:
    """Raises ConfigError unless the installation holds the region."""
    if region not in settings.evaluated:
        raise ConfigError(
            f"{region.name} is no region of this installation",
            where="PILAR_REGIONS",
            do="See `pilar regions list`",
        )


# -- what of a delivery is about a region ------------------------------------------------------------------------------


def without(
    batches: Iterable[SourceBatch],
    hidden: Sequence[Region],
    speaks_of: Mapping[str, Collection[str]],
    sources: Mapping[str, Source],
) -> Sequence[SourceBatch]:
    """The batches of a publication that hides these regions. ``speaks_of``: regions by batch, as far as is known.

    What speaks of hidden regions alone is left out. So is every request that names one of them. Of a batch that is
    not known the other batches of its source tell, and its own requests.
    """
    batches, codes = list(batches), {region.code for region in hidden}
    of_source: dict[str, set[str]] = {}
    for batch in batches:
        of_source.setdefault(batch.source, set()).update(speaks_of.get(batch.batch_id, ()))
    kept = []
    for batch in batches:
        named = _named_by(sources.get(batch.source), hidden)
        pages = tuple(page for page in batch.pages if not _names_one(page.request, named))
        about = set(speaks_of.get(batch.batch_id) or of_source[batch.source])
        if about - codes or (not about and (pages or not batch.pages)):
            kept.append(batch.model_copy(update={"pages": pages}))
    return kept


def _named_by(source: Source | None, regions: Iterable[Region]) -> re.Pattern[str]:
    """What names one of the regions in a source's requests: names, code, and how the source's file asks for it.

    A source whose file does not say how may use any code. A code of four digits is another region's in another system,
    so where the file says how, no other counts.
    """
    asked = {name for entry in source.for_each for name in placeholders(entry)} if source is not None else set()
    says = [SAYS[name] for name in sorted(asked)] or [*SAYS.values(), lambda region: region.bps_code_before]
    forms = {say(region) for region in regions for say in (*says, *_ALWAYS)}
    # What lies in it names it too: a district's code has two digits more, a village's six.
    listed = "|".join(sorted(re.escape(form) + _INSIDE * form.isdigit() for form in forms if form))
    return re.compile(rf"(?<![^\W_])(?<!\d\.)(?:{listed})(?![^\W_])", re.IGNORECASE)


def _names_one(request: str, named: re.Pattern[str]) -> bool:
    """Whether a request names one, as it stands or as it is written in an address."""
    return any(named.search(said) is not None for said in (request, unquote_plus(request)))
