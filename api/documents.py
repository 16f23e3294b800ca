"""Documents that a publication holds as files already: found by the parts of an address, and given as they are."""

from collections.abc import Sequence

from publication.paths import explanation_path, pillar_path, region_path, safe, schema_path

REGION = "regions/{region}"
PILLAR = "pillars/{pillar}"
EXPLANATION = "explanations/{region}"
SCHEMA = "schemas/{kind}"
SUMMARIES = {
    REGION: "Everything about one region: index, pillars, indicators",
    PILLAR: "Everything about one pillar: indicators, scores, values",
    EXPLANATION: "Every score of a region, explained down to the batches it rests on",
    SCHEMA: "The JSON Schema of a kind of document: region, pillar, explanations",
}


def document_path(parts: Sequence[str]) -> str | None:
    """Where the document stands in a publication's folder; None where the address is none of a document's.

    It is looked up in the manifest before anything is opened, so no address leads anywhere else.
    """
    match parts:
        case ["regions", region]:
            return region_path(region)
        case ["pillars", pillar]:
            return pillar_path(pillar)
        case ["explanations", region]:
            return explanation_path(region)
        case ["schemas", kind]:
            return schema_path(safe(kind))
    return None
