"""The states of figures, deliveries and checks: one sign and one word for each, wherever it stands, and the legend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from publication import tables
from publication.page.words import Text


@dataclass(frozen=True, slots=True)
class Mark:
    """A note that a reader must not miss: a sign, a word, and the kind for its colour."""

    kind: str
    symbol: str
    text: Text


HELD = Mark("held", "‖", Text("ditahan", "held"))
LATE = Mark("late", "◷", Text("terlambat", "late"))
IN_TIME = Mark("in-time", "◶", Text("tepat waktu", "in time"))
OVERDUE = Mark("overdue", "◵", Text("lewat tenggat", "overdue"))
NEVER = Mark("never", "∅", Text("belum pernah mengirim", "never delivered"))
WAITING = Mark("waiting", "…", Text("menunggu instansi lain", "waiting for another body"))
NOT_YET = Mark("missing", "○", Text("belum dapat dihitung", "cannot be computed yet"))
INCOMPLETE = Mark(
    "incomplete", "◐", Text("terkirim tanpa pembilang/penyebut yang lengkap", "sent without all of its parts")
)
FEW = Mark(
    "few", "◌", Text("kurang dari seperempat pertanyaan dinilai", "less than a quarter of the questions have a score")
)
SYNTHETIC = Mark("synthetic", "◇", Text("data simulasi", "simulated data"))
CALIBRATED = Mark("calibrated", "◈", Text("simulasi terkalibrasi", "calibrated simulation"))
EQUAL = Mark("published", "≡", Text("sama dengan angka terbit", "equals the published figure"))
DIFFERS = Mark("differs", "≠", Text("berbeda dari angka terbit", "differs from the published figure"))
UP = Mark("up", "▲", Text("naik", "up"))
DOWN = Mark("down", "▼", Text("turun", "down"))

_SIGNS = {"measured": "●", "missing": "○", "not_applicable": "⊘", "suppressed": "▨"}
STATES: Mapping[str, tuple[str, Text]] = {
    **{state: (_SIGNS[state], Text(*names)) for state, *names in tables.STATES},
    "absent": ("□", Text("belum pernah lolos pemeriksaan mutu", "has never passed its quality check")),
}
_CHECKS: Mapping[str, tuple[str, Text]] = {
    "pass": ("✓", Text("lolos", "passed")),
    "fail": ("✕", Text("tidak lolos", "failed")),
    "error": ("!", Text("galat: pemeriksaan tidak dapat dijalankan", "error: the check could not be carried out")),
}
_BATCHES: Mapping[str, tuple[str, Text]] = {
    "accepted": ("✓", Text("diterima", "accepted")),
    "unchanged": ("=", Text("tidak berubah", "unchanged")),
    "held": (HELD.symbol, HELD.text),
    "rejected": ("✕", Text("ditolak", "rejected")),
    "failed": ("!", Text("gagal diambil", "could not be fetched")),
    "running": ("▸", Text("berjalan", "running")),
}
_MATURITIES: Mapping[str, tuple[str, Text]] = {
    "provisional": ("◔", Text("sementara", "provisional")),
    "final": ("◉", Text("final", "final")),
    "revised": ("↻", Text("direvisi", "revised")),
}


def state_mark(state: str, threshold: int | None = None, *, related: bool = False) -> Mark:
    """The state of a figure. ``threshold`` is the smallest count that may be shown.

    ``related``: it may also be hidden since a smaller count could be computed back from it.
    """
    symbol, text = STATES[state]
    if state == "suppressed" and threshold is not None:
        where = Text(", di sini atau pada angka terkait", ", here or in a related figure") if related else Text("", "")
        text = Text(f"disamarkan (< {threshold} orang{where.id})", f"suppressed (< {threshold} people{where.en})")
    return Mark(state, symbol, text)


def missing(why: Text) -> Mark:
    """A figure that is not there, with the reason in the place of the word."""
    return Mark("missing", STATES["missing"][0], why)


def batch_mark(status: str) -> Mark:
    """What became of a batch."""
    return Mark(f"batch-{status}", *_BATCHES.get(status, ("?", Text(status, status))))


def maturity_mark(maturity: str) -> Mark:
    """How settled it is what a batch is about."""
    return Mark(f"maturity-{maturity}", *_MATURITIES[maturity])


_SILENCES: Mapping[str, Mark] = {"in time": IN_TIME, "late": LATE, "overdue": OVERDUE, "never": NEVER}
_TASKS: Mapping[str, tuple[str, Text]] = {
    "open": ("☐", Text("belum dikerjakan", "open")),
    "in_progress": ("◑", Text("sedang dikerjakan", "in progress")),
    "done": ("◕", Text("selesai, menunggu verifikasi", "done, to be verified")),
    "verified": ("☑", Text("terverifikasi", "verified")),
    "dropped": ("⊟", Text("dibatalkan", "dropped")),
}


def silence_mark(silence: str) -> Mark:
    """How punctual a source is."""
    return _SILENCES[silence]


def task_mark(state: str) -> Mark:
    """How far a follow-up has come."""
    return Mark(f"task-{state}", *_TASKS[state])


def check_mark(outcome: str) -> Mark:
    """What a quality check answered."""
    return Mark(f"gate-{outcome}", *_CHECKS[outcome])


LEGEND: Sequence[tuple[Text, Sequence[tuple[Mark, Text]]]] = (
    (
        Text("Keadaan angka", "State of a figure"),
        (
            (state_mark("measured"), Text("dihitung dari baris yang diterima", "computed from accepted rows")),
            (state_mark("missing"), Text("OPD belum mengirimnya; bukan nol", "not delivered; this is not zero")),
            (INCOMPLETE, Text("ada kiriman, tetapi angkanya tidak dapat dihitung", "sent, and it cannot be computed")),
            (WAITING, Text("nilainya dari instansi lain dan belum ada", "another body has not given its value yet")),
            (FEW, Text("skornya mewakili sedikit pertanyaan", "the score stands for few of the questions")),
            (state_mark("not_applicable"), Text("tidak berlaku untuk daerah ini", "does not apply to this region")),
            (
                state_mark("suppressed"),
                Text(
                    "orangnya terlalu sedikit, atau jumlah sekecil itu dapat dihitung kembali darinya",
                    "too few people are counted, or so small a count could be computed back from it",
                ),
            ),
            (HELD, Text("memakai versi baik terakhir; alasannya disebut", "the last good version, and why it is used")),
            (state_mark("absent"), Text("belum ada angka yang boleh tampil", "no figure may be shown yet")),
        ),
    ),
    (
        Text("Asal angka", "Where a figure comes from"),
        (
            (SYNTHETIC, Text("dari catatan simulasi", "from simulated records")),
            (
                CALIBRATED,
                Text(
                    "simulasi yang persentase atau nilainya mengikuti angka terbit; jumlah di baliknya tidak",
                    "simulated so that its rate or value follows a published figure; the counts behind it do not",
                ),
            ),
            (EQUAL, Text("cocok dengan angka penerbit resminya", "agrees with the figure of its authority")),
            (DIFFERS, Text("perlu diselesaikan, tidak dirata-ratakan", "to be settled by people, never averaged away")),
        ),
    ),
    (
        Text("Kiriman dan pemeriksaan", "Deliveries and checks"),
        (
            (check_mark("pass"), Text("pemeriksaan atau kiriman tanpa masalah", "a check or delivery without trouble")),
            (check_mark("fail"), Text("ditolak atau tidak lolos; alasannya disebut", "refused or not passed, and why")),
            (batch_mark("failed"), Text("sistem sumber atau pemeriksaan bermasalah", "a system or check had trouble")),
            (batch_mark("unchanged"), Text("isinya sama dengan sebelumnya", "the same as before")),
            (batch_mark("running"), Text("kiriman sedang diproses", "a delivery is being taken in")),
            (IN_TIME, Text("datang dalam waktu yang disepakati", "came within the agreed time")),
            (LATE, Text("melewati waktu yang disepakati", "past the agreed time")),
            (OVERDUE, Text("sudah lama melewati waktu yang disepakati", "long past the agreed time")),
            (NEVER, Text("belum ada kiriman yang diterima", "no delivery was accepted yet")),
            (maturity_mark("provisional"), Text("masih dapat berubah", "may still change")),
            (maturity_mark("final"), Text("tidak akan berubah lagi", "will not change any more")),
            (maturity_mark("revised"), Text("pernah final, lalu diperbaiki", "was final, and was then mended")),
        ),
    ),
    (
        Text("Keadaan tindak lanjut", "State of follow-ups"),
        (
            (task_mark("open"), Text("rekomendasi belum ditangani", "nobody has begun with it")),
            (task_mark("in_progress"), Text("OPD sedang menanganinya", "the agency is at work")),
            (task_mark("done"), Text("OPD menyatakan selesai", "the agency says that it is done")),
            (task_mark("verified"), Text("pihak lain sudah memeriksa hasilnya", "somebody else has checked it")),
            (task_mark("dropped"), Text("tidak dilanjutkan, dengan alasan", "not to be done, for a reason")),
        ),
    ),
    (
        Text("Perubahan", "Changes"),
        (
            (UP, Text("naik sejak terbitan sebelumnya", "up since the publication before")),
            (DOWN, Text("turun sejak terbitan sebelumnya", "down since the publication before")),
        ),
    ),
)
"""Every sign with its meaning, in the order in which they are shown."""
