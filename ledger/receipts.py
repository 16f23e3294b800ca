"""The chain of receipts: pure functions, so that a copy of the chain can be checked without the ledger.

A receipt is the canonical JSON of what happened to a batch, with the hash of the receipt before it. Changing any byte
of any receipt, or taking one out, breaks every hash from there on.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.chain import GENESIS, Damage, canonical, link_hash
from ledger.errors import LedgerError
from ledger.records import Receipt

FORMER_NAMES = {"fetched_by": "place", "whole_pull": "by_rows"}
"""Fields of receipts from before the second migration that have another name now."""
FIRST_FIELDS = (
    "batch_id",
    "content_sha256",
    "contract_sha256",
    "coverage",
    "event_id",
    "landed_sha256",
    "reasons",
    "rows_landed",
    "rows_quarantined",
    "rows_received",
    "source_id",
    "status",
    "synthetic",
)
"""What receipts of the first release tell of a batch. Of its pages they tell the hashes, of its files that of one."""
WRITTEN_AT = "written_at"
"""Receipts of earlier versions have no time in their text, nor counts by rule, nor what they revise."""
_SHOWN = 60


@dataclass(frozen=True)
class Witness:
    """A receipt, and what the ledger's other rows say of its batch now.

    ``expected`` is the text that those rows would give the receipt: None where a later receipt tells of the same batch,
    or where there is only a copy of the chain. ``paths`` are the files of its kept pages by number. ``written_at`` is
    the time beside the receipt, None where only its text tells it.
    """

    receipt: Receipt
    expected: str | None = None
    paths: Mapping[int, str] | None = None
    written_at: str | None = None


def first_altered(chain: Iterable[Witness]) -> Damage | None:
    """The first receipt that is not as it was written, or whose batch is told otherwise by the ledger's other rows.

    Where those rows still give the text that was hashed, the first altered byte is known; else it is as near as the
    comparison with them comes.
    """
    before: Witness | None = None
    for witness in chain:
        # That the one before was not rewritten with its hash is known when this one continues it; only then is it told
        # which of the two, receipt or rows, is the right one.
        damage = _wrong_link(witness, before) or _wrong_rows(before)
        if damage is not None:
            return damage
        before = witness
    return _wrong_rows(before)


def read_copy(file: Path) -> Iterator[Witness]:
    """An exported chain, receipt by receipt. Raises LedgerError for a line that is none."""
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                found = json.loads(line)
                link = Receipt(*(found[name] for name in _FIELDS))
                paths = {int(seq): str(path) for seq, path in found["paths"].items()}
                json.loads(link.body)
            except (ValueError, LookupError, TypeError, AttributeError):
                raise LedgerError(
                    "a line of the exported chain is no receipt",
                    where=f"{file}: line {number}",
                    do="Use the file as `pilar verify export` wrote it",
                ) from None
            yield Witness(link, None, paths)


def copy_line(witness: Witness) -> str:
    """One receipt as a line of an exported chain."""
    link = witness.receipt
    return canonical({name: getattr(link, name) for name in _FIELDS} | {"paths": dict(witness.paths or {})})


def told_by(witness: Witness) -> Mapping[str, Any]:
    """What a receipt tells, in the words of today's, whichever version wrote it.

    One of the first release tells of no pull, so its batch is one. Its landed file has no blocks. Its pages have no
    size and no number: they stand in the order of the ledger's.
    """
    body: dict[str, Any] = json.loads(witness.receipt.body)
    if is_of_first_release(witness.receipt.body):
        landed = f"landing/{body['source_id']}/{body['batch_id']}/rows.parquet"
        files = [{"path": landed, "sha256": body["landed_sha256"]}] if body["landed_sha256"] else []
        numbers = sorted(witness.paths or ())
        if len(numbers) != len(body["pages"]):
            numbers = [*range(len(body["pages"]))]
        pages = [{"seq": seq, "sha256": sha256} for seq, sha256 in zip(numbers, body["pages"], strict=True)]
        return {**body, "fetched_by": body["batch_id"], "merge": None, "files": files, "pages": pages}
    return {**body, **{name: body[former] for name, former in FORMER_NAMES.items() if former in body}}


def is_of_first_release(body: str) -> bool:
    """Whether the first release wrote this text. Later ones tell of three things more, and one byte hides only one."""
    return not any(f'"{name}":' in body for name in ("opd", "pull_id", "files"))


def place_of(link: Receipt) -> str:
    """How a receipt is named."""
    return f"receipt {link.seq} (batch {link.batch_id})"


_FIELDS = ("seq", "batch_id", "body", "previous_sha256", "sha256")
_RESTORE = "Compare with an exported chain or a backup of the ledger, and find out who could write to it"


def _wrong_link(witness: Witness, before: Witness | None) -> Damage | None:
    link = witness.receipt
    place, due = place_of(link), (before.receipt.seq if before is not None else 0) + 1
    previous = before.receipt.sha256 if before is not None else GENESIS
    if link.seq != due:
        return Damage(f"receipt {due} is missing: the next one found is {place}", f"receipt {due}", _RESTORE)
    what = _wrong_hash(witness, previous)
    if what is None and link.previous_sha256 != previous:
        if before is None:
            what = "it does not begin the chain: receipts before it were removed"
        else:
            place = place_of(before.receipt)
            told = _byte(before, link.previous_sha256)
            what = f"it was rewritten together with its hash: receipt {link.seq} continues another one{told}"
    body = json.loads(link.body) if what is None else {}
    if what is None and body.get("batch_id") != link.batch_id:
        what = "it tells of another batch"
    if (
        what is None
        and witness.written_at is not None
        and body.get(WRITTEN_AT, witness.written_at) != witness.written_at
    ):
        what = f"the time beside it was altered: {witness.written_at} stands where {body[WRITTEN_AT]} is due"
    return Damage(what, place, _RESTORE) if what is not None else None


def _wrong_hash(witness: Witness, previous: str) -> str | None:
    link = witness.receipt
    if link_hash(link.previous_sha256, link.body) == link.sha256:
        return None
    if link_hash(previous, link.body) == link.sha256:
        return "it does not continue the one before it: the hash it names was altered"
    return f"it was altered: its hash does not follow from its text{_byte(witness, link.sha256)}"


def _byte(witness: Witness, sha256: str) -> str:
    """Where the text was altered that had this hash, as far as it can be known."""
    link, expected = witness.receipt, witness.expected
    if expected is None or expected == link.body:
        return ""
    sure = link_hash(link.previous_sha256, expected) == sha256
    return f"; {'the first altered byte is' if sure else 'it leaves the ledger at'} {difference(expected, link.body)}"


def _wrong_rows(witness: Witness | None) -> Damage | None:
    if witness is None or witness.expected is None or witness.expected == witness.receipt.body:
        return None
    place = difference(witness.receipt.body, witness.expected)
    what = f"the ledger's rows of its batch were altered: they leave the receipt at {place}"
    return Damage(what, place_of(witness.receipt), "Restore the rows of its batch from the receipt")


def difference(right: str, wrong: str) -> str:
    """The first byte in which two texts differ, and the field in which it lies."""
    a, b = right.encode(), wrong.encode()
    at = next((place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    try:
        field = _field(json.loads(right), json.loads(wrong))
    except ValueError:
        field = ""
    return f"byte {at}{field}"


def _field(right: Any, wrong: Any, path: str = "") -> str:
    if isinstance(right, dict) and isinstance(wrong, dict):
        for name in sorted(right.keys() | wrong.keys()):
            if right.get(name) != wrong.get(name):
                return _field(right.get(name), wrong.get(name), f"{path}.{name}" if path else name)
    if isinstance(right, list) and isinstance(wrong, list):
        for place, (x, y) in enumerate(zip(right, wrong, strict=False)):
            if x != y:
                return _field(x, y, f"{path}[{place}]")
    return f" ({path}: {_shown(wrong)} stands where {_shown(right)} is due)" if path else ""


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
