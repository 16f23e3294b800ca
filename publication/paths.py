"""Where the documents and pages of a publication stand in its folder."""

import re

# The version of the documents: one that readers must change for is another folder.
DOCUMENTS = "v1"

COMPARISON = "index.html"
FLOW = "alur.html"
STYLE = "assets/style.css"
SCRIPT = "assets/script.js"
NO_PILLAR = "lain"
"""Stands for the pillar of questions that belong to none."""


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


def region_page(region_code: object) -> str:
    """The page of a region."""
    return f"daerah/{safe(str(region_code))}.html"


def evidence_page(region_code: object, pillar: object) -> str:
    """The page with the evidence of a region's questions in one pillar; None: of those that belong to none."""
    return f"bukti/{safe(str(region_code))}/{safe(str(pillar or NO_PILLAR))}.html"


def question_anchor(question_key: object) -> str:
    """The id of a question's evidence on its page."""
    return safe(str(question_key))


def indicator_page(indicator_id: object) -> str:
    """The page of an indicator across regions and years."""
    return f"indikator/{safe(str(indicator_id))}.html"


def agency_page(agency: object) -> str:
    """The page of an agency (OPD)."""
    return f"opd/{safe(str(agency))}.html"


def agency_document(agency: object) -> str:
    """The same of an agency as a document, from which its report is made."""
    return f"opd/{safe(str(agency))}.json"


def stage_page(instrument_id: object, stage: object) -> str:
    """The page of a stage of an instrument."""
    return f"tahap/{safe(str(instrument_id))}-{safe(str(stage))}.html"


def safe(name: str) -> str:
    """A name that is one harmless file name wherever it lands."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip(".") or "-"
