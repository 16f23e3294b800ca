"""The agency's own page of a contract: what to send, by when, what gets refused. Indonesian first, English second."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from connectors.authoring.contracts.examples import example_row
from connectors.authoring.contracts.phrases import (
    PROTOCOLS,
    SYSTEM,
    Both,
    cell,
    personal_words,
    rules_of,
    type_words,
    unit_words,
)
from connectors.landing.fields import field_of
from connectors.source.columns import Column
from connectors.source.source import Source
from definitions.words import Language, said

_TITLE = Both("Kontrak data: {title}", "Data contract: {title}")
_MADE = Both(
    "Halaman ini dibuat otomatis dari berkas sumber `{file}`. Bila berbeda, berkas sumber itu yang menjadi acuan.",
    "This page is made from the source file `{file}`; that file is what counts.",
)
_SEND = Both("Data yang dikirim", "What to send")
_FROM = Both("Pilar mengambil data dari {place}.", "Pilar fetches the data from {place}.")
_FILES = Both("Nama berkas: `{pattern}`", "Name of the file: `{pattern}`")
_SHEET = Both("lembar `{sheet}`", "sheet `{sheet}`")
_WIDE = Both(
    "Kolom {names} berulang untuk setiap periode, disertai nama periodenya: `{example}`.",
    "The columns {names} repeat for each period, with its name: `{example}`.",
)
_KEY = Both(
    "Satu baris untuk setiap {key}; baris kedua dengan kunci yang sama ditolak.",
    "One row for each {key}; a second row with the same key is refused.",
)
_HEAD = Both(
    "| kolom | jenis data | wajib | satuan | keterangan | aturan | data pribadi |",
    "| column | type | required | unit | meaning | rules | personal data |",
)
_YES = Both("ya", "yes")
_OPTIONAL = Both("opsional", "may be absent")
_DROPPED = Both(
    "Bila ikut terkirim, dihapus sebelum data disimpan: {names}.",
    "If sent along, dropped before anything is stored: {names}.",
)
_IGNORED = Both("Boleh ikut terkirim, tetapi tidak diolah: {names}.", "May be sent along and is not read: {names}.")
_EXAMPLE = Both("Contoh baris (bukan data sebenarnya):", "An example row, without any person:")
_WHEN = Both("Jadwal pengiriman", "By when")
_DUE = Both(
    "Tenggat data baru: {due}. Bila selama {warn} tidak ada data yang diterima, sumber ini ditandai *late* (terlambat) "
    "dalam daftar sumber di Diskominfo. Setelah {fail}, sumber ini ditandai *overdue* (lewat tenggat).",
    "New data is due on {due}. When no data was accepted for {warn}, Diskominfo's list of sources marks it as *late*. "
    "After {fail} it is *overdue*.",
)
_SAME = Both(
    "Data yang dikirim ulang tanpa perubahan tetap dihitung sebagai pengiriman.",
    "Data that are still the same count too.",
)
_SAME_FILES = Both(
    "Berkas yang isinya tidak berubah tidak dihitung sebagai pengiriman.",
    "A file whose content is still the same does not count.",
)
_REFUSED = Both("Data yang ditolak atau ditahan", "What is refused or held")
_ROWS = Both("Baris ditolak, disertai alasannya, bila:", "A row is refused, with the reason, when:")
_ROW_CASES = (
    Both(
        "kolom wajib kosong, atau nilai tidak sesuai jenis data dan aturannya. Nilai tidak dikoreksi dengan dugaan",
        "a required column is empty, or a value does not fit its type and rules. No value is repaired by guessing",
    ),
    Both("kuncinya sama dengan baris lain", "its key stands on another row already"),
    Both(
        "ada nomor seperti NIK atau nomor KK di kolom yang tidak ditetapkan sebagai data pribadi",
        "a number with the form of a NIK or KK stands in a column that does not declare one",
    ),
)
_ANSWER_CASES = (
    Both(
        "barisnya berasal dari lembar tahun, tahap, daerah, instrumen atau OPD lain",
        "it is from a workbook of another year, stage, region, instrument or agency",
    ),
    Both(
        "pertanyaannya tidak ditujukan kepada OPD, atau berubah sejak lembar dibuat",
        "the agency is not asked its question, or the question changed since the workbook was made",
    ),
    Both("jawabannya tidak ada di daftar pilihan, atau berisi rumus", "its answer is no option, or a formula"),
)
_BREAKS = Both("tidak memenuhi `{rule}`", "it breaks `{rule}`")
_FLAGGED = Both("Diterima dengan catatan bila tidak memenuhi:", "Accepted with a note when it breaks:")
_HELD = Both(
    "Kiriman ditahan sampai ada keputusan walidata (data terakhir yang lolos pemeriksaan tetap berlaku) bila:",
    "A delivery is held until a person decides (the last good data stays in force) when:",
)
_FEWER = Both("jumlah barisnya kurang dari {rows}", "it has fewer than {rows} rows")
_SHRINK = Both("jumlah barisnya turun lebih dari {share} dari biasanya", "it has {share} fewer rows than usual")
_CHANGED = Both(
    "lebih dari {share} data yang sudah berlaku berubah nilainya", "more than {share} of the records in force changed"
)
_QUOTA = Both("lebih dari {share} barisnya ditolak", "more than {share} of its rows are refused")
_FLAGS = Both("lebih dari {share} barisnya ditandai", "more than {share} of its rows are flagged")
_COPY = Both("isinya sama dengan kiriman wilayah atau periode lain", "its content is that of another region or period")
_DRIFT: Mapping[str, Both] = {
    "added": Both("ada kolom yang tidak tercantum di atas", "there is a column that is not listed above"),
    "removed": Both("ada kolom di atas yang hilang", "a column listed above is missing"),
    "renamed": Both("ada kolom yang tampaknya berganti nama", "a column looks renamed"),
    "retyped": Both("jenis data suatu kolom berubah", "the type of a column changed"),
    "reordered": Both("isi kolom tampaknya tertukar", "the contents of columns look exchanged"),
}
_ASK = Both("Bila ada masalah", "When something breaks")
_WHOM = Both(
    "Hubungi walidata di Diskominfo dan sebutkan `{id}`. Bila kolom atau bentuk data akan berubah, beri tahu "
    "sebelumnya. Langkah penanganan oleh walidata tercantum di bagian [English](#when-something-breaks).",
    "Ask the walidata at Diskominfo and name `{id}`. Tell them before columns or the form of the data change. "
    "What they do:",
)
_SPANS: Mapping[str, Both] = {"d": Both("{n} hari", "{n} days"), "h": Both("{n} jam", "{n} hours")}


def agency_page(source: Source) -> str:
    """The page of one contract, in both languages."""
    file = f"connectors/sources/{source.opd}/{source.id}.yaml"
    lines = [f"# {_TITLE.id.format(title=source.title)}", "", f"{source.system} · {source.opd} · `{source.id}`", ""]
    lines += [_MADE.id.format(file=file), "", "[English](#english)", "", *_body(source, "id")]
    lines += ["## English", "", _MADE.en.format(file=file), "", *_body(source, "en")]
    return "\n".join(lines)


def contracts_index(sources: Sequence[Source]) -> str:
    """The page that lists the contracts."""
    lines = ["# Kontrak data / Data contracts", "", "Made from the source files: `./run contracts write`.", ""]
    lines += ["| OPD | kontrak / contract | sistem / system | Open Data Contract Standard |", "|---|---|---|---|"]
    for source in sources:
        page = f"[{cell(source.title)}]({source.opd}/{source.id}.md)"
        document = f"[{source.id}.odcs.yaml]({source.opd}/{source.id}.odcs.yaml)"
        lines.append(f"| {source.opd} | {page} | {cell(source.system)} | {document} |")
    return "\n".join([*lines, ""])


def _body(source: Source, language: Language) -> Iterator[str]:
    yield from _section(_SEND, language, _send(source, language))
    yield from _section(_WHEN, language, _when(source, language))
    yield from _section(_REFUSED, language, _refused(source, language))
    yield from _section(_ASK, language, _whom(source, language))


def _whom(source: Source, language: Language) -> Iterator[str]:
    yield _WHOM.to(language).format(id=source.id)
    if language == "en":
        yield ""
        yield " ".join(source.runbook.split())


def _section(title: Both, language: Language, lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    yield f"{'##' if language == 'id' else '###'} {title.to(language)}"
    yield ""
    yield from lines
    yield ""


def _send(source: Source, language: Language) -> Iterator[str]:
    contract = source.contract
    place = PROTOCOLS.get(source.protocol, SYSTEM).to(language).format(system=source.system)
    yield " ".join([_FROM.to(language).format(place=place), *_files(source, language)])
    yield ""
    yield _KEY.to(language).format(key=", ".join(f"`{name}`" for name in contract.key))
    yield ""
    yield _HEAD.to(language)
    yield "|---|---|---|---|---|---|---|"
    for name, column in contract.landed.items():
        place_in_record = field_of(name, column)
        if place_in_record is not None and place_in_record != source.args.get("row_as"):
            yield _row(column, column.from_ or place_in_record, name in contract.key, language)
    yield ""
    dropped = [column.from_ or name for name, column in contract.columns.items() if column.dropped]
    for phrase, names in ((_DROPPED, dropped), (_IGNORED, contract.ignore)):
        if names:
            yield phrase.to(language).format(names=", ".join(f"`{name}`" for name in names))
            yield ""
    yield _EXAMPLE.to(language)
    yield ""
    yield "```json"
    yield json.dumps(example_row(source), ensure_ascii=False, indent=2)
    yield "```"


def _files(source: Source, language: Language) -> Iterator[str]:
    if source.of_files:
        told = _FILES.to(language).format(pattern=_readable(str(source.args.get("pattern", ""))))
        sheet = source.args.get("sheet")
        yield f"{told}{', ' + _SHEET.to(language).format(sheet=sheet) if sheet is not None else ''}."
    wide = source.args.get("wide") or {}
    if wide.get("separator"):
        label = next(iter(wide.get("labels") or {"...": ""}))
        names = ", ".join(f"`{name}`" for name in wide["group"])
        yield _WIDE.to(language).format(names=names, example=f"{wide['group'][0]}{wide['separator']}{label}")


def _readable(pattern: str) -> str:
    """A file name's pattern with its groups as ``<name>``."""
    while (shorter := re.sub(r"\(\?P<(\w+)>[^()]*\)", r"<\1>", pattern)) != pattern:
        pattern = shorter
    return pattern.replace("\\.", ".")


