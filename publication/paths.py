"""Where the documents of a publication stand in its folder."""

import re

# The version of the documents: one that readers must change for is another folder.
DOCUMENTS = "v1"


def region_path(region_code: object) -> str:
    """Where everything that was found of a region stands."""
    return f"{DOCUMENTS}/regions/{safe(str(region_code))}.json"


def explanation_path(region_code: object) -> str:
    """Where everything that explains a region's scores stands."""
    return f"{DOCUMENTS}/explanations/{safe(str(region_code))}.json"


def pillar_path(pillar: object) -> str:
    """Where a pillar's indicators, version and scores stand."""
    return f"{DOCUMENTS}/pillars/{safe(str(pillar))}.json"


def schema_path(kind: str) -> str:
    """Where the JSON Schema of a kind of document stands."""
    return f"{DOCUMENTS}/schemas/{kind}.json"


def safe(name: str) -> str:
    """A name that is one harmless file name wherever it lands."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip(".") or "-"
