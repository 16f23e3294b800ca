"""Every kind of page, in the order in which they stand in the navigation. A new one is a module and a line here."""

from collections.abc import Callable, Iterator, Sequence

from publication.page import agency, comparison, evidence, flow, indicator, region, stage
from publication.page.frame import Material, Page

KINDS: Sequence[Callable[[Material], Iterator[Page]]] = (
    comparison.pages,
    region.pages,
    stage.pages,
    flow.pages,
    agency.pages,
    indicator.pages,
    evidence.pages,
)


def all_pages(material: Material) -> list[Page]:
    """Every page of a publication."""
    return [page for pages in KINDS for page in pages(material)]
