"""What Satu Data Indonesia asks of a table: its standard, its metadata, that others can read it, and its codes.

Presidential Regulation 39 of 2019 names the four. Catalogues of all kinds say them in their own forms.
"""

from collections.abc import Mapping
from typing import Any

from ledger.project import in_indonesian
from publication.formats.base import Draft
from publication.formats.package import FILE as PACKAGE
from publication.formats.package import words
from publication.tables import Table

WALIDATA = "Diskominfo (walidata)"


def elements(table: Table, draft: Draft) -> Mapping[str, Any]:
    """The four elements of a table, in Indonesian."""
    said = words(table.described)
    return {
        "standar_data": {
            "konsep": said["title_id"],
            "definisi": said["description_id"],
            "klasifikasi": [column.name for column in table.columns if column.references is not None],
            "ukuran": [column.name for column in table.columns if column.is_number],
            "satuan": {column.name: in_indonesian(column.unit) for column in table.columns if column.unit},
        },
        "metadata": f"{PACKAGE}, resource {table.name}",
        "interoperabilitas": [file["path"] for file in files(table, draft)],
        "kode_referensi": {
            **{column.name: ".".join(column.references) for column in table.columns if column.references is not None},
            **({"region_code": "Kode wilayah Kemendagri"} if "region_code" in table.names else {}),
            **({"bps_code": "Kode wilayah BPS"} if "bps_code" in table.names else {}),
        },
    }


def files(table: Table, draft: Draft) -> list[Mapping[str, Any]]:
    """The files that hold a table."""
    return [form.resource(table) for form in draft.formats if form.resource is not None]