def _row(column: Column, place: str, in_key: bool, language: Language) -> str:
    wanted = _YES if column.required or in_key else _OPTIONAL if column.optional else None
    cells = [
        f"`{place}`",
        type_words(column.sql_type, language),
        wanted.to(language) if wanted is not None else "",
        unit_words(column, language),
        said(column.description, language),
        "; ".join(rules_of(column, language)),
        personal_words(column, language),
    ]
    return f"| {' | '.join(cell(text) for text in cells)} |"


def _when(source: Source, language: Language) -> Iterator[str]:
    fresh = source.freshness
    warn, fail = (_SPANS[span[-1]].to(language).format(n=span[:-1]) for span in (fresh.warn, fresh.fail))
    same = _SAME_FILES if source.of_files else _SAME
    yield f"{_DUE.to(language).format(due=said(fresh.due, language), warn=warn, fail=fail)} {same.to(language)}"


def _refused(source: Source, language: Language) -> Iterator[str]:
    contract, limits = source.contract, source.assertions
    rules = [(rule.rule, rule.on_fail) for rule in contract.rules]
    rules += [(ratio.formula, ratio.on_fail) for ratio in contract.ratios]
    yield _ROWS.to(language)
    yield ""
    cases = [case.to(language) for case in (*_ROW_CASES, *(_ANSWER_CASES if contract.answers is not None else ()))]
    cases += [_BREAKS.to(language).format(rule=rule) for rule, on_fail in rules if on_fail == "quarantine"]
    yield from _list(cases)
    yield ""
    flagging = [rule for rule, on_fail in rules if on_fail == "flag"]
    if flagging:
        yield f"{_FLAGGED.to(language)} {', '.join(f'`{rule}`' for rule in flagging)}."
        yield ""
    yield _HELD.to(language)
    yield ""
    cases = [
        _FEWER.to(language).format(rows=limits.rows.min),
        _SHRINK.to(language).format(share=f"{limits.shrink.max:.0%}"),
    ]
    if limits.changed is not None:
        cases.append(_CHANGED.to(language).format(share=f"{limits.changed.max:.0%}"))
    cases.append(_QUOTA.to(language).format(share=f"{limits.quarantine.max:.0%}"))
    if flagging:
        cases.append(_FLAGS.to(language).format(share=f"{limits.flagged.max:.0%}"))
    cases.append(_COPY.to(language))
    cases += [words.to(language) for kind, words in _DRIFT.items() if getattr(contract.drift, kind) == "hold"]
    yield from _list(cases)


def _list(cases: Sequence[str]) -> Iterator[str]:
    """A list whose items are sentences."""
    yield from (f"- {case}." for case in cases)
