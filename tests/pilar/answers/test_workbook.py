"""Workbooks that ask an agency: what stands in them, and what of a returned one lands, cell by cell."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from openpyxl import load_workbook

from connectors.pull.course import PullOutcome, pull
from definitions.claimed import claimed
from definitions.instruments import find_instrument
from definitions.questionnaire import asked_of, owners
from ledger.errors import ConfigError
from ledger.regions import known
from ledger.settings import Connection, Settings
from ledger.settings import sources_dir as shipped
from ledger.store import Ledger
from pilar.answers.known import read_known
from pilar.answers.refusals import refusals
from pilar.answers.workbook import COLUMNS, FILLED, HEADER_ROW, RISK, Known, Workbook, workbook_of
from pilar.answers.workbook_file import write_workbook
from pilar.sources.catalogue import find_source
from simulator.data import answer_sheets
from simulator.regions import by_kemendagri
from simulator.xlsx import workbook
from tests.pilar.conftest import Type

SMART_CITY = "smart-city-2023"
FIRST = HEADER_ROW + 1
[KUKAR] = known(["64.02"])
Edit = Callable[[Any], None]


def asked(opd: str = "dinas_kesehatan", instrument: str = SMART_CITY, **more: Any) -> Workbook:
    wanted = {"year": 2023, "stage": "I", "known": Known()} | more
    return workbook_of(find_instrument(instrument), opd, KUKAR, **wanted)


def letter(column: str) -> str:
    return chr(ord("A") + list(COLUMNS).index(column))


@pytest.fixture
def sources_dir(tmp_path: Path) -> Path:
    """The shipped source of returned workbooks, with a window for its stage."""
    source = yaml.safe_load((shipped() / "dinas_kesehatan" / "dinkes_jawaban.yaml").read_text(encoding="utf-8"))
    source["contract"]["columns"]["dikirim"] |= {"min": "2023-10-01", "max": "2023-11-15"}
    folder = tmp_path / "sources" / "dinas_kesehatan"
    folder.mkdir(parents=True)
    (folder / "dinkes_jawaban.yaml").write_text(yaml.safe_dump(source), encoding="utf-8")
    return folder.parent


@pytest.fixture
def here(settings: Settings, sources_dir: Path) -> Settings:
    return settings.model_copy(update={"sources_dir": sources_dir, "regions": ("64.02",)})


class Drop:
    """A folder that an agency puts its workbook into."""

    def __init__(self, folder: Path, ledger: Ledger, settings: Settings) -> None:
        self.folder, self._ledger, self._settings = folder, ledger, settings
        folder.mkdir()

    def send(self, made: Workbook, *edits: Edit, day: str = "2023-11-01", name: str = "") -> PullOutcome:
        """Fill a workbook in with the first option each, edit it, and pull."""
        path = self.folder / (name or made.file_name)
        write_workbook(made, path)
        book = load_workbook(path)
        sheet = book["Jawaban"]
        for row, one in enumerate(made.questions, start=FIRST):
            sheet[f"{letter('Jawaban')}{row}"] = one.choices[0].text
        for edit in edits:
            edit(sheet)
        book.save(path)
        at = datetime.fromisoformat(f"{day}T03:00").replace(tzinfo=UTC).timestamp()
        os.utime(path, (at, at))
        source = find_source(self._settings, "dinkes_jawaban")
        return pull(source, self._ledger, self._settings, connection=Connection(url=f"file://{self.folder}"))

    def landed(self, outcome: PullOutcome) -> list[tuple[str, str]]:
        [batch] = outcome.batches
        kept = self._ledger.batch(batch.batch_id)
        assert kept is not None
        path = str(self._settings.home / (kept.landed_path or ""))
        return duckdb.execute("SELECT kode, jawaban FROM read_parquet(?) ORDER BY 1", [path]).fetchall()

    def refused(self) -> list[tuple[str, str, str]]:
        found = refusals(self._ledger, self._settings, "dinas_kesehatan")
        return [(one.cell, one.rule, one.why) for one in found]


@pytest.fixture
def drop(tmp_path: Path, ledger: Ledger, here: Settings) -> Drop:
    return Drop(tmp_path / "drop", ledger, here)


def put(column: str, value: object, row: int = FIRST) -> Edit:
    """An edit of one cell."""

    def edit(sheet: Any) -> None:
        sheet[f"{letter(column)}{row}"] = value

    return edit


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_a_workbook_asks_an_agency_its_own_questions_and_locks_everything_else(tmp_path: Path) -> None:
    before = Known({"outcome/16": "75-95"}, {"outcome/16": "81.2 % (2023)"})
    made = asked(known=before)
    assert [one.key for one in made.questions] == ["outcome/15", "outcome/16", "outcome/17"]
    write_workbook(made, tmp_path / "made.xlsx")
    book = load_workbook(tmp_path / "made.xlsx")
    sheet = book["Jawaban"]
    assert any(cell.value == RISK for [cell] in sheet.iter_rows(max_row=HEADER_ROW, max_col=1))
    assert [cell.value for cell in sheet[HEADER_ROW]] == list(COLUMNS)
    second = {name: sheet[f"{letter(name)}{FIRST + 1}"] for name in COLUMNS}
    assert second["Jawaban tahun lalu"].value == "75-95"
    assert second["Nilai terhitung"].value == "81.2 % (2023)"
    assert "Rekap angka" in second["Bukti yang diminta"].value
    assert "mulai 75 sampai kurang dari 95" in second["Pilihan dan artinya"].value
    assert {name for name, cell in second.items() if not cell.protection.locked} == set(FILLED)
    assert all(one.protection.sheet for one in book)
    hidden = {name for name in COLUMNS if sheet.column_dimensions[letter(name)].hidden}
    assert hidden == {"Instrumen", "Tahun", "Tahap", "Kode daerah", "OPD", "Sidik"}
    assert not any(cell.data_type == "f" for one in book for row in one.iter_rows() for cell in row)


def test_the_drop_down_of_a_question_lists_its_options_and_no_others(tmp_path: Path) -> None:
    made = asked()
    write_workbook(made, tmp_path / "made.xlsx")
    book = load_workbook(tmp_path / "made.xlsx")
    rules = {str(rule.sqref): rule for rule in book["Jawaban"].data_validations.dataValidation}
    for row, one in enumerate(made.questions, start=FIRST):
        rule = rules[f"{letter('Jawaban')}{row}"]
        sheet, _, cells = rule.formula1.partition("!")
        assert [cell.value for [cell] in book[sheet][cells.replace("$", "")]] == [item.text for item in one.choices]
        assert rule.showErrorMessage


def test_a_number_is_asked_on_the_scale_where_answers_are_means(tmp_path: Path) -> None:
    write_workbook(asked("diskominfo", "pemdi-2026"), tmp_path / "made.xlsx")
    rules = load_workbook(tmp_path / "made.xlsx")["Jawaban"].data_validations.dataValidation
    assert {(rule.type, rule.formula1, rule.formula2) for rule in rules} == {("decimal", "1", "5")}


@pytest.mark.parametrize("named", ["smart-city-2023", "smart-city-2022", "sakip-2021", "pemdi-2026", "kami-5.0"])
def test_every_question_of_an_agency_is_asked_of_one_agency_alone(named: str) -> None:
    instrument = find_instrument(named)
    keys = [one.key for opd in set(owners(instrument).values()) for one in asked_of(instrument, opd)]
    assert sorted(keys) == sorted(owners(instrument))
    assert not [key for key in keys if instrument.asked[key].answered in ("external", "survey")]


def test_a_band_as_it_is_offered_is_a_claim_and_has_its_score() -> None:
    instrument = find_instrument(SMART_CITY)
    for one in instrument.asked.values():
        if one.rubric is None or one.rubric.bands is None:
            continue
        assert len(one.rubric.choices) == len(one.rubric.bands)
        for band in one.rubric.bands:
            claim = claimed(band.written)
            assert claim is not None
            assert one.rubric.of_option(band.written) == band.score
            assert claim.number is None
            middle = (
                band.lower
                if band.upper is None
                else band.upper
                if band.lower is None
                else (band.lower + band.upper) / 2
            )
            inside = (
                middle
                + (band.above is not None and band.upper is None)
                - (band.below is not None and band.lower is None)
            )
            assert band.holds(inside)
            assert claim.band.holds(inside)


def test_another_wording_is_another_question() -> None:
    one, other, same = (asked(instrument=named).questions[0] for named in (SMART_CITY, "smart-city-2022", SMART_CITY))
    assert one.fingerprint == same.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("opd", "instrument", "message"),
    [("dinas_sihir", SMART_CITY, "is asked nothing"), ("bappeda", "iid-2026", "several turns")],
)
def test_nobody_is_asked_what_is_not_his(opd: str, instrument: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        asked(opd, instrument)


def test_the_answer_of_the_year_before_is_found_by_its_question(tmp_path: Path) -> None:
    tables = tmp_path / "marts.duckdb"
    with duckdb.connect(str(tables)) as connection:
        connection.execute("create schema scores")
        connection.execute(
            "create table scores.instrument_answers as select * from (values "
            "('smart-city-2022', 'outcome/14', '64.02', 2022, 'opd', '50-75'),"
            "('smart-city-2022', 'outcome/15', '64.02', 2022, 'external', '3'),"
            "('smart-city-2022', 'outcome/16', '64.02', 2021, 'opd', 'old'),"
            "('smart-city-2022', 'outcome/17', '35.07', 2022, 'opd', 'elsewhere'))"
            " as answers(instrument_id, question, region_code, year, role, answer)"
        )
        connection.execute(
            "create table scores.question_scores as select '2023-outcome-15' as question_key, '64.02' as region_code, "
            "2023 as instrument_year, 81.2500 as value, '%' as unit, '2023' as period"
        )
        connection.execute("create schema reference")
        connection.execute(
            "create table reference.questions as select '2023-outcome-15' as question_key, 'outcome' as dimension, "
            "15 as position, 'smart-city-2023' as instrument_id"
        )
    earlier = find_instrument("smart-city-2022").asked["outcome/14"].question.text
    found = read_known(tables, find_instrument(SMART_CITY), "64.02", 2023)
    [(key, answer)] = found.answered.items()
    assert find_instrument(SMART_CITY).asked[key].question.text == earlier
    assert answer == "50-75"
    assert found.computed == {"outcome/15": "81.2500 % (2023)"}


# -- what comes back --------------------------------------------------------------------------------------------------


def test_a_workbook_that_was_filled_in_lands(drop: Drop) -> None:
    outcome = drop.send(asked())
    assert [batch.status for batch in outcome.batches] == ["accepted"]
    assert drop.landed(outcome) == [("outcome/15", "≤ 25"), ("outcome/16", "< 50"), ("outcome/17", "< 50")]
    assert drop.refused() == []


@pytest.mark.parametrize(
    ("edit", "cell", "rule", "words"),
    [
        (put("Tahun", "2022"), "B9", "context", "lembar tahun 2022"),
        (put("OPD", "dinas_pendidikan"), "B9", "context", "lembar Dinas Pendidikan"),
        (put("Kode daerah", "35.07"), "B9", "context", "lembar daerah 35.07"),
        (put("Tahap", "2"), "B9", "context", "lembar tahap 2"),
        (put("Instrumen", "smart-city-2022"), "B9", "context", "lembar smart-city-2022"),
        (put("Sidik", "0123456789ab"), "B9", "question_changed", "berubah sejak lembar dibuat"),
        (put("Kode", "outcome/7"), "B9", "question", "tidak ditujukan kepada OPD ini"),
        (put("Jawaban", "80-90"), "G9", "option", "pilih salah satu: ≤ 25, 25-50, 50-75, > 75"),
        (put("Jawaban", None), "G9", "required", "belum dijawab"),
        (put("Jawaban", datetime(2023, 5, 9)), "G9", "cell", "ketik jawabannya"),  # noqa: DTZ001 (a cell has no zone)
        (put("Catatan", "6402010101900001"), "H9", "personal_undeclared", "mirip NIK"),
    ],
    ids=["last year", "other agency", "other region", "other stage", "other instrument", "changed question",
         "not asked", "no option", "unanswered", "date", "NIK"],
)  # fmt: skip
def test_a_bad_cell_is_refused_by_itself_in_the_agencys_words(
    drop: Drop, edit: Edit, cell: str, rule: str, words: str
) -> None:
    outcome = drop.send(asked(), edit)
    assert [batch.status for batch in outcome.batches] == ["accepted"]
    assert [code for code, _ in drop.landed(outcome)] == ["outcome/16", "outcome/17"]
    [(found_cell, found_rule, why)] = drop.refused()
    assert (found_cell, found_rule) == (cell, rule)
    assert words in why


def copied(sheet: Any) -> None:
    for column in range(1, len(COLUMNS) + 1):
        sheet.cell(FIRST + 3, column).value = sheet.cell(FIRST, column).value


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([copied], {"B9": "ada di dua baris", "B12": "ada di dua baris"}),
        ([copied, put("Jawaban", "> 75")], {"B9": "ada di dua baris", "B12": "ada di dua baris"}),
        ([put("Catatan", "lihat lampiran", FIRST + 3)], {"B12": "bukan baris lembar yang dikirim"}),
        ([put("Jawaban", "25-50", FIRST + 3)], {"B12": "bukan baris lembar yang dikirim"}),
    ],
    ids=["the same answer", "another answer", "a note below", "an answer below"],
)
def test_a_row_that_was_added_is_refused_and_the_others_land(
    drop: Drop, edits: list[Edit], words: dict[str, str]
) -> None:
    outcome = drop.send(asked(), *edits)
    assert {"outcome/16", "outcome/17"} <= {code for code, _ in drop.landed(outcome)}
    found = {cell: why for cell, _, why in drop.refused()}
    assert found.keys() == words.keys()
    assert [cell for cell, said in words.items() if said not in found[cell]] == []


def computed(path: Path, formula: str, result: str | None) -> None:
    """A formula in the first answer's cell, with its result as a spreadsheet program saves it; None: as others do."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    place = f'r="{letter("Jawaban")}{FIRST}"'.encode()
    before, _, rest = parts["xl/worksheets/sheet1.xml"].partition(place)
    style = rest.split(b'"')[1]
    after = rest.partition(b"</c>")[2]
    saved = f' t="str"><f>{formula}</f><v>{result}</v>' if result is not None else f"><f>{formula}</f>"
    cell = f' s="{style.decode()}"{saved}</c>'.encode()
    parts["xl/worksheets/sheet1.xml"] = before + place + cell + after
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("result", ["25-50", None])
def test_a_pasted_formula_is_refused_though_it_comes_to_an_option(
    drop: Drop, here: Settings, ledger: Ledger, result: str | None
) -> None:
    made = asked()
    drop.send(made)
    path = drop.folder / made.file_name
    computed(path, "Pilihan!C2", result)
    at = datetime(2023, 11, 2, tzinfo=UTC).timestamp()
    os.utime(path, (at, at))
    source = find_source(here, "dinkes_jawaban")
    pull(source, ledger, here, connection=Connection(url=f"file://{drop.folder}"))
    [(cell, rule, why)] = drop.refused()
    assert (cell, rule) == ("G9", "cell")
    assert "rumus" in why


