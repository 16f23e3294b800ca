"""Each protocol that speaks HTTP, asking the simulator's system of it: four rows in two answers, the first marked.

All that the tests of every protocol need to know of one stands in its entry here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from connectors.http.client import HttpClient
from connectors.protocols import registry
from connectors.protocols.base import Page
from ledger.settings import Connection
from simulator.server import Simulator
from simulator.systems.bpjs import Bpjs, Service
from simulator.systems.bps import Bps, Variable
from simulator.systems.ckan import Ckan
from simulator.systems.common import System
from simulator.systems.dapodik import Dapodik
from simulator.systems.oss import Oss
from simulator.systems.rest import Endpoint, Rest
from simulator.systems.satusehat import Satusehat
from simulator.systems.sicantik import Sicantik
from simulator.systems.sipd import Sipd
from simulator.systems.sipsn import Sipsn

PASSWORD, USER_KEY, LOGIN, TOKEN = "kunci-rahasia-9f3a", "kunci-pengguna-77c", "743627386", "token-rahasia-41b"
SECRETS = (PASSWORD, USER_KEY, TOKEN)
MARK = "TANDA"
ROWS: list[dict[str, Any]] = [{"id": f"r{at}", "nama": MARK if at == 0 else "Biasa"} for at in range(4)]


@dataclass(frozen=True)
class Asked:
    """A system, and how a source asks it.

    ``data`` is what the addresses of its data have in common and no other has (a login, a count). ``columns`` says
    where ``id`` and ``nama`` come from. ``refusal`` is an answer that refuses with HTTP 200. ``but`` has the faults
    (tests.connectors.protocols.wire_faults) that end otherwise here than elsewhere.
    """

    system: System
    args: Mapping[str, Any]
    refusal: Any
    data: str = ""
    for_each: tuple[Mapping[str, str], ...] = ()
    columns: Mapping[str, str] = field(default_factory=lambda: {"id": "id", "nama": "nama"})
    but: Mapping[str, str] = field(default_factory=dict)


def half(second: bool) -> list[dict[str, Any]]:
    return ROWS[2:] if second else ROWS[:2]


_CELLS = {(f"640{at + 1}", 2020 + at // 2): str(row["nama"]) for at, row in enumerate(ROWS)}
# PHP systems label JSON as HTML: these protocols look at the body before its label.
_BODY_FIRST = {"json_as_html": "lands"}

SYSTEMS: Mapping[str, Asked] = {
    "rest": Asked(
        Rest("rest", {"/rows": Endpoint(lambda year: ROWS, 2)}, token=PASSWORD),
        {
            "path": "/rows",
            "params": {"tahun": "2024"},
            "records": "$.data",
            "paging": {"mode": "next_url", "next_at": "$.next"},
            "auth": {"type": "bearer"},
        },
        refusal=None,  # a source says which member refuses: test_manners
    ),
    "ckan": Asked(
        Ckan("ckan", {"x": ROWS}, token=PASSWORD),
        {"resource_id": "x", "limit": 2},
        refusal={"success": False, "error": {"__type": "Validation Error"}},
        but={"no_content": "damaged"},
    ),
    "dapodik": Asked(
        Dapodik("dapodik", lambda npsn: {"npsn": npsn}, lambda npsn, semester: ROWS, token=PASSWORD, semester="20241"),
        {"method": "getPesertaDidik", "npsn": "1", "semester_id": "20241", "limit": 2},
        refusal="Parameter NPSN harap diisi",
        but={**_BODY_FIRST, "no_content": "damaged"},
    ),
    "satusehat": Asked(
        Satusehat(
            "satusehat",
            lambda provider: [{"resourceType": "Encounter", **row} for row in ROWS],
            client_id=LOGIN,
            secret=PASSWORD,
            issue=lambda: TOKEN,
        ),
        {"resource": "Encounter", "count": 2},
        refusal={"resourceType": "OperationOutcome", "issue": [{"code": "value"}]},
        data="/Encounter",
    ),
    "sipd": Asked(
        Sipd("sipd", lambda code, year: ROWS, token=PASSWORD),
        {"path": "/aklap/api/report/lra", "params": {"tahun": "2024", "id_daerah": "64.02"}, "limit": 2},
        refusal={"message": "Parameter tahun salah"},
    ),
    "sicantik": Asked(
        Sicantik("sicantik", issued=lambda: ROWS),
        {"method": "listpermohonanterbit", "limit": 2},
        refusal={"status": False, "error": "Unknown method."},
        data="/listpermohonan",
        # The office counts its licences, so that a list without end has one.
        but={"no_content": "damaged", "pages_without_end": "lands"},
    ),
    "oss": Asked(
        Oss("oss", lambda code, year: half(code == "6403"), user_key=PASSWORD),
        {"method": "inqueryProyek", "request": {"kd_daerah": "{kd}", "tahun": "2024"}},
        refusal={"responinqueryProyek": {"kode": 400, "keterangan": "Parameter salah", "dataProyek": []}},
        for_each=({"kd": "6402"}, {"kd": "6403"}),
        but=_BODY_FIRST,
    ),
    "bps": Asked(
        Bps("bps", [Variable(1, "x", "x", lambda: _CELLS)], {code: "x" for code, _ in _CELLS}, key=PASSWORD),
        {"domain": "0000", "var": [1], "tahun": [2020, 2021]},
        refusal={"status": "Error", "message": "Domain harus diisi"},
        columns={"id": "vervar", "nama": "nilai"},
        but={"field_twice": "damaged"},
    ),
    "sipsn": Asked(
        Sipsn(
            "sipsn", lambda year: [[year, "P", "K", *row.values()] for row in half(year == "2021")], session=PASSWORD
        ),
        {"columns": ["tahun", "provinsi", "kabupaten", "id", "nama"], "form": {"tahun": "{tahun}"}},
        refusal="<html><h1>SIPSN</h1></html>",
        data="/getMarker",
        for_each=({"tahun": "2020"}, {"tahun": "2021"}),
        # A session that is refused is shown the home page.
        but={"wrong_token": "damaged"},
    ),
    "bpjs": Asked(
        Bpjs(
            "bpjs",
            {"/ref/{kd}": Service(lambda asked: half(asked["kd"] == "b"), text_codes=True)},
            cons_id=LOGIN,
            secret=PASSWORD,
            user_key=USER_KEY,
        ),
        {"path": "ref/{kd}", "records": "$.list"},
        refusal={"metaData": {"code": "201", "message": "Tanggal tidak sesuai"}, "response": None},
        for_each=({"kd": "a"}, {"kd": "b"}),
        # Answers about two days may be equal: there the doubled keys are found.
        but={**_BODY_FIRST, "page_repeated": "held"},
    ),
}


@cache
def healthy_pages(protocol: str) -> tuple[Page, ...]:
    """What a protocol reads of its system in health."""
    asked = SYSTEMS[protocol]
    with Simulator(systems=[asked.system]) as simulator:
        extra = {"private": True, "user_key": USER_KEY, "basic_password": PASSWORD}
        link = Connection(url=simulator.connections()[protocol]["url"], login=LOGIN, password=PASSWORD, extra=extra)
        reader = registry.get(protocol)
        with HttpClient(link) as http:
            return tuple(reader(reader.Args.model_validate(asked.args), link, asked.for_each, http).pages())
