"""`pilar evidence inventory`: what lies in a folder of evidence, as it would be landed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pilar.commands.console import Row, out, say, table
from pilar.commands.words import Words

if TYPE_CHECKING:
    from connectors.protocols.files.evidence import Listed

app = Words(help="Evidence for answers: inventory.")

COLUMNS = {
    "path": "file",
    "jenis": "kind",
    "ukuran": "bytes",
    "halaman": "pages",
    "tanda_tangan": "signature",
    "penanda_tangan": "of",
    "question": "evidence of",
    "note": "note",
}


@app.command("inventory")
def inventory_command(
    folder: Annotated[Path, typer.Argument(help="The folder, as OPD/INSTRUMENT/YEAR/CODE[/LEVEL]/file.")],
    index: Annotated[str, typer.Option(help="An index in it that says more of its files.")] = "bukti.csv",
) -> None:
    """List a folder of evidence: hash, kind by content, pages, signature, and what each file is evidence of.

    Nothing is landed and nothing leaves this machine. A source with `protocol: files.evidence` lands the same list.
    """
    from connectors.protocols.files.evidence import EvidenceArgs, inventory

    rows: list[Row] = []
    first: dict[str, str] = {}
    for one in inventory(folder.resolve(), EvidenceArgs(index=index)):
        rows.append({"path": one.path, **one.record, "question": _question(one), "note": _note(one, first)})
    files = len({row["path"] for row in rows})
    noted = sum(bool(row["note"]) for row in rows)

    def shown() -> None:
        table(rows, COLUMNS, right=("ukuran", "halaman"))
        out.print(f"{files} files, {noted} of {len(rows)} lines with a note.")

    say({"evidence": rows}, shown)


def _question(one: "Listed") -> str:
    names = ("opd", "instrumen", "tahun", "kode", "tingkat")
    return " ".join(one.told[name] for name in names if one.told.get(name))


def _note(one: "Listed", first: dict[str, str]) -> str:
    """What somebody should look at; ``first`` is where each content was seen first."""
    if one.file is None:
        return "not there"
    if not one.told.get("kode"):
        return "of which question? neither path nor index says it"
    seen = first.setdefault(one.file.sha256, one.path)
    if seen != one.path:
        return f"the same file as {seen}"
    return {"altered": "altered after it was signed", "unsigned": "not signed"}.get(one.file.signed or "", "")
