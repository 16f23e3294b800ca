"""The agencies of the demo: each system of a protocol, filled with this simulator's own records."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import Any

from simulator.credentials import credential, json_web_token
from simulator.data import (
    answer_sheets,
    disasters,
    facilities,
    health_profile,
    impact_survey,
    investment_reports,
    licences,
    medical_waste,
    plastic,
    programmes,
    queues,
    results,
    roads,
    satisfaction,
    schools,
    statistics,
    stunting,
    surveys,
)
from simulator.data.answers import answers
from simulator.data.applications import inventory
from simulator.data.assessments import dimension_rows, spbe_rows
from simulator.data.births import encounters
from simulator.data.budget import lra
from simulator.data.projects import projects
from simulator.data.waste import rows
from simulator.regions import REGIONS, Region, by_kemendagri
from simulator.systems.bpjs import Asked, Bpjs, Service
from simulator.systems.bps import Bps, Variable
from simulator.systems.ckan import Ckan
from simulator.systems.common import Row, System
from simulator.systems.dapodik import Dapodik
from simulator.systems.folder import File, Folder
from simulator.systems.oss import Oss
from simulator.systems.rest import Endpoint, Rest
from simulator.systems.satusehat import LIFETIME_S, Satusehat
from simulator.systems.sheet import Sheet
from simulator.systems.sicantik import Sicantik
from simulator.systems.sipd import Sipd
from simulator.systems.sipsn import Sipsn
from simulator.systems.surveys import Kobo, Odk
from simulator.xlsx import Cell, workbook

_ANTREAN, _VCLAIM = "/antreanrest", "/vclaim-rest"
_INDICES_A_PAGE, _VALUES_A_PAGE, _ANSWERS_A_PAGE = 2, 10, 100
# Registers with rows that are refused come whole: the next page's address has this run's port in it, and a batch with
# refused rows is the one in force only where every byte is.
_APPLICATIONS_A_PAGE, _VALUES_A_REGISTER = 200, 200
SCHOOLS = "99640000-0000-4000-8000-000000020241"
"""The portal's resource with the schools of the first semester of 2024/2025."""


def agencies(*, token_lifetime_s: float = LIFETIME_S, revision: Callable[[], int] = lambda: 0) -> list[System]:
    """The HTTP systems. ``token_lifetime_s`` is SATUSEHAT's; ``revision``: how often the SPBE list was corrected."""
    secret = credential
    return [
        Sipd("sipd", _lra, token=json_web_token()),
        Dapodik("dapodik", _school, _pupils, token=secret("dapodik"), semester=schools.SEMESTERS[-1]),
        Satusehat(
            "satusehat",
            _encounters,
            client_id=secret("satusehat client"),
            secret=secret("satusehat"),
            lifetime_s=token_lifetime_s,
        ),
        Sipsn("sipsn", rows, session=secret("sipsn session"), facilities=facilities.rows),
        Oss("oss", _projects, user_key=secret("oss")),
        Bps("bps", _variables(), {region.bps: region.name for region in REGIONS}, key=secret("bps")),
        Rest(
            "diskominfo",
            {
                "/api/penilaian": Endpoint(dimension_rows, _VALUES_A_PAGE),
                "/api/spbe": Endpoint(lambda year: spbe_rows(year, revision()), _INDICES_A_PAGE, envelope=False),
                "/api/aplikasi": Endpoint(inventory, _APPLICATIONS_A_PAGE),
                "/api/jawaban": Endpoint(answers, _ANSWERS_A_PAGE),
            },
            token=secret("diskominfo"),
        ),
        Bpjs("bpjs", _queues(), cons_id="99640", secret=secret("bpjs secret"), user_key=secret("bpjs user key")),
        Kobo("kobo", "aSimulasiAirMinum", surveys.households, key=secret("kobo")),
        Odk("odk", "rumah", surveys.houses, login="pilar@simulasi.example", password=secret("odk")),
        Folder("bappeda_berkas", _programme_files(), login="pilar", password=secret("bappeda_berkas")),
        Folder("setda_berkas", _secretariat_files(), login="pilar", password=secret("setda_berkas")),
        Folder("dpmptsp_berkas", _investment_files(), login="pilar", password=secret("dpmptsp_berkas")),
        Folder("dinkes_berkas", _health_files(), login="pilar", password=secret("dinkes_berkas")),
        Folder("dpu_berkas", _road_files(), login="pilar", password=secret("dpu_berkas")),
        Folder("rsud_berkas", _visit_files(), login="pilar", password=secret("rsud_berkas")),
        Sheet("lembar_publik", "2PACX-simulasi", surveys.wifi_points),
        Ckan("satudata", {SCHOOLS: schools.recapitulation()}),
        Rest(
            "bpbd",
            {
                "/api/kejadian": Endpoint(disasters.events, _VALUES_A_REGISTER),
                "/api/desa-rawan": Endpoint(disasters.villages, _VALUES_A_REGISTER),
            },
            token=secret("bpbd"),
        ),
        Sheet("lembar_dlh", "2PACX-simulasi-dlh", plastic.inspections),
        Sicantik("sicantik", issued=licences.issued, in_process=licences.in_process, kinds=licences.kinds),
    ]