@pytest.mark.parametrize(("day", "words"), [("2023-09-30", "dibuka"), ("2023-11-16", "ditutup")])
def test_a_workbook_outside_the_window_is_refused_whole_and_the_earlier_answers_stay(
    drop: Drop, ledger: Ledger, day: str, words: str
) -> None:
    [first] = drop.send(asked()).batches
    outcome = drop.send(asked(), put("Jawaban", "> 75"), day=day)
    assert outcome.batches[0].status in ("held", "rejected")
    assert [batch.batch_id for batch in ledger.in_force("dinkes_jawaban")] == [first.batch_id]
    assert {words in why for _, _, why in drop.refused()} == {True}


def test_last_years_workbook_under_this_years_name_is_refused_whole(drop: Drop) -> None:
    made, older = asked(), asked(instrument="smart-city-2022", year=2022)
    outcome = drop.send(older, name=made.file_name)
    assert outcome.batches[0].status in ("held", "rejected")
    assert {why for _, _, why in drop.refused()} == {"baris ini dari lembar tahun 2022; isi lembar tahun ini"}


def test_an_agency_that_is_asked_nothing_is_told_before_the_first_pull(sources_dir: Path) -> None:
    from connectors.source.proof import check_sources

    path = sources_dir / "dinas_kesehatan" / "dinkes_jawaban.yaml"
    source = yaml.safe_load(path.read_text(encoding="utf-8"))
    source["contract"]["answers"]["opd"] = "dinas_sihir"
    path.write_text(yaml.safe_dump(source), encoding="utf-8")
    told = [(problem.where, problem.what) for problem in check_sources(sources_dir)]
    assert ("contract.answers", "'dinas_sihir' is asked nothing") in told
    assert ("contract.answers.opd", "'dinas_sihir' is another agency") in told


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_writes_a_workbook_a_region_and_lists_what_was_refused(
    typed: Type, drop: Drop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILAR_REGIONS", "64.02,35.07")
    words = ("workbook", "dinas_kesehatan", "--instrument", SMART_CITY, "--stage", "II", "--to", str(tmp_path / "out"))
    assert "3 questions" in typed(*words)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"jawaban_dinas_kesehatan_smart-city-2023_{code}_2023_tahap2.xlsx" for code in ("64.02", "35.07")}
    drop.send(asked(), put("Jawaban", "banyak"))
    printed = typed("workbook", "dinas_kesehatan", "--refused")
    assert "Jawaban!G9 (outcome/15): 'banyak' bukan pilihan pertanyaan ini" in " ".join(printed.split())


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_in_indonesian_keeps_the_drop_downs(tmp_path: Path) -> None:
    write_workbook(asked(), tmp_path / "made.xlsx")
    command = ["soffice", "--headless", "--convert-to", "fods", "--outdir", str(tmp_path), str(tmp_path / "made.xlsx")]
    environment = {**os.environ, "LC_ALL": "id_ID.UTF-8", "HOME": str(tmp_path)}
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=environment)
    text = (tmp_path / "made.fods").read_text(encoding="utf-8")
    assert text.count("cell-content-is-in-list") == 3
    assert json.dumps("≤ 25", ensure_ascii=False)[1:-1] in text


