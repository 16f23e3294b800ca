"""What gates said, and findings in words."""

import re
from decimal import Decimal

from publication.content import Content, Row
from publication.meta import Gate
from publication.page.model import GateNote, GateView
from publication.page.states import check_mark
from publication.page.words import Text, number

FINDINGS = {
    "claim_contradicted": Text(
        "jawaban OPD bertentangan dengan angka resmi", "answer that an official figure contradicts"
    ),
    "differs_from_published": Text(
        "nilai hitungan berbeda dari angka terbitan", "computed value that differs from the published one"
    ),
    "published_percentage_differs": Text(
        "persentase tidak sesuai bagiannya", "percentage that does not follow from its parts"
    ),
    "published_ratio_differs": Text(
        "angka terbitan tidak sesuai bagiannya", "published figure that does not follow from its parts"
    ),
    "published_sum_differs": Text("jumlah tidak sesuai bagiannya", "sum that does not follow from its parts"),
    "part_exceeds_whole": Text("bagian melebihi keseluruhannya", "part that exceeds its whole"),
    "parts_do_not_sum": Text("bagian-bagian tidak sama dengan jumlahnya", "parts that do not add up to their whole"),
    "key_given_twice": Text(
        "baris berkunci sama dari satu sumber; tidak satu pun dihitung",
        "rows of one key from one source, of which none counts",
    ),
    "key_of_two_sources": Text(
        "baris berkunci sama dari dua sumber; tidak satu pun dihitung",
        "rows of one key from two sources, of which none counts",
    ),
    "equal_figures": Text("angka sama persis, mungkin tersalin", "figures equal to the unit, perhaps copied"),
    "unchanged": Text("nilai tidak berubah bertahun-tahun", "value that did not change for years"),
    "jump": Text("lonjakan dalam setahun", "jump within a year"),
    "size_of_province": Text(
        "angka sebesar angka provinsi, mungkin salah daerah", "figure of a province's size, perhaps of the wrong region"
    ),
    "survey_off_scale": Text("jawaban survei di luar skalanya", "survey answers off their scale"),
    "survey_more_than_users": Text(
        "responden lebih banyak daripada pengguna layanan", "more respondents than users of the service"
    ),
    "survey_percent_of_mean": Text(
        "rata-rata survei ditulis sebagai persen", "mean of a survey printed with a percent sign"
    ),
    "survey_same_minute": Text(
        "satu responden untuk beberapa layanan dalam menit yang sama", "one respondent for several services in a minute"
    ),
    "survey_staff": Text("pegawai menjadi responden survei", "staff among the respondents of a survey"),
    "survey_all_the_same": Text(
        "semua jawaban satu formulir sama, mungkin tidak dibaca", "all answers of a form the same, perhaps unread"
    ),
    "survey_too_few": Text("responden kurang dari yang ditetapkan", "fewer respondents than the sample asks"),
    "published_without_parts": Text("persentase tanpa bagian yang lengkap", "percentage without all of its parts"),
    "vintages_apart": Text(
        "nilai kosong karena tidak ada satu rilis yang memuat semua komponennya",
        "value that is missing since no release has all of its components",
    ),
    "rows_superseded": Text(
        "baris yang tidak dipakai: sumber lain didahulukan", "rows not used: another source is first"
    ),
    "evidence_altered": Text("bukti berubah setelah ditandatangani", "evidence was altered after it was signed"),
    "evidence_reused": Text(
        "berkas bukti yang sama untuk OPD atau tahun lain", "the same file is evidence of another agency or year"
    ),
    "evidence_expired": Text("bukti sudah tidak berlaku", "evidence has expired"),
    "evidence_unsigned": Text("bukti tanpa tanda tangan elektronik", "evidence without an electronic signature"),
    "answer_not_moved": Text(
        "jawaban tidak dapat diubah pada keadaan atau tahap ini", "the answer may not be moved in this state or stage"
    ),
    "unknown_category": Text("nilai di luar daftar kode", "value outside the code list"),
    "region_out_of_scope": Text("daerah di luar cakupan evaluasi", "region outside this evaluation"),
    "not_looked_for": Text(
        "pemeriksaan tidak dapat dilakukan: datanya tidak terbaca", "check that was not made: its data cannot be read"
    ),
}
OF_ROWS = ("key_given_twice", "key_of_two_sources", "rows_superseded")
"""Findings that state nothing but how many rows they are about."""
AS_STATED = ("claim_contradicted", "survey_percent_of_mean", "vintages_apart", "unknown_category")
"""Findings that quote an agency's own words, where a point may be anything: 5.1 is a code or a release."""
SEVERITIES = {
    "contradiction": Text("bertentangan", "contradiction"),
    "doubt": Text("meragukan", "doubtful"),
    "note": Text("catatan", "note"),
}


