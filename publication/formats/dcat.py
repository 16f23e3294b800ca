"""``dcat.jsonld``: the tables for catalogues of open data (W3C's DCAT 3, as JSON-LD).

Files are named relative to the document: whoever reads it knows where it lies.
"""

from collections.abc import Mapping
from typing import Any

from publication.formats.base import Draft
from publication.formats.one_file import of_json
from publication.formats.package import ABOUT, NO_LICENCE, package_name, words
from publication.formats.satu_data import WALIDATA, elements, files
from publication.meta import PublicationMeta
from publication.page.words import Text
from publication.tables import Table

FILE = "dcat.jsonld"
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
SATU_DATA: Mapping[str, str] = {
    "standarData": "standar_data",
    "metadata": "metadata",
    "interoperabilitas": "interoperabilitas",
    "kodeReferensi": "kode_referensi",
}
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "sdi": "urn:pilar:satu-data-indonesia:",
    **{f"sdi:{name}": {"@type": "@json"} for name in SATU_DATA},
}


def _catalogue(draft: Draft) -> dict[str, Any]:
    meta = draft.content.meta
    return {
        "@context": CONTEXT,
        "@id": "./",
        "@type": "dcat:Catalog",
        "dct:identifier": meta.publication_id,
        "dct:title": _both("Evaluasi kota cerdas", "Smart-city evaluation"),
        "dct:description": _both(ABOUT.id, ABOUT.en),
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": WALIDATA},
        "dct:issued": {"@type": "xsd:dateTime", "@value": meta.created_at},
        "dct:language": ["id", "en"],
        "dct:spatial": [{"@type": "dct:Location", "dct:title": row["region_name"]} for row in draft.content.regions],
        **_licence(meta),
        "dcat:dataset": [_dataset(table, draft) for table in draft.tables],
    }


def _dataset(table: Table, draft: Draft) -> dict[str, Any]:
    meta, said = draft.content.meta, words(table.described)
    four = elements(table, draft)
    return {
        "@id": f"#{table.name}",
        "@type": "dcat:Dataset",
        "dct:identifier": f"{package_name(meta)}/{table.name}",
        "dct:title": _both(said["title_id"], said["title"]),
        "dct:description": _both(said["description_id"], said["description"]),
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": WALIDATA},
        "dct:issued": {"@type": "xsd:dateTime", "@value": meta.created_at},
        "dct:conformsTo": [{"@id": "https://datapackage.org/profiles/2.0/datapackage.json"}],
        "dcat:keyword": [{"@language": "id", "@value": word} for word in ("kota cerdas", table.schema)],
        **{f"sdi:{name}": four[element] for name, element in SATU_DATA.items()},
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "dct:title": file["path"],
                "dcat:accessURL": {"@id": file["path"]},
                "dcat:downloadURL": {"@id": file["path"]},
                "dcat:mediaType": {"@id": f"{MEDIA_TYPES}{file['mediatype']}"},
                **_licence(meta),
            }
            for file in files(table, draft)
        ],
    }


def _both(indonesian: str, english: str) -> list[dict[str, str]]:
    return [{"@language": "id", "@value": indonesian}, {"@language": "en", "@value": english}]


def _licence(meta: PublicationMeta) -> dict[str, Any]:
    if meta.licence is None:
        return {"dct:rights": NO_LICENCE}
    name, path = meta.licence
    return {"dct:license": {"@id": path} if path else name}


FORMAT = of_json("dcat", FILE, _catalogue, Text("katalog DCAT", "catalogue as DCAT"))
