"""Is everything still as it was written? Receipts, the files and pages they speak of, marts and publications.

Nothing is changed, and nothing but the installation's own files is needed: with an exported chain not even the ledger.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.pull.page_store import read_page
from ledger.answer_store import first_altered_transition
from ledger.chain import Damage
from ledger.decision_store import first_altered_decision
from ledger.errors import ConfigError, LedgerError, PublicationError
from ledger.evaluation_store import PREPARED
from ledger.keys import Keys
from ledger.receipts import Witness, first_altered, place_of, told_by
from ledger.records import PublicationRow, Receipt
from ledger.seals import Seal, first_difference
from ledger.store import Ledger
from pilar.evaluation.withheld import KIND as REGION
from pilar.stages import frozen
from pilar.stages.freeze import freeze_of
from publication import pointer
from publication.manifest import file_sha256, read_head
from publication.tables import opened_publication
from publication.verify import verify as verify_publication

if TYPE_CHECKING:
    import duckdb

Rows = Mapping[str, PublicationRow]

_RESTORE = "Restore it from your backup, or pull the source again; evaluate nothing from it until then"
_RESTORE_PAGE = "Restore it from your backup; what was landed from it stays as the receipt says"
_CUT = "Compare with an exported chain or a backup of the ledger"


@dataclass
class Checked:
    """One line of the outcome. ``gone`` were removed lawfully: nothing that is in force rests on them."""

    what: str
    count: int = 0
    gone: int = 0
    note: str = ""
    damage: Damage | None = None


@dataclass(frozen=True)
class Scope:
    """What to check. ``source`` limits files and pages, not the chain; ``pages`` also decrypts and hashes each page."""

    source: str | None = None
    pages: bool = False
    file: Path | None = None


@dataclass(frozen=True)
class Holdings:
    """Where the files are, and what only a ledger knows: nothing of it where a copy of the chain is checked."""

    home: Path
    key_dir: Path
    ledger: Ledger | None = None

    @property
    def published_dir(self) -> Path:
        """Publications."""
        return self.home / "published"

    @property
    def frozen_dir(self) -> Path:
        """Frozen stages."""
        return self.home / "frozen"


@dataclass
class _Chain:
    """What one walk over the chain leaves: hashes by number, last receipts, and the batches that are in force."""

    hashes: dict[int, str] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    accepted: dict[tuple[str, str | None], dict[str, str]] = field(default_factory=dict)
    full: dict[tuple[str, str | None], str] = field(default_factory=dict)

    def take(self, witness: Witness) -> None:
        link = witness.receipt
        self.hashes[link.seq] = link.sha256
        self.last[link.batch_id] = link.seq
        body = told_by(witness)
        self.sources.add(body["source_id"])
        self.held.discard(link.batch_id)
        if body["status"] == "held":
            self.held.add(link.batch_id)
        if body["status"] == "accepted":
            key = (body["source_id"], body["coverage"])
            fetched_by, found = body["fetched_by"], self.accepted.setdefault(key, {})
            found[fetched_by] = max(link.batch_id, found.get(fetched_by, ""))
            if body["merge"] is None:
                self.full[key] = max(fetched_by, self.full.get(key, ""))

    @property
    def needed(self) -> set[str]:
        """Batches whose files must be there: in force, or waiting for a person's word."""
        # Of the batches that landed the pages of one pull, the last one counts.
        joined = (
            batch_id
            for key, found in self.accepted.items()
            for fetched_by, batch_id in found.items()
            if fetched_by >= self.full.get(key, "")
        )
        return self.held | set(joined)


def verify(witnesses: Callable[[], Iterable[Witness]], holdings: Holdings, scope: Scope) -> Sequence[Checked]:
    """Check everything in the order of the chain. Each line names its first damage, if there is any.

    Where the chain itself is damaged the rest is not checked: what it rests on does not hold.
    Raises ConfigError when a source or file is asked about that no receipt and no publication speaks of.
    """
    chain, known = Checked("receipts"), _Chain()
    chain.damage = first_altered(_counted(witnesses(), chain, known))
    if chain.damage is not None:
        return [chain]
    if holdings.ledger is not None:
        chain.damage = _without_receipt(holdings.ledger, known)
    if scope.source is not None and scope.source not in known.sources:
        close = get_close_matches(scope.source, known.sources, n=1)
        hint = f"Did you mean {close[0]!r}? " if close else ""
        raise ConfigError("no receipt speaks of this source", where=scope.source, do=f"{hint}See `pilar sources list`")
    found = [chain, *_files(witnesses(), holdings, scope, known)]
    if scope.file is not None:
        return _about_file(found, holdings, scope.file, known)
    if scope.source is None:
        found += [*_answers(holdings), *_decisions(holdings), _marts(holdings), _publications(holdings, known)]
        found += _frozen(holdings, known)
    return found