def _lra(code: str, year: int) -> Sequence[Row] | None:
    region = by_kemendagri(code)
    return None if region is None else lra(region, year)


def _school(npsn: str) -> Row | None:
    found = schools.school(npsn)
    return None if found is None else schools.school_row(found)


def _pupils(npsn: str, semester: str) -> Sequence[Row]:
    return schools.pupils(npsn) if semester in schools.SEMESTERS else ()


def _encounters(provider: str) -> Sequence[dict[str, Any]]:
    region = by_kemendagri(provider)
    return encounters(region) if region else ()


def _projects(code: str, year: int) -> Sequence[Row]:
    region = next((item for item in REGIONS if item.digits == code), None)
    return projects(region, year) if region else ()


def _variables() -> list[Variable]:
    every = (*statistics.VARIABLES, *statistics.EMPTY_VARIABLES)
    return [Variable(item.id, item.title, item.unit, partial(statistics.values, item)) for item in every]


def _programme_files() -> dict[str, File]:
    return {
        f"matriks_program_{region.kemendagri}_{year}.xlsx": partial(_book, programmes.sheet, region, year)
        for region in REGIONS
        for year in programmes.YEARS
    }


def _secretariat_files() -> dict[str, File]:
    forms: dict[str, File] = {
        f"skm_{region.kemendagri}_{satisfaction.YEAR}.csv": partial(_csv, satisfaction.forms, region)
        for region in REGIONS
    }
    for region in REGIONS:
        name = f"dampak_{region.kemendagri}_{impact_survey.YEAR}.csv"
        forms[name] = partial(_csv, impact_survey.lines, region)
    return forms | {"penetapan.csv": partial(_csv, results.lines)}


def _investment_files() -> dict[str, File]:
    return {
        f"lkpm_{region.kemendagri}_{year}.xlsx": partial(_book, investment_reports.sheet, region, year)
        for region in REGIONS
        for year in investment_reports.YEARS
    }


def _health_files() -> dict[str, File]:
    files: dict[str, File] = {
        f"profil_kesehatan_{health_profile.YEAR}.xlsx": lambda: workbook(health_profile.sheet(), "Tabel KIA")
    }
    for region in REGIONS:
        code = region.kemendagri
        files[f"baduta_stunting_{code}_{stunting.YEAR}.xlsx"] = partial(_book, stunting.sheet, region)
        files[f"limbah_medis_{code}_{medical_waste.YEAR}.csv"] = partial(_csv, medical_waste.rows, region)
    for region in answer_sheets.RETURNED:
        files[answer_sheets.file_name(region)] = partial(_answers, region)
    return files


def _answers(region: Region) -> bytes:
    return workbook(answer_sheets.sheet(region), answer_sheets.SHEET)


def _road_files() -> dict[str, File]:
    return {
        f"jalan_kabupaten_{region.kemendagri}_{year}.xlsx": partial(_book, roads.sheet, region, year)
        for region, year in roads.SURVEYS
    }


def _visit_files() -> dict[str, File]:
    return {
        f"waktu_antrean_{region.kemendagri}_{queues.MONTH}.csv": partial(_csv, queues.visits, region)
        for region in REGIONS
    }


def _book(sheet: Callable[..., Iterable[Sequence[Cell]]], *asked: object) -> bytes:
    return workbook(sheet(*asked))


def _csv(rows: Callable[..., Iterable[Sequence[str]]], *asked: object) -> bytes:
    return "".join(f"{';'.join(row)}\r\n" for row in rows(*asked)).encode()


def _queues() -> dict[str, Service]:
    return {
        f"{_VCLAIM}/Peserta/nokartu/{{number}}/tglSEP/{{day}}": Service(_member, "one", text_codes=True),
        f"{_ANTREAN}/ref/poli": Service(_clinics, "bare"),
        f"{_ANTREAN}/antrean/pendaftaran/tanggal/{{day}}": Service(lambda asked: queues.bookings(_day(asked))),
        f"{_ANTREAN}/dashboard/waktutunggu/tanggal/{{day}}/waktu/{{clock}}": Service(
            lambda asked: queues.waits(_day(asked)), clear=True
        ),
    }


def _clinics(_asked: Asked) -> Sequence[Row]:
    return [{"kdpoli": code, "nmpoli": name} for code, name in queues.CLINICS]


def _member(asked: Asked) -> object:
    number = asked["number"]
    serial = next((at for at in range(1, queues.MEMBERS + 1) if queues.card(at) == number), None)
    if serial is None:
        return None
    person = queues.member(serial)
    status = {"kode": "0", "keterangan": "AKTIF"}
    found = {"noKartu": number, "nik": person.nik, "nama": person.name, "sex": person.sex, "statusPeserta": status}
    return {"peserta": found}


def _day(asked: Asked) -> date:
    try:
        return date.fromisoformat(asked["day"])
    except ValueError:
        return date.min
