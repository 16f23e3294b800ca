"""What is said of a condition: to operators in English, to agencies in Indonesian. Our own words, and nothing else.

A source is named by its id and a person by nothing. What a system said stays in the ledger.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ledger.alert_records import Alert, Condition
from ledger.clock import local_zone
from ledger.names import agency_name
from ledger.wording import moment
from pilar.alerts.addresses import OPERATOR
from pilar.alerts.conditions import DATABASE, EVALUATION
from pilar.alerts.plan import Message
from publication.page.words import date_text

Language = Literal["en", "id"]
MOST_LINES = 20


@dataclass(frozen=True)
class Said:
    """What holds, and what to do."""

    what: str
    do: str


def said(one: Condition, language: Language = "en") -> Said:
    """A condition in words."""
    return (_ENGLISH if language == "en" else _INDONESIAN)[one.kind](one)


def line(one: Condition, language: Language = "en") -> str:
    """A condition in one line: what holds, since when, and what to do."""
    told = said(one, language)
    since = f"since {moment(one.since)}" if language == "en" else f"sejak {_moment_id(one.since)}"
    return f"{told.what} ({since}). {told.do}."


def letter(whose: str, message: Message) -> tuple[str, str]:
    """Title and text of a message. Operators read English, agencies Indonesian."""
    return _for_operators(message) if whose == OPERATOR else _for_agency(whose, message)


def trial(whose: str, now: datetime) -> tuple[str, str]:
    """A message that only shows that the address works."""
    if whose == OPERATOR:
        return "Pilar: a test", f"This address gets alerts of Pilar. Nothing is wrong. Sent {moment(now)}."
    text = f"Alamat ini akan menerima pemberitahuan Pilar untuk {agency_name(whose)}. Tidak ada masalah."
    return "Pilar: uji coba", f"{text} Dikirim {_moment_id(now)}."


def _moment_id(at: datetime) -> str:
    local = at.astimezone(local_zone())
    return f"{date_text(local).id} pukul {local:%H.%M} {local:%Z}"


def _for_operators(message: Message) -> tuple[str, str]:
    opened, over = message.opened, (*message.over, *message.passed)
    title = f"Pilar: {_count(len(opened), 'thing needs', 'things need')} a person" if opened else "Pilar: over"
    parts = [_block("", [line(one.condition) for one in opened], "and {} more: `pilar alerts list`")]
    parts.append(_block("Over:", [_short(one) for one in message.over], "and {} more"))
    parts.append(_block("Came and went:", [_short(one) for one in message.passed], "and {} more"))
    if opened and over:
        title += f", {len(over)} over"
    return title, "\n\n".join(filter(None, parts))


def _for_agency(whose: str, message: Message) -> tuple[str, str]:
    name = agency_name(whose)
    opened = message.opened
    title = f"Pilar, {name}: {len(opened)} hal perlu ditindaklanjuti" if opened else f"Pilar, {name}: sudah selesai"
    more = "dan {} hal lain; tanyakan kepada walidata"
    parts = [
        _block("", [line(one.condition, "id") for one in opened], more),
        _block("Sudah selesai:", [said(one.condition, "id").what for one in message.over], more),
        _block("Sempat terjadi dan sudah selesai:", [said(one.condition, "id").what for one in message.passed], more),
    ]
    return title, "\n\n".join(filter(None, parts))


def _block(heading: str, lines: Sequence[str], more: str) -> str:
    if not lines:
        return ""
    # The same words once: a hundred contradictions of one rule are one line.
    counted = Counter(lines)
    shown = [f"- {text}" + (f" ({count} x)" if count > 1 else "") for text, count in counted.items()]
    left = len(shown) - MOST_LINES
    return "\n".join(filter(None, [heading, *shown[:MOST_LINES], more.format(left) if left > 0 else ""]))


def _short(one: Alert) -> str:
    until = f", until {moment(one.gone_at)}" if one.gone_at else ""
    return f"{said(one.condition).what} (since {moment(one.condition.since)}{until})"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def headline(found: Sequence[Condition]) -> str:
    """The first line of the status."""
    return f"{_count(len(found), 'thing needs', 'things need')} a person." if found else "Nothing needs a person."


_PARTS = {
    "ledger": "the ledger (PostgreSQL)",
    "lookout": "the lookout itself",
    "door": "the door",
    "airflow": "Airflow's interface",
    "scheduler": "Airflow's scheduler",
    "dag_processor": "Airflow's DAG processor",
    "triggerer": "Airflow's triggerer",
    DATABASE: "the database of published tables",
}
_SILENT = {
    "watch": "nothing runs: watch did not run",
    "maintenance": "Airflow's tables are not kept small: the DAG maintenance did not run",
    EVALUATION: "accepted data are not evaluated",
}
_KINDS = {
    "auth": "the login is refused",
    "quota": "it answers that it is asked too often",
    "retryable": "it does not answer, or not as it should",
    "permanent": "it refuses the request",
    "damaged": "what it sends is damaged",
    "empty": "it sends nothing",
    "machine": "this machine had no disk or memory left",
    "died": "the pull's process was killed",
    "failed": "the same data and rules would fail again",
    "interrupted": "it is interrupted again and again",
}
_KINDS_ID = {
    "auth": "akun atau kata sandi ditolak",
    "quota": "sistem membatasi jumlah permintaan",
    "retryable": "sistem tidak menjawab dengan semestinya",
    "permanent": "sistem menolak permintaan",
    "damaged": "data yang dikirim rusak",
    "empty": "sistem tidak mengirim data",
}


def _diagnose(one: Condition) -> str:
    return f"`pilar diagnose {one.subject.partition(' ')[0]}`"


def _of(one: Condition) -> str:
    return f"{one.subject.partition(' ')[0]}" + (f", {one.facts['coverage']}" if one.facts.get("coverage") else "")


def _failed(one: Condition) -> Said:
    why = _KINDS.get(one.facts.get("error_kind", ""), "see its last pull")
    if one.subject == EVALUATION:
        return Said(f"the evaluation fails: {why}", "Read the failed task's last line, then `pilar evaluate`")
    return Said(f"{one.subject} cannot be pulled: {why}", f"See {_diagnose(one)}")


def _failed_id(one: Condition) -> Said:
    why = _KINDS_ID.get(one.facts.get("error_kind", ""), "penyebabnya diketahui walidata")
    return Said(
        f"Data {one.subject} tidak dapat diambil: {why}", "Periksa sistemnya, lalu beri tahu walidata di Diskominfo"
    )


def _silent(one: Condition) -> Said:
    do = "Is the scheduler running? See `docker compose ps`, or start `pilar up` again"
    if one.subject == EVALUATION:
        do = "Is the DAG evaluate paused, or its run stuck? Else `pilar evaluate`"
    return Said(_SILENT.get(one.subject, f"{one.subject} did not run"), do)


_ENGLISH: dict[str, Callable[[Condition], Said]] = {
    "silent": _silent,
    "unwell": lambda one: Said(f"{_PARTS.get(one.subject, one.subject)} is not well", "Read its log"),
    "disk": lambda one: Said(f"only {one.facts['free_mib']} MiB are free on the disk of the data", "Make room"),
    "source_file": lambda one: Said(f"the file of source {one.subject} is not in order", "See `pilar sources check`"),
    "failed": _failed,
    "rejected": lambda one: Said(f"no row of {_of(one)} can be used", f"See {_diagnose(one)}"),
    "held": lambda one: Said(
        f"a batch of {_of(one)} is held", f"See {_diagnose(one)}, ask the agency, then `pilar release`"
    ),
    "gate": lambda one: Said(f"the pillar {one.subject} is held by its gate", "See `pilar gates docs`"),
    "missing": lambda one: Said(f"{one.subject} brings no data", "Ask the agency"),
    "late": lambda one: Said(f"{one.subject} is late", "Ask the agency"),
    "unanswered": lambda one: Said(
        f"an event about {one.subject} was not answered by a pull", "Is its DAG paused? Else `pilar pull`"
    ),
    "dead_letters": lambda one: Said(
        f"{one.facts['messages']} messages of the queue {one.subject} were no events that can be stored",
        "See `pilar event dead`, and ask who sends them",
    ),
    "behind": lambda _one: Said(
        "the database of published tables holds another publication than the current one",
        "See `pilar publications push`",
    ),
    "contradicted": lambda one: Said(
        f"published data{_owned(one)} are contradicted ({one.facts['rule']})", "See `pilar findings list`"
    ),
}
_INDONESIAN: dict[str, Callable[[Condition], Said]] = {
    **_ENGLISH,
    "failed": _failed_id,
    "rejected": lambda one: Said(
        f"Kiriman {_of(one)} ditolak: tidak ada baris yang dapat dipakai",
        "Periksa bentuk datanya bersama walidata, lalu kirim ulang",
    ),
    "held": lambda one: Said(
        f"Kiriman {_of(one)} ditahan; data sebelumnya tetap berlaku",
        "Periksa jumlah dan isinya, lalu konfirmasikan kepada walidata di Diskominfo",
    ),
    "missing": lambda one: Said(
        f"Data {one.subject} belum diterima dan sudah melewati batas waktu", "Kirimkan datanya, atau hubungi walidata"
    ),
    "late": lambda one: Said(f"Data {one.subject} terlambat", "Kirimkan datanya, atau hubungi walidata"),
    "contradicted": lambda _one: Said(
        "Angka yang sudah terbit bertentangan dengan angka lain",
        "Lihat halaman OPD pada publikasi, lalu perbaiki datanya di sumber",
    ),
}


def _owned(one: Condition) -> str:
    return f" of {one.owner}" if one.owner else ""
