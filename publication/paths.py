"""Where the documents of a publication stand in its folder."""

import re

from publication.content import Row


def evidence_path(row: Row) -> str:
    """Where the evidence of a question's score stands."""
    parts = (safe(str(row[key])) for key in ("region_code", "rule_set_id", "question_key"))
    return f"json/evidence/{'/'.join(parts)}.json"


def index_evidence_path(row: Row) -> str:
    """Where the evidence of an index stands."""
    region, rule_set, basis = (safe(str(row[key])) for key in ("region_code", "rule_set_id", "basis"))
    return f"json/evidence/{region}/{rule_set}/index-{basis}.json"


def explanation_path(region_code: object) -> str:
    """Where everything that explains a region's scores stands."""
    return f"json/explanations/{safe(str(region_code))}.json"


def safe(name: str) -> str:
    """A name that is one harmless file name wherever it lands."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip(".") or "-"
