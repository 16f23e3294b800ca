"""What the PDF of a stage's pack says: contents, results, readiness, recommendations, evidence, and every document."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from definitions.stage import shipped
from definitions.words import Language, said
from ledger.names import agency_name
from ledger.sql import literal
from pilar.stages import frozen
from pilar.stages.frozen import Freeze
from pilar.stages.signature import fingerprint
from publication.manifest import file_sha256
from publication.page.agency import PRIORITIES
from publication.page.changes import BASES
from publication.page.instruments import INDEX
from publication.page.stage import LACKS
from publication.page.states import task_mark
from publication.page.words import ROLES, Text, number
from publication.pdf import Document
from publication.tables import read_rows

Say = Callable[[Any, Any], Any]
Tell = Callable[[Text | None], str]
_MOST_MOVED = 300


def report(folder: Path, version: Freeze, language: Language) -> bytes:
    """The PDF of a frozen version, without a signature."""

    def say(indonesian: str, english: str) -> str:
        return indonesian if language == "id" else english

    def tell(text: Text | None) -> str:
        return "-" if text is None else say(text.id, text.en)

    instrument = shipped(version.instrument)
    title = say(
        f"{said(instrument.name, 'id')} {version.year}, tahap {version.stage}, versi {version.version}",
        f"{said(instrument.name, 'en')} {version.year}, stage {version.stage}, version {version.version}",
    )
    document = Document(title, language=language, foot=f"{version.folder}, {version.publication}")
    document.paragraph(
        say(
            "Berkas untuk asesor. Isinya berasal dari terbitan yang dibekukan. Semua dokumen yang disebut ada dalam "
            "zip pendampingnya.",
            "The pack for assessors. What it says is of the frozen publication. Every document that it lists is in "
            "the zip beside it.",
        )
    )
    document.facts(_about(folder, version, say))
    document.paragraph(_how(say), small=True)
    document.contents(say("Daftar isi", "Contents"))
    of = f"instrument_id = {literal(version.instrument)} and year = {version.year}"
    publication = folder / frozen.PUBLICATION
    parts = (
        _results(publication, of, say, tell),
        _readiness(publication, of, say, tell),
        _recommendations(folder, say, tell),
        _evidence(publication, of, say),
        _moved(folder, say),
        _documents(folder, say),
    )
    for part in parts:
        document.part(part.title, part.note, part.head, part.rows, part.widths)
    return bytes(document.output())


@dataclass(frozen=True, slots=True)
class _Part:
    title: str
    note: str
    head: Sequence[str]
    widths: Sequence[int]
    rows: Sequence[Sequence[str]]


def _about(folder: Path, version: Freeze, say: Say) -> list[tuple[str, str]]:
    pem = (folder / frozen.PUBLIC_KEY).read_bytes()
    return [
        (
            say("Dibekukan", "Frozen"),
            say(f"{version.frozen_at} oleh {version.frozen_by}", f"{version.frozen_at} by {version.frozen_by}"),
        ),
        (say("Terbitan", "Publication"), version.publication),
        (say("Evaluasi", "Evaluation"), version.evaluation),
        (say("Daftar bertanda tangan (SHA-256)", "Signed list (SHA-256)"), str(frozen.list_sha256(folder))),
        (say("Sidik kunci publik", "Fingerprint of the public key"), fingerprint(pem)),
    ]


def _how(say: Say) -> str:
    return str(
        say(
            "PDF ini ditandatangani dengan kunci instalasi dan sertifikat buatan sendiri. Yang terbukti: pemegang "
            "kunci menandatanganinya, dan isinya tidak berubah; bukan jabatan penandatangannya. Cocokkan sidik kunci "
            "publik dengan walidata lewat jalur lain. Berkas dalam zip diperiksa menurut BACA-SAYA.txt.",
            "This PDF is signed with the installation's key and a certificate of its own making. That proves that the "
            "key's holder signed it and that it is unchanged, and not who holds which office. Compare the key's "
            "fingerprint with the walidata by another way. BACA-SAYA.txt says how the files of the zip are checked.",
        )
    )


def _rows(publication: Path, table: str, query: str) -> list[dict[str, Any]]:
    """What a table of the publication answers; nothing where a publication of an earlier version has no such table."""
    schema, name = table.split(".")
    there = read_rows(
        publication,
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
        [schema, name],
    )
    return read_rows(publication, query) if there else []


def _results(publication: Path, of: str, say: Say, tell: Tell) -> _Part:
    found = read_rows(
        publication,
        "select region_name, role, value, predicate, predicate_en, questions, unanswered, waiting "
        f"from scores.instrument_scores where {of} and node = {literal(INDEX)} order by region_name, role",
    )
    rows = [
        [
            str(row["region_name"]),
            tell(ROLES[row["role"]]),
            tell(number(row["value"], 2)),
            str(say(row["predicate"], row["predicate_en"]) or "-"),
            say(
                f"{row['questions'] - row['unanswered'] - row['waiting']} dari {row['questions']}",
                f"{row['questions'] - row['unanswered'] - row['waiting']} of {row['questions']}",
            ),
        ]
        for row in found
    ]
    computed = read_rows(
        publication,
        "select index_scores.*, region.region_name as region from scores.index_scores as index_scores "
        "inner join reference.regions as region using (region_code) where rule_set_id in "
        f"(select rule_set_id from reference.rule_set_methods where {of}) order by region, basis",
    )
    rows += [
        [str(row["region"]), tell(BASES[row["basis"]]), tell(number(row["index_value"], 2)), "-", "-"]
        for row in computed
    ]
    head = [say("Daerah", "Region"), say("Penilai", "By"), say("Indeks", "Index"), say("Predikat", "Predicate")]
    note = say(f"{len(rows)} hasil.", f"{len(rows)} results.")
    return _Part(say("Hasil", "Results"), note, [*head, say("Dijawab", "Answered")], (30, 28, 12, 20, 16), rows)


def _readiness(publication: Path, of: str, say: Say, tell: Tell) -> _Part:
    found = _rows(
        publication,
        "scores.readiness",
        "select region_name, owner, count(*) filter (ready) as ready, "
        "count(*) filter (lacks is distinct from 'waiting') as total, "
        "histogram(lacks) filter (lacks is not null and lacks <> 'waiting') as lacks "
        f"from scores.readiness where {of} group by all order by region_name, owner nulls last",
    )
    rows = [
        [
            str(row["region_name"]),
            agency_name(row["owner"]) if row["owner"] else "-",
            f"{row['ready']}/{row['total']}",
            "; ".join(f"{count} {tell(LACKS[kind])}" for kind, count in _pairs(row["lacks"])) or "-",
        ]
        for row in found
    ]
    head = [say("Daerah", "Region"), "OPD", say("Siap", "Ready"), say("Yang kurang", "What is lacking")]
    note = say(f"{len(rows)} lembar.", f"{len(rows)} sheets.") if rows else say("Tidak dihitung.", "Not computed.")
    return _Part(say("Kesiapan", "Readiness"), note, head, (28, 24, 10, 60), rows)


def _pairs(counts: Mapping[str, int] | None) -> Iterable[tuple[str, int]]:
    return sorted((counts or {}).items())


def _recommendations(folder: Path, say: Say, tell: Tell) -> _Part:
    path = folder / "follow-up.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    rows = [
        [
            say(one["text_id"], one["text_en"]),
            agency_name(one["owner"]) if one["owner"] else "-",
            tell(PRIORITIES[one["priority"]]),
            str(one["due"] or "-"),
            tell(task_mark(one["state"]).text),
            str(one["reason"] or "-"),
        ]
        for one in found
    ]
    head = [say("Rekomendasi", "Recommendation"), "OPD", say("Prioritas", "Priority"), say("Tenggat", "Due")]
    head += [say("Keadaan", "State"), say("Keterangan", "Remark")]
    note = say(f"{len(rows)} rekomendasi.", f"{len(rows)} recommendations.")
    return _Part(say("Rekomendasi dan tindak lanjut", "Recommendations"), note, head, (48, 20, 13, 15, 20, 24), rows)


def _evidence(publication: Path, of: str, say: Say) -> _Part:
    found = _rows(
        publication,
        "scores.answer_evidence",
        "select region_name, printed_code, opd, validity, signed, good, content_sha256 from scores.answer_evidence "
        f"where {of} order by all",
    )
    rows = [
        [
            str(row["region_name"]),
            str(row["printed_code"]),
            agency_name(row["opd"]) if row["opd"] else "-",
            say("ya", "yes") if row["good"] else say("tidak", "no"),
            str(row["content_sha256"] or "-"),
        ]
        for row in found
    ]
    head = [say("Daerah", "Region"), say("Kode", "Code"), "OPD", say("Berlaku", "Good"), "SHA-256"]
    note = say(
        f"{len(rows)} bukti dukung. Berkasnya ada pada OPD; sidik jarinya memastikan berkas yang sama.",
        f"{len(rows)} pieces of evidence. Their files are with the agencies; a hash tells whether a file is the one.",
    )
    return _Part(say("Bukti dukung", "Evidence"), note, head, (24, 12, 20, 10, 60), rows)


def _moved(folder: Path, say: Say) -> _Part:
    moved = frozen.read_moved(folder)
    rows = [
        [str(row["kind"]), str(row["what"]), str(row["before"]), str(row["after"]), ", ".join(row["because"])]
        for row in moved[-_MOST_MOVED:]
    ]
    note = say(f"{len(moved)} nilai berubah", f"{len(moved)} values moved")
    if len(moved) > len(rows):
        note += say(
            f"; {len(rows)} yang terakhir tampil, semuanya ada pada moved.json",
            f"; the last {len(rows)} are shown, moved.json has all",
        )
    head = [say("Jenis", "Kind"), say("Tentang", "What"), say("Sebelum", "Before"), say("Sesudah", "After")]
    title = say("Yang berubah sejak versi sebelumnya", "What moved since the version before")
    return _Part(title, f"{note}.", [*head, say("Karena", "Because")], (12, 48, 14, 14, 24), rows)


def _documents(folder: Path, say: Say) -> _Part:
    """Each file beside the publication, and of the publication its folders: the signed list names every file."""
    rows, folders = [], dict[str, list[int]]()
    for path in files_of(folder):
        name, size = path.relative_to(folder), path.stat().st_size
        if name.parts[0] == frozen.PUBLICATION:
            folders.setdefault(PurePosixPath(*name.parts[:-1][:2]).as_posix() + "/", []).append(size)
        else:
            rows.append([name.as_posix(), str(size), file_sha256(path)])
    for name_, sizes in sorted(folders.items()):
        rows.append([name_, str(sum(sizes)), say(f"{len(sizes)} berkas", f"{len(sizes)} files")])
    note = say(f"{frozen.LIST} memuat SHA-256 setiap berkas.", f"{frozen.LIST} has the SHA-256 of every file.")
    return _Part(
        say("Dokumen dalam zip", "Documents of the zip"),
        note,
        [say("Berkas", "File"), "byte", "SHA-256"],
        (50, 16, 60),
        rows,
    )


def files_of(folder: Path) -> list[Path]:
    """Every file of a frozen version, in the order of the zip."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
