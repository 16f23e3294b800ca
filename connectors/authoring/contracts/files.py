"""The files made from contracts and records: where each lies, which of them differ, and writing them."""

from collections.abc import Container, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from connectors.authoring.contracts.agency_page import agency_page, contracts_index
from connectors.authoring.contracts.dbt import record_sources
from connectors.authoring.contracts.dictionary import dictionary_index, dictionary_page
from connectors.authoring.contracts.odcs import odcs_document
from connectors.source.source import Source
from definitions.records import load_records

RECORDS = Path("dbt_project/models/records.yml")
DICTIONARY = Path("docs/data-dictionary")
PAGES = Path("docs/contracts")


def contract_files(sources: Sequence[Source]) -> dict[Path, str]:
    """Path below the project -> text, for every file that follows from contracts and records."""
    ordered = sorted(sources, key=lambda source: (source.opd, source.id))
    found = {
        RECORDS: record_sources(list(load_records().values())),
        DICTIONARY / "README.md": dictionary_index(ordered),
        PAGES / "README.md": contracts_index(ordered),
    }
    for opd, group in groupby(ordered, key=lambda source: source.opd):
        found[DICTIONARY / f"{opd}.md"] = dictionary_page(opd, list(group))
    for source in ordered:
        found[PAGES / source.opd / f"{source.id}.md"] = agency_page(source)
        found[PAGES / source.opd / f"{source.id}.odcs.yaml"] = odcs_document(source)
    return found


def differences(sources: Sequence[Source], root: Path) -> Iterator[tuple[Path, str]]:
    """Files that are not what the contracts make of them, with the word for it: missing, differs, left over."""
    wanted = contract_files(sources)
    for path, text in wanted.items():
        if not (root / path).is_file():
            yield path, "is missing"
        elif (root / path).read_text(encoding="utf-8") != text:
            yield path, "differs"
    yield from ((path, "is left over") for path in _left_over(wanted, root))


def write_files(sources: Sequence[Source], root: Path) -> list[Path]:
    """Make every file what its contract says, remove what no source makes any more. Returns what changed."""
    changed = sorted(differences(sources, root))
    wanted = contract_files(sources)
    for path, _ in changed:
        if path in wanted:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(wanted[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return [path for path, _ in changed]


def _left_over(wanted: Container[Path], root: Path) -> Iterator[Path]:
    pages = [*root.glob(f"{DICTIONARY}/*.md"), *root.glob(f"{PAGES}/*.md"), *root.glob(f"{PAGES}/*/*")]
    yield from sorted(path.relative_to(root) for path in pages if path.relative_to(root) not in wanted)