def _answers(holdings: Holdings) -> Iterator[Checked]:
    """The chain of what was done with answers. A copy of the receipts does not hold it."""
    if holdings.ledger is not None:
        chain = holdings.ledger.transitions()
        head = f"head: transition {chain[-1].seq}, {chain[-1].sha256}" if chain else ""
        yield Checked("what was done with answers", len(chain), note=head, damage=first_altered_transition(chain))


def _decisions(holdings: Holdings) -> Iterator[Checked]:
    """The chain of what people decided. A copy of the receipts does not hold it."""
    if holdings.ledger is not None:
        chain = holdings.ledger.decisions()
        head = f"head: decision {chain[-1].seq}, {chain[-1].sha256}" if chain else ""
        yield Checked("decisions", len(chain), note=head, damage=first_altered_decision(chain))


def _without_receipt(ledger: Ledger, known: _Chain) -> Damage | None:
    """A batch in force that no receipt speaks of was put there by somebody else."""
    for batch in ledger.in_force():
        if batch.batch_id not in known.last:
            where = f"batch {batch.batch_id} of {batch.source_id}"
            return Damage("it is in force and has no receipt", where, "Find out who wrote into the ledger")
    return None


def compare(witnesses: Iterable[Witness], copy: Iterable[Witness]) -> Checked:
    """Whether the ledger's chain still holds every receipt of an earlier copy: a chain cut at its end shows here."""
    checked = Checked("exported chain")
    ledger = {witness.receipt.seq: witness.receipt.sha256 for witness in witnesses}
    checked.damage = first_altered(_counted(copy, checked, kept := _Chain()))
    for seq, sha256 in kept.hashes.items() if checked.damage is None else ():
        checked.damage = _missing(seq, sha256, ledger, "the exported chain")
        if checked.damage is not None:
            break
    return checked


def _counted(witnesses: Iterable[Witness], checked: Checked, known: _Chain) -> Iterator[Witness]:
    for witness in witnesses:
        yield witness  # looked at before it is believed
        checked.count += 1
        known.take(witness)
    if known.hashes:
        head = max(known.hashes)
        checked.note = f"head: receipt {head}, {known.hashes[head]}"


def _missing(seq: int, sha256: str, hashes: Mapping[int, str], where: str) -> Damage | None:
    if seq not in hashes:
        end = max(hashes, default=0)
        return Damage(f"the chain was cut: it ends at receipt {end}, and {where} knows receipt {seq}", where, _CUT)
    if hashes[seq] != sha256:
        return Damage(f"the chain was rewritten: {where} knows another receipt {seq}", where, _CUT)
    return None


# -- files and pages --------------------------------------------------------------------------------------------------


def _files(witnesses: Iterable[Witness], holdings: Holdings, scope: Scope, known: _Chain) -> list[Checked]:
    files = Checked("landed and quarantined files")
    pages = Checked("pages, decrypted" if scope.pages else "pages, present")
    opened = _Pages(holdings.key_dir)
    wanted = scope.file.resolve() if scope.file is not None else None
    for witness in witnesses:
        link = witness.receipt
        body = told_by(witness)
        if known.last[link.batch_id] != link.seq or scope.source not in (None, body["source_id"]):
            continue
        needed = link.batch_id in known.needed
        for row in body["files"]:
            path = holdings.home / row["path"]
            if wanted in (None, path.resolve()):
                _enter(files, _File(path, link, needed, _RESTORE), partial(_difference, row))
        for row in body["pages"]:
            told = (witness.paths or {}).get(row["seq"])
            file = _File(holdings.home / told if told else None, link, needed, _RESTORE_PAGE)
            if told is None and needed and holdings.ledger is not None and pages.damage is None:
                what = f"page {row['seq']} has no file in the ledger, and no batch that is needed loses its pages"
                pages.damage = Damage(what, place_of(link), _RESTORE_PAGE)
            if wanted is None or (file.path is not None and file.path.resolve() == wanted):
                _enter(pages, file, partial(opened.difference, row) if scope.pages or wanted else None)
    return [files, pages]


def _difference(row: Mapping[str, Any], path: Path) -> str | None:
    if "blocks" in row:
        return first_difference(Seal.of_row(row), path)
    return "it is another file than was written" if file_sha256(path) != row["sha256"] else None


@dataclass(frozen=True)
class _File:
    """A file that a receipt speaks of; without a path the ledger itself says that it was removed."""

    path: Path | None
    link: Receipt
    needed: bool
    do: str


def _enter(checked: Checked, file: _File, difference: Callable[[Path], str | None] | None) -> None:
    if file.path is None or not file.path.is_file():
        checked.gone += 1
        why = "is missing" if file.needed and file.path is not None else None
    else:
        checked.count += 1
        why = _altered(file.path, difference) if difference is not None else None
    if why is not None and checked.damage is None:
        checked.damage = Damage(f"{file.path} {why}", place_of(file.link), file.do)


