"""``ckan.json``: a dataset for each table, as CKAN's ``package_create`` takes them, for a Satu Data portal.

``url`` is relative to the folder of the publication: put the address before it under which the portal reaches that.
"""

import json
from typing import Any

from publication.formats.base import Draft
from publication.formats.one_file import of_json
from publication.formats.package import NO_LICENCE, words
from publication.formats.satu_data import WALIDATA, elements, files
from publication.page.words import Text
from publication.tables import Table

FILE = "ckan.json"


def _datasets(draft: Draft) -> dict[str, Any]:
    return {
        "publication_id": draft.content.meta.publication_id,
        "datasets": [_dataset(one, draft) for one in draft.tables],
    }


def _dataset(table: Table, draft: Draft) -> dict[str, Any]:
    meta, said = draft.content.meta, words(table.described)
    extras = {
        **{name: _text(value) for name, value in elements(table, draft).items()},
        "title_en": said["title"],
        "notes_en": said["description"],
        "licence": meta.data_licence or NO_LICENCE,
    }
    return {
        "name": f"pilar-{table.name}".lower(),
        "title": said["title_id"],
        "notes": said["description_id"],
        "author": WALIDATA,
        "maintainer": WALIDATA,
        "version": meta.publication_id,
        "license_id": meta.licence[0].lower() if meta.licence is not None else "notspecified",
        "tags": [{"name": "kota-cerdas"}, {"name": table.schema}],
        "extras": [{"key": name, "value": value} for name, value in extras.items()],
        "resources": [
            {
                "name": f"{said['title_id']} ({file['format'].upper()})",
                "description": said["description_id"],
                "url": file["path"],
                "format": file["format"].upper(),
                "mimetype": file["mediatype"],
            }
            for file in files(table, draft)
        ],
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


FORMAT = of_json("ckan", FILE, _datasets, Text("kumpulan data untuk portal CKAN", "datasets for a CKAN portal"))
