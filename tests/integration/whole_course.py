"""A whole course of an evaluation as people would try it, from workbooks to a correction after the frozen stage.

What people decide is typed into the command line. How agencies' data are pulled and evaluated is the town's: by
commands, or by Airflow.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from definitions.instruments import find_instrument
from definitions.questionnaire import asked_of
from ledger.errors import ConfigError
from tests.connectors.protocols.signed_pdf import pdf, signed_pdf
from tests.integration.course import (
    ANSWER,
    EVIDENCE,
    FIGURE,
    FIRST,
    IN_TIME,
    LATE,
    LATER,
    Town,
    letter,
    of_files,
    of_workbooks,
    source,
)
from tests.pilar.answers.test_workbook import computed
from tests.pilar.stages.conftest import content

REGIONS = KUKAR, MALANG = "64.02", "35.07"
CITY, PEMDI = "smart-city-2023", "pemdi-2026"
AGENCIES = (
    "bappeda", "bpbd", "bpkad", "dinas_kesehatan", "dinas_pendidikan", "dinas_perkim", "dinas_pu", "diskominfo", "dlh",
    "dpmptsp", "setda",
)  # fmt: skip
CLAIM, ANSWERED = "outcome/8", "outcome/17"
"""What dpmptsp claims too much of, and what Dinas Kesehatan's assessors look at."""


def found(town: Town) -> None:
    """Two regencies and eleven agencies; nothing has been sent."""
    town.letters.mkdir()
    for opd in AGENCIES:
        town.write_source(opd, of_workbooks(opd, CITY, 2023))
    town.write_source("diskominfo", of_workbooks("diskominfo", PEMDI, 2026))
    town.write_source("bps", of_files("angka", FIGURE))
    town.write_source("setda", of_files("penilaian", ANSWER))
    town.write_source(
        "diskominfo",
        source("bukti", "files.evidence", EVIDENCE, args={"folder": "bukti"}, for_each=[{"kode_daerah": KUKAR}]),
    )


def whole_course(town: Town) -> None:
    """From the first workbook to the correction that comes after the frozen stage."""
    stages(town, assessed_from=3)
    ask(town)
    send_back(town)
    send_evidence(town)
    town.deliver("angka", FIGURE, 2023, [KUKAR, "bra_ease_of_business", "DPMPTSP", "62.50"])
    town.evaluate()
    first_publication(town)
    verify(town)

    return_and_verify(town)
    claimed, missing = recommend(town)
    stages(town, assessed_from=0)
    follow_up(town, claimed, missing)
    assessors_come(town)
    town.evaluate()
    second_publication(town)
    followed_up(town, claimed, missing)
    verify(town)

    object_and_decide(town)
    town.evaluate()
    decided(town)
    frozen = freeze(town)
    before = content(frozen)

    town.deliver(
        "angka",
        FIGURE,
        2023,
        [KUKAR, "bra_ease_of_business", "DPMPTSP", "80.00"],
        [KUKAR, "eco_poverty_p0", "BPS", "7.99"],
    )
    town.evaluate()
    corrected(town)
    assert content(frozen) == before
    frozen_again(town, frozen)
    assert content(frozen) == before
    verify(town)


# -- what people do, in order, and what they are told ------------------------------------------------------------------


def stages(town: Town, *, assessed_from: int) -> None:
    """Answers may be handed in and looked at today; assessed so many days from now."""
    today = datetime.now(UTC).date()
    own = f"instrument: {CITY}, year: 2023, closes: {today + timedelta(days=30)}"
    (town.home / "stages.yaml").write_text(
        "stages:\n"
        f"- {{stage: Mandiri, {own}, opens: {today - timedelta(days=2)}, allows: [submitted, returned, verified]}}\n"
        f"- {{stage: Dokumen, {own}, opens: {today + timedelta(days=assessed_from - 1)}, "
        "allows: [assessed, objected, final]}\n"
    )


def ask(town: Town) -> None:
    """Every agency gets its workbook of smart city; Pemdi asks Diskominfo alone."""
    for opd in AGENCIES:
        told = town.told("workbook", opd, "--instrument", CITY, "--stage", "I")["workbooks"]
        assert [one["region_code"] for one in told] == [MALANG, KUKAR]
        assert {one["questions"] for one in told} == {len(asked_of(find_instrument(CITY), opd))}
    told = town.told("workbook", "diskominfo", "--instrument", PEMDI, "--stage", "I")["workbooks"]
    assert [one["questions"] for one in told] == [16, 16]
    old = ("workbook", "dinas_pendidikan", "--instrument", "smart-city-2022", "--stage", "I", "--region", KUKAR)
    town.typed(*old, "--to", str(town.home / "old"))