def _altered(path: Path, difference: Callable[[Path], str | None]) -> str | None:
    try:
        found = difference(path)
    except LedgerError as error:
        found = error.what
    except OSError as error:
        found = f"it cannot be read ({error.strerror})"
    return f"was altered: {found}" if found is not None else None


class _Pages:
    """Kept pages, each decrypted once however many batches share its file."""

    def __init__(self, key_dir: Path) -> None:
        self._key_dir = key_dir
        self._keys: tuple[bytes, ...] = ()
        self._seen: dict[tuple[int, int], tuple[str, int]] = {}

    def difference(self, row: Mapping[str, Any], path: Path) -> str | None:
        """Why a page is not the one that came; which byte of it was altered cannot be known from its seal."""
        state = path.stat()
        inode = (state.st_dev, state.st_ino)
        if inode not in self._seen:
            self._keys = self._keys or Keys.load(self._key_dir).page_keys
            body = read_page(path, *self._keys)
            self._seen[inode] = (hashlib.sha256(body).hexdigest(), len(body))
        if self._seen[inode] != (row["sha256"], row.get("bytes", self._seen[inode][1])):
            return f"it holds other bytes than page {row['seq']} had when it came"
        return None


def _about_file(found: list[Checked], holdings: Holdings, file: Path, known: _Chain) -> Sequence[Checked]:
    told = [checked for checked in found[1:] if checked.count or checked.gone]
    publication = next(
        (part for part in file.resolve().parents if part.parent == holdings.published_dir.resolve()), None
    )
    if publication is not None:
        checked = Checked("publication", count=1)
        checked.damage = _publication(publication, holdings.ledger, _recorded(holdings), known.hashes)
        told.append(checked)
    if not told:
        raise ConfigError(
            "no receipt and no publication speaks of this file",
            where=str(file),
            do="Name a file under landing/, pages/ or published/ of this installation",
        )
    return [found[0], *told]


# -- what was made of them --------------------------------------------------------------------------------------------


def _marts(holdings: Holdings) -> Checked:
    checked = Checked("marts in force")
    if holdings.ledger is None:
        checked.note = "not checked: only the ledger knows them"
        return checked
    for pillar, version in sorted(holdings.ledger.last_good().items()):
        path = holdings.home / str(version.path)
        checked.count += 1
        why = "is missing" if not path.is_file() else "was altered" if file_sha256(path) != version.sha256 else None
        if why is not None and checked.damage is None:
            checked.damage = Damage(
                f"{path} {why}", f"mart of pillar {pillar}", "Run `pilar evaluate --force`; restore it if that holds it"
            )
    return checked


def _publications(holdings: Holdings, known: _Chain) -> Checked:
    checked = Checked("publications")
    rows = _recorded(holdings)
    if rows is None:
        checked.note = "not compared with the ledger"
    present = pointer.list_publications(holdings.published_dir)
    named = {name for name, row in (rows or {}).items() if row.action != PREPARED}
    checked.gone = len(named - set(present))
    for publication_id in sorted(present):
        checked.count += 1
        damage = _publication(holdings.published_dir / publication_id, holdings.ledger, rows, known.hashes)
        checked.damage = checked.damage or damage
    checked.damage = checked.damage or _pointer(holdings, present)
    return checked


def _recorded(holdings: Holdings) -> Rows | None:
    """What the ledger recorded of each publication, the current one first; None where there is no ledger."""
    if holdings.ledger is None:
        return None
    return {row.publication_id: row for row in holdings.ledger.publications(limit=None)}


def _pointer(holdings: Holdings, present: Sequence[str]) -> Damage | None:
    """Whether readers see what they should: a publication of this folder, the one that the ledger says."""
    do = "Run `pilar publications rollback ID` with the one that readers should see"
    strange = pointer.strange(holdings.published_dir)
    if strange is not None:
        return Damage(strange, str(holdings.published_dir / pointer.CURRENT), do)
    current = pointer.current(holdings.published_dir)
    if current is not None and current not in present:
        return Damage("what readers are pointed at is missing", f"publication {current}", do)
    rows = holdings.ledger.publications(limit=None) if holdings.ledger is not None else ()
    # One that was prepared may be current already: a publication that died between the two has told only the first.
    meant = next((row.publication_id for row in rows if row.action != PREPARED), None)
    prepared = {row.publication_id for row in rows if row.action == PREPARED}
    if meant is not None and current != meant and current not in prepared:
        return Damage(f"readers are pointed at another one than the ledger says: {meant}", f"publication {current}", do)
    return None


