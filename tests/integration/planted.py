"""Ten thousand made-up identities, how they are put into what the agencies' systems say, and how they are looked for.

Every number and every name begins with a mark that nothing else in the project begins with, so that gigabytes are
searched for a few dozen marks, in the forms in which text travels, and each find is compared with the identities.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import psycopg

from ledger.sql import identifier, literal

COUNT = 10_000
NIK, KK, CARD, NISN, PHONE, NAME = "998877", "998866", "00099885", "998844", "089988", "Zaqwi"
MARKS = (NIK, KK, CARD, NISN, PHONE)


@dataclass(frozen=True)
class Identity:
    """One made-up person. Province 99 does not exist, and no family is called so."""

    nik: str
    kk: str
    card: str
    nisn: str
    phone: str
    name: str
    mother: str

    @property
    def numbers(self) -> tuple[str, ...]:
        return (self.nik, self.kk, self.card, self.nisn, self.phone)


def _word(number: int) -> str:
    return NAME + "".join("bdfgklmnpr"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{number:05}")


@cache
def identities() -> tuple[Identity, ...]:
    """All of them, always the same."""
    return tuple(
        Identity(
            nik=f"{NIK}{at % 28 + 1 + 40 * (at % 2):02}{at % 12 + 1:02}{at % 100:02}{at:04}",
            kk=f"{KK}{at % 28 + 1:02}{at % 12 + 1:02}{at % 25:02}{at:04}",
            card=f"{CARD}{at:05}",
            nisn=f"{NISN}{at:04}",
            phone=f"{PHONE}{at:06}",
            name=f"Siti {_word(at)}",
            mother=f"Dewi {_word(at + 50_000)}",
        )
        for at in range(COUNT)
    )


class Planter:
    """Hands out one identity after the other, each to one record, and begins again when all were given."""

    def __init__(self) -> None:
        self._turn = count()
        self.given: set[int] = set()

    def next(self) -> Identity:
        at = next(self._turn) % COUNT
        self.given.add(at)
        return identities()[at]

    def into(self, system: str, value: Any) -> Any:
        """An answer of a system with persons in its personal fields, in fields nobody declared, and beside records."""
        records = _records(system, value)
        for nth, record in enumerate(records):
            self._record(system, record, self.next(), nth)
        if isinstance(value, dict):
            person = self.next()
            value["petugas"] = f"{person.name} ({person.nik})"
            if isinstance(value.get("meta"), dict):
                value["meta"]["operator"] = person.mother
        return value

    def _record(self, system: str, record: Any, who: Identity, nth: int) -> None:
        if system == "dapodik" and "peserta_didik_id" in record:
            record |= {"nik": who.nik, "nisn": who.nisn, "nama": who.name, "nama_ibu": who.mother}
            record |= {
                "nomor_telepon_seluler": who.phone,
                "peserta_didik_id": f"{record['peserta_didik_id']}-{who.nik}",
            }
            record |= {"nik_wali": who.kk, "catatan_wali": f"{who.name}, {who.card}"}
        elif system == "dapodik":
            record |= {"alamat_jalan": who.name, "nomor_telepon": who.phone, "email": f"{who.nik}@contoh.invalid"}
        elif system == "satusehat" and "subject" in record:
            record["subject"] |= {"reference": f"{record['subject']['reference']}-{who.nik}", "display": who.name}
            record["identifier"] = [{"system": "bpjs", "value": who.card}]
            record["participant"][0]["individual"] = {"display": who.mother}
        elif system == "oss":
            record |= {"nib": who.card, "uraian_usaha": f"Warung {who.name} {who.nik}", "nama_pemilik": who.mother}
        elif system == "sipd":
            record["penanggung_jawab"] = f"{who.name} {who.nik}"
            if nth == 7:
                record["nama_rekening"] = f"Belanja a.n. {who.nik}"
        elif system == "sipsn":
            record[-1] = f"{who.name} {who.nik}"
        elif system == "bps":
            record |= {"note": who.name, "def": who.nik}


def _records(system: str, value: Any) -> list[Any]:
    if system == "sipsn":
        return list(value.get("markers") or [])
    if system == "dapodik":
        rows = value.get("rows", [])
        return [rows] if isinstance(rows, dict) else list(rows)
    if system == "satusehat":
        return [entry["resource"] for entry in value.get("entry", [])]
    if system == "bps":
        return list(value.get("var", []))
    if system == "oss":
        inner = [v for k, v in value.items() if k.lower().startswith("respon") and isinstance(v, dict)]
        project = inner[0].get("dataProyek") if inner else None
        return list(project["data_proyek"]) if isinstance(project, dict) else []
    return list(value) if isinstance(value, list) and system == "sipd" else []


def error_body(who: Identity) -> bytes:
    """What a careless system says about its failure."""
    text = {
        "message": f"Data peserta {who.name} (ibu {who.mother}) gagal diproses untuk NIK {who.nik}, kartu {who.card}",
        "detail": f"NISN={who.nisn}; HP {who.phone}; KK {who.kk}",
    }
    return json.dumps(text).encode()


def error_page(who: Identity) -> bytes:
    """The same as HTML."""
    return f"<html><body><h1>Galat</h1><p>Peserta {who.name} {who.nik} tidak sinkron</p></body></html>".encode()


# -- looking for them -------------------------------------------------------------------------------------------------


@cache
def _known() -> frozenset[bytes]:
    words = (part for who in identities() for name in (who.name, who.mother) for part in name.split()[1:])
    return frozenset(
        [number.encode() for who in identities() for number in who.numbers] + [word.lower().encode() for word in words]
    )


@cache
def _encoded_marks() -> tuple[bytes, ...]:
    """Marks as they look in base64 (at each of the three places a byte may have), hexadecimal and UTF-16."""
    found = set()
    for mark in (*MARKS, NAME, NAME.lower(), NAME.upper()):
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + mark.encode())
            # The first and last characters depend on what stands beside the mark.
            core = coded[(0, 2, 3)[shift] : (shift + len(mark)) * 8 // 6]
            if len(core) >= 6:
                found |= {core, core.replace(b"+", b"-").replace(b"/", b"_")}
        found |= {mark.encode().hex().encode(), mark.encode("utf-16-le"), mark.encode("utf-16-be")}
    # With blanks, dots or dashes between the groups of a number, and as a spreadsheet writes it.
    for mark in (NIK, KK):
        found |= {f"{mark[:4]}{sign}{mark[4:]}".encode() for sign in " .-"}
        found |= {f"{mark[:2]}{sign}{mark[2:4]}{sign}{mark[4:]}".encode() for sign in " .-"}
        found |= {f"{mark[0]}{sign}{mark[1:]}".encode() for sign in ".,"}
    return tuple(sorted(found))


_LONGEST = 40


def persons_in(content: bytes) -> list[bytes]:
    """Planted persons in these bytes, in whatever form: the first few."""
    found = []
    for mark in MARKS:
        for at in _places(content, mark.encode()):
            if any(content[at : at + size] in _known() for size in (10, 12, 13, 16)) and not _in_hash(content, at):
                found.append(content[at : at + 16])
    low = content.lower()
    for at in _places(low, NAME.lower().encode()):
        word = low[at : at + len(NAME) + 10]
        if word in _known():
            found.append(word)
    for mark in _encoded_marks():
        for at in _places(content, mark):
            if _is_coded(content, at):
                found.append(content[max(0, at - 4) : at + _LONGEST])
    return found[:5]


def _in_hash(content: bytes, at: int) -> bool:
    """Among the 64 digits of a pseudonym ten may happen to be those of a planted number."""
    digits, start, end = b"0123456789abcdef", at, at
    while start > 0 and at - start < 64 and content[start - 1] in digits:
        start -= 1
    while end < len(content) and end - at < 64 and content[end] in digits:
        end += 1
    return end - start >= 64 and any(content[place] in b"abcdef" for place in range(start, end))


def _is_coded(content: bytes, at: int) -> bool:
    """Few bytes may stand together by chance in a compressed file; more of the identity has to follow."""
    around = content[max(0, at - 96) : at + 96]
    for form in (around.replace(b"\0", b""), *_decoded(around, re.compile(rb"[A-Za-z0-9+/_-]{16,}"), _unbase64)):
        if _has_known(form):
            return True
    return any(_has_known(form) for form in _decoded(around, re.compile(rb"[0-9a-fA-F]{20,}"), _unhex))


def _has_known(text: bytes) -> bool:
    plain = re.sub(rb"(?<=\d)[ .,-](?=\d)", b"", text).lower()
    return any(plain[place : place + size] in _known() for place in range(len(plain)) for size in (10, 12, 13, 15, 16))


def _decoded(text: bytes, runs: re.Pattern[bytes], decode: Callable[[bytes], bytes]) -> Iterator[bytes]:
    for run in runs.findall(text):
        yield from (decode(run[shift:]) for shift in range(4))


def _unbase64(run: bytes) -> bytes:
    whole = run[: len(run) - (len(run) % 4 == 1)]
    return base64.urlsafe_b64decode(whole.replace(b"+", b"-").replace(b"/", b"_") + b"=" * (-len(whole) % 4))


def _unhex(run: bytes) -> bytes:
    return bytes.fromhex(run[: len(run) // 2 * 2].decode())


def _places(content: bytes, mark: bytes) -> Iterator[int]:
    at = content.find(mark)
    while at >= 0:
        yield at
        at = content.find(mark, at + 1)


# -- where everything is ----------------------------------------------------------------------------------------------


def on_disk(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file as it lies, what is packed in it, and the names of files and folders."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.is_symlink():
                continue
            yield f"{path} (name)", str(path).encode()
            yield str(path), path.read_bytes()
            if path.suffix == ".parquet":
                yield f"{path} (rows)", repr(duckdb.sql(f"from read_parquet({literal(str(path))})").fetchall()).encode()
            if path.suffix == ".duckdb":
                yield f"{path} (tables)", _tables(path)


def _tables(path: Path) -> bytes:
    """Every table of a DuckDB file; views read files that are looked at themselves."""
    with duckdb.connect(str(path), read_only=True) as connection:
        query = "select schema_name, table_name from duckdb_tables() where not internal"
        names = connection.execute(query).fetchall()
        found = [connection.execute(f"from {identifier(s)}.{identifier(n)}").fetchall() for s, n in names]
    return repr(found).encode()


def in_database(url: str) -> Iterator[tuple[str, bytes]]:
    """Every row of every table as text: values that the server keeps compressed are read out."""
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (name,) in names:
            rows = connection.execute(f"select t::text from {name} t").fetchall()
            yield f"ledger {name}", "\n".join(str(row[0]) for row in rows).encode()


def found_in(places: Iterator[tuple[str, bytes]]) -> Mapping[str, list[bytes]]:
    """Where planted persons are, by place."""
    return {place: found for place, content in places if (found := persons_in(content))}


def in_url(text: str) -> str:
    """A text as a URL carries it."""
    return quote(text)
