"""Every format of a publication, in the order in which they are written. A new one is a module and a line here."""

from publication.formats import (
    ckan,
    csv_files,
    dcat,
    documents,
    odcs,
    openlineage,
    package,
    page,
    parquet,
    sdmx,
    workbooks,
)

FORMATS = (
    package.FORMAT,
    parquet.FORMAT,
    csv_files.FORMAT,
    workbooks.FORMAT,
    sdmx.FORMAT,
    dcat.FORMAT,
    ckan.FORMAT,
    odcs.FORMAT,
    openlineage.FORMAT,
    documents.FORMAT,
    page.FORMAT,
)