def _publication(folder: Path, ledger: Ledger | None, rows: Rows | None, hashes: Mapping[int, str]) -> Damage | None:
    where = f"publication {folder.name}"
    if rows is not None and folder.name not in rows:
        return Damage("the ledger does not know it", where, "Pilar did not make this folder: take it away")
    try:
        manifest = verify_publication(folder)
        head = read_head(folder)
    except PublicationError as error:
        return Damage(error.what, where, error.do)
    if rows is not None and rows[folder.name].manifest_sha256 != manifest:
        return Damage("its manifest is not the one the ledger recorded", where, "Roll back, or publish again")
    if head is not None and (damage := _missing(head.seq, head.sha256, hashes, where)) is not None:
        return damage
    with opened_publication(folder) as tables:
        unknown = _receipts_named(tables) - set(hashes.values())
        if unknown:
            return Damage(f"it rests on receipt {min(unknown)[:12]}…, which is not in the chain", where, _CUT)
        return _told_otherwise(tables, ledger, rows[folder.name], where) if ledger is not None and rows else None


def _told_otherwise(
    tables: "duckdb.DuckDBPyConnection", ledger: Ledger, row: PublicationRow, where: str
) -> Damage | None:
    """A publication says what its evaluation read and how its gates answered; the ledger must say the same."""
    evaluation = ledger.evaluation(row.evaluation_id)
    said = tables.execute("select evaluation_id from meta.publication").fetchall()
    if evaluation is None or said != [(row.evaluation_id,)]:
        return Damage("the ledger names another evaluation for it", where, _CUT)
    query = "select batch_id from meta.batches where in_force order by 1"
    read = {str(found[0]) for found in tables.execute(query).fetchall()}
    inputs = {batch_id for batch_id in evaluation.inputs if ledger.batch(batch_id) is not None}
    held = {str(found[0]) for found in tables.execute("select region_code from reference.regions").fetchall()}
    # One that withholds a region lacks what was read for that region alone.
    whole = all(one.subject in held for one in ledger.decisions(REGION))
    altered = read ^ inputs if whole else read - inputs
    if altered:
        what = f"the ledger says otherwise whether its evaluation read batch {min(altered)}"
        return Damage(what, f"{where}, evaluation {row.evaluation_id}", _CUT)
    gates = {gate.gate: (gate.outcome, len(gate.checks), gate.carried_from) for gate in ledger.gates(row.evaluation_id)}
    # In the first release no answer was carried over.
    columns = {str(row[0]) for row in tables.execute("describe meta.gates").fetchall()}
    carried = "carried_from" if "carried_from" in columns else "null"
    told = tables.execute(f"select gate, outcome, checks, {carried} from meta.gates order by gate").fetchall()
    for gate, *answer in told:
        if gates.pop(gate, None) != tuple(answer):
            return Damage(f"the ledger tells another answer of gate {gate}", where, _CUT)
    return Damage(f"the ledger tells of gate {min(gates)}, which it does not", where, _CUT) if gates else None


def _frozen(holdings: Holdings, known: _Chain) -> Iterator[Checked]:
    """Every frozen version: as it was signed, and as it was recorded where there is a ledger."""
    folders = sorted(path for path in holdings.frozen_dir.glob("*/v*") if path.is_dir())
    decisions = holdings.ledger.decisions("freeze") if holdings.ledger is not None else ()
    if not folders and not decisions:
        return
    checked = Checked("frozen stages", len(folders))
    due = {holdings.frozen_dir / freeze_of(one).folder: str(one.told["list_sha256"]) for one in decisions}
    for folder in sorted({*folders, *due}):
        if checked.damage is None:
            checked.damage = _frozen_version(folder, due if holdings.ledger is not None else None, known.hashes)
    yield checked


def _frozen_version(folder: Path, due: Mapping[Path, str] | None, hashes: Mapping[int, str]) -> Damage | None:
    where = f"frozen {folder.parent.name}, {folder.name}"
    if due is not None and folder not in due:
        return Damage("the ledger does not know it", where, "Pilar did not make this folder: take it away")
    if not folder.is_dir():
        return Damage("it is missing", where, "Run `pilar freeze` for its stage again: it is made again to the byte")
    try:
        sealed, version = frozen.check(folder), frozen.read(folder)
        verify_publication(folder / frozen.PUBLICATION)
    except (PublicationError, ConfigError) as error:
        return Damage(error.what, where, error.do)
    if due is not None and due[folder] != sealed:
        return Damage("its signed list is not the one the ledger recorded", where, "Restore it from a backup")
    if version.receipt is not None and version.receipt_sha256 is not None:
        return _missing(version.receipt, version.receipt_sha256, hashes, where)
    return None


def _receipts_named(tables: "duckdb.DuckDBPyConnection") -> set[str]:
    query = "select distinct receipt_sha256 from meta.batches where receipt_sha256 is not null"
    return {str(row[0]) for row in tables.execute(query).fetchall()}