def test_the_simulated_agency_was_sent_the_workbook_of_today() -> None:
    """Where this fails a question was changed: give the simulator its new fingerprint."""
    made, simulated = asked(), by_kemendagri(KUKAR.code)
    assert simulated is not None
    assert tuple(COLUMNS) == answer_sheets.COLUMNS
    assert answer_sheets.file_name(simulated) == made.file_name
    assert [(code, mark) for code, mark, _ in answer_sheets.QUESTIONS] == [
        (one.key, one.fingerprint) for one in made.questions
    ]
    assert len(answer_sheets.sheet(simulated)[HEADER_ROW - 1]) == len(COLUMNS)


def test_the_simulated_agencies_workbooks_land_but_for_one_cell(drop: Drop, here: Settings, ledger: Ledger) -> None:
    """Their folder does not tell when a file was changed: the window is not judged then."""
    regions = answer_sheets.RETURNED
    here = here.model_copy(update={"regions": tuple(region.kemendagri for region in regions)})
    for region in regions:
        path = drop.folder / answer_sheets.file_name(region)
        path.write_bytes(workbook(answer_sheets.sheet(region), answer_sheets.SHEET))
        os.utime(path, (0, 0))
    source = find_source(here, "dinkes_jawaban")
    outcome = pull(source, ledger, here, connection=Connection(url=f"file://{drop.folder}"))
    assert [(batch.status, batch.landed, batch.quarantined) for batch in outcome.batches] == [("accepted", 5, 1)]
    [(cell, rule, why)] = drop.refused()
    assert (cell, rule) == ("G10", "option")
    assert why == "'82 %' bukan pilihan pertanyaan ini; pilih salah satu: < 50, 50-75, 75-95, ≥ 95"