def workbook(opd: str, instrument: str = CITY, region: str = KUKAR, year: int = 2023) -> str:
    """What an agency's workbook is called."""
    return f"jawaban_{opd}_{instrument}_{region}_{year}_tahap1.xlsx"


def send(
    town: Town, opd: str, region: str = KUKAR, *, says: Mapping[str, object] | None = None, day: str = IN_TIME
) -> Path:
    """Fill in the first option of every question, but where the agency says something else."""
    asked = town.home / "workbooks" / workbook(opd, region=region)
    return town.fill(asked, firsts(CITY, opd) | dict(says or {}), day=day)


def firsts(instrument: str, opd: str) -> dict[str, object]:
    """The first option of each question of an agency."""
    return {one.key: one.choices[0].text for one in asked_of(find_instrument(instrument), opd)}


def send_back(town: Town) -> None:
    """Most are in order. What is not is refused by its cell, and told in the agency's words."""
    for opd in ("bpkad", "dinas_kesehatan", "dinas_pu", "diskominfo", "setda"):
        send(town, opd)
    send(town, "dinas_kesehatan", MALANG)
    send(town, "dpmptsp", says={CLAIM: "> 75"})
    send(town, "bappeda", says={"outcome/27": None})
    pasted = send(town, "bpbd")
    at = pasted.stat().st_mtime
    computed(pasted, "Pilihan!C2", "≤ 25")
    os.utime(pasted, (at, at))
    send(town, "dinas_perkim", day=LATE)
    pemdi = {one.key: 3 for one in asked_of(find_instrument(PEMDI), "diskominfo")}
    town.fill(town.home / "workbooks" / workbook("diskominfo", PEMDI, year=2026), pemdi)
    [asked] = (town.home / "old").iterdir()
    town.fill(asked, firsts("smart-city-2022", "dinas_pendidikan"), name=workbook("dinas_pendidikan"))
    town.fill(town.home / "workbooks" / workbook("dinas_pu"), firsts(CITY, "dinas_pu"), name=workbook("dlh"))

    landed = {"bpkad": 3, "dinas_kesehatan": 6, "dinas_pu": 1, "diskominfo": 26, "setda": 1, "dpmptsp": 2}
    expected = {opd: ("accepted", count, 0) for opd, count in landed.items()}
    expected |= {"bappeda": ("accepted", 5, 1), "bpbd": ("accepted", 2, 1)}
    unfit = {"dinas_perkim": 2, "dinas_pendidikan": 2, "dlh": 1}
    expected |= {opd: ("rejected", 0, count) for opd, count in unfit.items()}
    pulled = town.pull_all("diskominfo_pemdi", *(f"{opd}_smart" for opd in expected))
    assert pulled.pop("diskominfo_pemdi") == [("accepted", 16, 0)]
    assert pulled == {f"{opd}_smart": [became] for opd, became in expected.items()}

    assert refused(town, "bappeda") == {("G14", "belum dijawab")}
    assert refused(town, "bpbd") == {
        ("G9", "berisi rumus, tanggal atau angka berformat; ketik jawabannya sebagai teks")
    }
    assert {why for _, why in refused(town, "dinas_perkim")} == {"dikirim setelah masa pengisian ditutup"}
    assert refused(town, "dinas_pendidikan") == {
        (cell, "baris ini dari lembar tahun 2022; isi lembar tahun ini") for cell in ("B9", "B10")
    }
    assert refused(town, "dlh") == {("B9", "baris ini dari lembar Dinas PU; isi lembar OPD sendiri")}
    assert [refused(town, opd) for opd in landed] == [set()] * len(landed)


def refused(town: Town, opd: str) -> set[tuple[str, str]]:
    return {(one["cell"], one["why"]) for one in town.told("workbook", opd, "--refused")["refused"]}