def gates(content: Content) -> list[GateView]:
    """The gates in the order of the pillars, the scores last."""
    names = {str(pillar["id"]): Text(str(pillar["name_id"]), str(pillar["name_en"])) for pillar in content.pillars}
    order = [*names, "scores"]
    known = sorted(content.meta.gates, key=lambda gate: order.index(gate.gate) if gate.gate in order else len(order))
    return [_gate(gate, names.get(gate.gate, Text("Skor dan indeks", "Scores and index"))) for gate in known]


def percent(part: int, whole: int) -> Text:
    """A share with one decimal; a few among very many are told apart from none."""
    share = Decimal(100 * part) / whole if whole else Decimal(0)
    few = 0 < share < Decimal("0.1")
    text = number(Decimal("0.1") if few else share, 1 if share else 0)
    sign = "< " if few else ""
    return Text(f"{sign}{text.id}%", f"{sign}{text.en}%")


def example(content: Content, row: Row, *, whose: bool = True) -> Text:
    """Of what and when: what is stated, and what it is compared with. ``whose``: the region is named before."""
    region = content.region_names.get(str(row["region_code"]), "")
    about, at = _named(content, row), str(row["period"] or "")
    where = [
        ", ".join(part for part in (region if whose else "", subject, at) if part) for subject in (about.id, about.en)
    ]
    said = _rows(row) if row["rule"] in OF_ROWS else _figure(row["published"], quoted=row["rule"] in AS_STATED)
    stated = Text(*where) if said is None else Text(f"{where[0]}: {said.id}", f"{where[1]}: {said.en}")
    recomputed = _figure(row["recomputed"])
    if recomputed is None:
        return stated
    against = _against(content, row)
    return Text(f"{stated.id}, {against.id} {recomputed.id}", f"{stated.en}, {against.en} {recomputed.en}")


def _rows(row: Row) -> Text:
    count = number(int(row["row_count"]))
    return Text(f"{count.id} baris", f"{count.en} rows")


def _figure(text: str | None, *, quoted: bool = False) -> Text | None:
    """A number of a finding with the decimal sign of each language; what is ``quoted`` stays as it was stated.

    A column of ours has four decimals, which say nothing of how many were stated.
    """
    if text is None:
        return None
    if quoted or re.fullmatch(r"-?\d+\.\d+", text) is None:
        return Text(text, text)
    return number(Decimal(text)) if re.fullmatch(r"-?\d+\.\d{4}", text) else Text(text.replace(".", ","), text)


def _named(content: Content, row: Row) -> Text:
    """The indicator by its name; else the subject as it stands, and the column."""
    subject = str(row["subject"])
    known = content.indicators.get(subject)
    if known is not None:
        return Text(str(known["name_id"]), str(known["name_en"]))
    plain = " ".join(part for part in (subject, str(row["field"] or "")) if part)
    return Text(plain, plain)


def _against(content: Content, row: Row) -> Text:
    """Whose figure it is compared with; what follows from its own parts is computed."""
    against = row["against"]
    if against is None or row["rule"] in ("published_ratio_differs", "differs_from_published"):
        return Text("dihitung", "computed")
    known = content.indicators.get(str(against).partition(".")[0])
    if known is not None and known["id"] != row["subject"]:
        return Text(str(known["name_id"]), str(known["name_en"]))
    if known is not None:
        return Text("penyebutnya", "its denominator")
    return Text(str(against), str(against))


def _gate(gate: Gate, name: Text) -> GateView:
    notes = [
        GateNote(
            check.name,
            check.message,
            check.severity == "warning" and check.outcome == "fail",
            number(check.failing_count),
        )
        for check in gate.notable
    ]
    return GateView(name, check_mark(gate.outcome), gate.checks, notes, gate.carried_from)
