"""Documents that a publication holds as files already: found by the parts of an address, and given as they are."""

from collections.abc import Sequence

from publication.paths import explanation_path, safe

REGION = "regions/{region}"
PILLAR = "pillars/{pillar}"
EXPLANATION = "explanations/{region}"
SCORE = "scores/{region}/{rule_set}/{question}"
SUMMARIES = {
    REGION: "Everything about one region: index, pillars, indicators",
    PILLAR: "Everything about one pillar: indicators, scores, values",
    EXPLANATION: "Every score of a region, explained down to the batches it rests on",
    SCORE: "The evidence of one score; of an index under the name index-computed or index-reported",
}


def document_path(parts: Sequence[str]) -> str | None:
    """Where the document stands in a publication's folder; None where the address is none of a document's.

    It is looked up in the manifest before anything is opened, so no address leads anywhere else.
    """
    match parts:
        case ["regions", region]:
            return f"json/regions/{safe(region)}.json"
        case ["pillars", pillar]:
            return f"json/pillars/{safe(pillar)}.json"
        case ["explanations", region]:
            return explanation_path(region)
        case ["scores", region, rule_set, question]:
            return f"json/evidence/{safe(region)}/{safe(rule_set)}/{safe(question)}.json"
    return None
