"""Every format of a publication, in the order in which they are written. A new one is a module and a line here."""

from publication.formats import csv_files, documents, page, parquet

FORMATS = (parquet.FORMAT, csv_files.FORMAT, documents.FORMAT, page.FORMAT)