def send_evidence(town: Town) -> None:
    """One file for two agencies, one that has expired, one without a signature; of I8 three levels are accepted."""
    folder = town.letters / "bukti"
    levels = {f"diskominfo/{PEMDI}/2026/I8/{level}/sk.pdf": signed_pdf(level) for level in (1, 2, 3, 4)}
    files = levels | {
        f"diskominfo/{PEMDI}/2026/I1/2/sk.pdf": signed_pdf(5),
        f"diskominfo/{PEMDI}/2026/I2/2/laporan.pdf": pdf(6),
        "rekap.pdf": signed_pdf(7),
        "izin.pdf": signed_pdf(8),
    }
    for path, body in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    lines = ["berkas,opd,instrumen,tahun,kode,berlaku_sampai,keadaan"]
    lines += [f"{path},,,,,2099-12-31,{'submitted' if '/4/' in path else 'accepted'}" for path in levels]
    lines += [f"diskominfo/{PEMDI}/2026/I1/2/sk.pdf,,,,,2020-12-31,submitted"]
    lines += [f"rekap.pdf,{opd},{CITY},2023,{key},," for opd, key in REUSED.items()]
    lines += [f"izin.pdf,dpmptsp,{CITY},2023,{CLAIM},,"]
    (folder / "bukti.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    told = town.told("evidence", "inventory", str(folder))["evidence"]
    assert len(told) == len(files) + 1
    noted = {(one["path"].rpartition("/")[2], one["note"]) for one in told if one["note"]}
    assert noted == {("laporan.pdf", "not signed")}
    assert {status for status, _, _ in town.pull_all("bukti")["bukti"]} == {"accepted"}


REUSED = {"dinas_kesehatan": "outcome/16", "dinas_pu": "outcome/20"}


def first_publication(town: Town) -> None:
    """Readers see what was handed in and what is wrong with it."""
    assert findings(town) == [
        ("claim_contradicted", "dpmptsp", "> 75", "62.5"),
        ("evidence_expired", "diskominfo", "2020-12-31", None),
        ("evidence_reused", "dinas_kesehatan", None, None),
        ("evidence_reused", "dinas_pu", None, None),
        ("evidence_unsigned", "diskominfo", "unsigned", None),
    ]
    assert len(town.rows("select rule from quality.findings")) == 5
    lacks = readiness(town)
    assert lacks[CITY, CLAIM] == "contradicted"
    assert lacks[CITY, ANSWERED] is None
    assert lacks[CITY, "outcome/16"] == lacks[CITY, "outcome/20"] == "fresh_evidence"
    # Late, of last year, of another agency, with a formula, empty.
    for key in ("outcome/18", "outcome/22", "outcome/28", "outcome/24", "outcome/27"):
        assert lacks[CITY, key] == "answer"
    assert (lacks[PEMDI, "1/1"], lacks[PEMDI, "1/2"], lacks[PEMDI, "3/4"]) == ("fresh_evidence", None, None)
    assert lacks[PEMDI, "2/1"] == "evidence"
    assert lacks[PEMDI, "3/1"] == "waiting"
    assert (state(town, ANSWERED), state(town, "outcome/18")) == ("submitted", None)
    assert scores(town, PEMDI, "3/4") == {"opd": "3", "evidence": "3"}
    assert [one["who"] for one in town.told("answer", "show", *place("I8"))["roles"]] == ["opd", "evidence"]
    assert scores(town, CITY, CLAIM) == {"opd": "4"}
    # Whoever is asked next is told what was measured.
    town.typed("workbook", "dpmptsp", "--instrument", CITY, "--region", KUKAR, "--to", str(town.home / "new"))
    [asked] = (town.home / "new").iterdir()
    assert load_workbook(asked)["Jawaban"][f"{letter('Nilai terhitung')}{FIRST}"].value == "62.5000 nilai 0-100 (2023)"


def findings(town: Town) -> list[tuple[str | None, ...]]:
    told = town.told("findings", "list")["findings"]
    seen = [(one["rule"], one["owner"], one["published"], one["recomputed"]) for one in told]
    hidden = [(*one[:2], None, None) if one[0] == "evidence_reused" else one for one in seen]
    return sorted(hidden, key=str)


def readiness(town: Town) -> dict[tuple[str, str], str | None]:
    told = town.told("readiness", KUKAR)["readiness"]
    return {(one["instrument_id"], one["question"]): one["lacks"] for one in told}


def place(question: str, region: str = KUKAR) -> tuple[str, ...]:
    """How a question is named on the command line."""
    instrument, year = (PEMDI, "2026") if question.startswith("I") else (CITY, "2023")
    return (region, question, "--instrument", instrument, "--year", year)


def state(town: Town, question: str, region: str = KUKAR) -> str | None:
    told = town.told("answer", "show", *place(question, region))["state"]
    return str(told) if told is not None else None


def scores(town: Town, instrument: str, question: str) -> dict[str, str]:
    """What each role's answer scores, as published."""
    rows = town.rows(
        "select role, score::double::varchar from scores.instrument_answers "
        "where region_code = ? and instrument_id = ? and question = ? and score is not null",
        KUKAR,
        instrument,
        question,
    )
    return {role: score.removesuffix(".0") for role, score in rows}


def return_and_verify(town: Town) -> None:
    """Three answers go back, each for another reason; nobody assesses before the stage is open."""
    who = ("--who", "verifikator-1")
    for question, reason in (("outcome/15", "wrong"), ("outcome/10", "absent"), ("I8", "lower_level_open")):
        town.typed("answer", "return", *place(question), "--reason", reason, *who)
        assert state(town, question) == "returned"
    assert state(town, "outcome/15", MALANG) == "submitted"
    town.typed("answer", "verify", *place(ANSWERED), "--value", "50-75", *who)
    with pytest.raises(ConfigError, match="no stage is open that makes an answer assessed: Dokumen"):
        town.typed("answer", "assess", *place(ANSWERED), "--value", "75-100", "--assessor", "1", *who)
    assert state(town, ANSWERED) == "verified"


def recommend(town: Town) -> tuple[str, str]:
    """Stage I asks agencies for what is wrong and for what is missing. Returns the two that are followed up."""
    told = town.told("followup", "open", CITY, "I", "--due", "2099-12-31", "--who", "walidata")
    own = {(one["kind"], one["about"]): one for one in told["new"] if one["region_code"] == KUKAR}
    assert {kind for kind, _ in own} >= {"finding", "no_figure", "gap"}
    [claimed] = [one for one in own.values() if one["kind"] == "finding" and one["owner"] == "dpmptsp"]
    missing = own["no_figure", "outcome/12"]
    assert (claimed["priority"], missing["owner"]) == ("high", "bps")
    assert len(told["new"]) == told["drawn"]
    again = town.told("followup", "open", CITY, "I", "--who", "walidata")
    assert (again["new"], again["again"]) == ([], [])
    return claimed["id"], missing["id"]


def follow_up(town: Town, claimed: str, missing: str) -> None:
    """The agency claims what was measured, the figure comes; and two of the returned answers are handed in again."""
    send(town, "dpmptsp", says={CLAIM: "50-75"}, day=LATER)
    send(town, "dinas_kesehatan", says={"outcome/15": "25-50"}, day=LATER)
    pulled = town.pull_all("dpmptsp_smart", "dinas_kesehatan_smart")
    assert pulled == {"dpmptsp_smart": [("accepted", 2, 0)], "dinas_kesehatan_smart": [("accepted", 6, 0)]}
    town.typed("answer", "submit", *place("I8"), "--note", "SK tahun ini", "--who", "diskominfo")
    figures = [["bra_ease_of_business", "DPMPTSP", "62.50"], ["eco_poverty_p0", "BPS", "7.99"]]
    town.deliver("angka", FIGURE, 2023, *([KUKAR, *one] for one in figures))
    town.typed("followup", "done", claimed, "--reason", "jawaban diperbaiki", "--who", "dpmptsp")
    town.typed("followup", "done", missing, "--reason", "angka dikirim", "--who", "bps")
    # Where nothing has been published since, it cannot be seen yet.
    for one in (claimed, missing) if not town.evaluates_by_itself else ():
        with pytest.raises(ConfigError, match="the current publication still asks for it"):
            town.typed("followup", "verify", one, "--who", "inspektorat")


def assessors_come(town: Town, *more: tuple[str, ...]) -> None:
    """Five assessors score one answer; the register may hold more."""
    five = [("external", str(number), "2" if number == 5 else "3") for number in range(1, 6)]
    town.deliver("penilaian", ANSWER, 2023, *([KUKAR, CITY, ANSWERED, *one] for one in (*five, *more)))


def second_publication(town: Town) -> None:
    """The contradiction is over; each assessor's value stands by itself, beside the agency's own."""
    assert "claim_contradicted" not in {rule for rule, *_ in findings(town)}
    assert not town.rows("select rule from quality.findings where rule = 'claim_contradicted'")
    lacks = readiness(town)
    assert (lacks[CITY, CLAIM], lacks[CITY, "outcome/10"]) == (None, "returned")
    assert lacks[CITY, "outcome/15"] != "returned"
    states = [state(town, one) for one in ("outcome/15", "outcome/10", "I8", CLAIM, ANSWERED)]
    assert states == ["submitted", "returned", "submitted", "submitted", "assessed"]
    assert scores(town, CITY, ANSWERED) == {"opd": "1", "external": "2.8"}
    assert scores(town, CITY, CLAIM) == {"opd": "3"}
    told = town.told("answer", "show", *place(ANSWERED))["roles"]
    five = [(f"external {number}", "2" if number == 5 else "3") for number in range(1, 6)]
    assert [(one["who"], one["value"]) for one in told] == [("opd", "< 50"), ("internal", "50-75"), *five]


def followed_up(town: Town, claimed: str, missing: str) -> None:
    """What the publication no longer asks for is verified, by somebody else than who did it."""
    with pytest.raises(ConfigError, match="somebody else than dpmptsp"):
        town.typed("followup", "verify", claimed, "--who", "dpmptsp")
    for one in (claimed, missing):
        town.typed("followup", "verify", one, "--who", "inspektorat")
    told = town.told("followup", "list", "--all")["recommendations"]
    assert {one["id"] for one in told if one["state"] == "verified"} == {claimed, missing}


def object_and_decide(town: Town) -> None:
    """The agency objects, the interview decides, and the final value is fixed by the register."""
    town.typed("answer", "object", *place(ANSWERED), "--note", "register persalinan ada", "--who", "dinas_kesehatan")
    assert state(town, ANSWERED) == "objected"
    decide = ("answer", "assess", *place(ANSWERED), "--role", "interview", "--value", "75-100", "--who", "panitia")
    with pytest.raises(ConfigError, match="deciding an objection needs a note"):
        town.typed(*decide)
    town.typed(*decide, "--note", "berita acara 12")
    assessors_come(town, ("interview", "0", "75-100"), ("final", "0", "75-100"))


def decided(town: Town) -> None:
    """The final value stands beside every other one, and stays."""
    assert state(town, ANSWERED) == "final"
    assert scores(town, CITY, ANSWERED) == {"opd": "1", "external": "2.8", "interview": "3", "final": "3"}
    assert "answer_not_moved" not in {rule for rule, *_ in findings(town)}
    with pytest.raises(ConfigError, match="it is final"):
        town.typed("answer", "object", *place(ANSWERED), "--note", "sekali lagi", "--who", "dinas_kesehatan")


def freeze(town: Town) -> Path:
    """Stage II is fixed as it is published. Returns the folder."""
    told = town.told("freeze", CITY, "II", "--who", "walidata")
    assert (told["became"], told["freeze"]["version"], told["moved"]) == ("frozen", 1, [])
    (town.home / "kunci.pem").write_text(town.typed("keys", "public"))
    return Path(told["folder"])


def corrected(town: Town) -> None:
    """The correction is published, and the agency's answer is contradicted by it."""
    assert scores(town, CITY, CLAIM) == {"opd": "3"}
    assert ("claim_contradicted", "dpmptsp", "50-75", "80") in findings(town)
    assert measured(town) == [("80", "4")]


def measured(town: Town) -> list[tuple[object, ...]]:
    return town.rows(
        "select distinct value::integer::varchar, score::integer::varchar from scores.question_scores "
        "where region_code = ? and indicator_id = 'bra_ease_of_business' and instrument_year = 2023",
        KUKAR,
    )


def frozen_again(town: Town, first: Path) -> None:
    """The correction is a second version that says what moved; the first one is as it was signed."""
    told = town.told("freeze", CITY, "II", "--who", "walidata")
    assert (told["became"], told["freeze"]["version"]) == ("frozen", 2)
    moved = [one for one in told["moved"] if one["kind"] == "question"]
    assert {(Decimal(one["before"]), Decimal(one["after"])) for one in moved} == {(3, 4)}
    assert all({"batches", "measured"} <= one["because"].keys() for one in moved)
    for folder in (first, Path(told["folder"])):
        sealed = town.told("verify", "frozen", str(folder), "--key", str(town.home / "kunci.pem"))
        assert sealed["as_signed"]


def verify(town: Town) -> None:
    """Everything is as it was written."""
    told = town.told("verify", "--pages")
    assert told["as_written"]
    counts = {one["what"]: one["count"] for one in told["checked"]}
    assert counts["what was done with answers"] > 50
