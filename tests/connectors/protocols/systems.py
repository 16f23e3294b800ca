"""One small healthy system a protocol, in the shape its real one has: four rows in two answers, the first marked.

``mood`` makes a listing misbehave: ``repeat`` gives the first rows again, ``loop`` links an answer to itself,
``endless`` always has more.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.connectors.http.conftest import Heard
from tests.connectors.protocols.bpjs_wire import locked

PASSWORD, USER_KEY, LOGIN, TOKEN = "kunci-rahasia-9f3a", "kunci-pengguna-77c", "743627386", "token-rahasia-41b"
SECRETS = (PASSWORD, USER_KEY, TOKEN)
MARK = "TANDA"

Serve = Callable[[Heard, str], str]


@dataclass(frozen=True)
class System:
    """How a source of one protocol asks, and what its system answers (``serve``: the JSON text of one data request).

    ``aside`` answers what is asked besides, by a part of the request's line.
    ``columns`` says where ``id`` and ``nama`` come from; ``wrap`` is what happens to the text before it travels.
    """

    args: Mapping[str, Any]
    serve: Serve
    aside: Mapping[str, str] = field(default_factory=dict)
    for_each: tuple[Mapping[str, str], ...] = ()
    columns: Mapping[str, str] = field(default_factory=lambda: {"id": "id", "nama": "nama"})
    wrap: Callable[[str, Heard], str] = lambda text, heard: text


def rows(at: int, mood: str) -> list[dict[str, Any]]:
    if mood == "repeat":
        at = 0
    count = 2 if mood == "endless" else max(0, min(2, 4 - at))
    return [{"id": f"r{at + step}", "nama": MARK if at + step == 0 else "Biasa"} for step in range(count)]


def number(heard: Heard, name: str, otherwise: int = 0) -> int:
    found = parse_qs(urlsplit(heard.line.split(" ")[1]).query).get(name)
    return int(found[0]) if found else otherwise


def _rest(heard: Heard, mood: str) -> str:
    at = number(heard, "at")
    following = at if mood == "loop" else at + 2
    more = mood != "" or following < 4
    return json.dumps({"data": rows(at, mood), "next": f"/rows?at={following}" if more else None})


def _ckan(heard: Heard, mood: str) -> str:
    at = number(heard, "offset")
    total = {} if mood == "endless" else {"total": 4}
    links = {"start": "/a", "next": f"/api/3/action/datastore_search?offset={at + 2}"}
    return json.dumps({"success": True, "result": {"records": rows(at, mood), "_links": links, **total}})


def _dapodik(heard: Heard, mood: str) -> str:
    at = 0 if mood == "repeat" else number(heard, "start")
    results = {} if mood == "endless" else {"results": 4}
    return json.dumps({**results, "id": "id", "start": at, "limit": 2, "rows": rows(at, mood)})


def _satusehat(heard: Heard, mood: str) -> str:
    at = number(heard, "_offset")
    following = at if mood == "loop" else at + 2
    link = [{"relation": "next", "url": f"/fhir-r4/v1/Encounter?_offset={following}"}] if mood or at < 2 else []
    entry = [{"fullUrl": "x", "resource": {"resourceType": "Encounter", **row}} for row in rows(at, mood)]
    total = {} if mood == "endless" else {"total": 4}
    return json.dumps({"resourceType": "Bundle", "type": "searchset", **total, "link": link, "entry": entry})


def _sipd(heard: Heard, mood: str) -> str:
    return json.dumps(rows((number(heard, "page", 1) - 1) * 2, mood))


def _sicantik(heard: Heard, mood: str) -> str:
    return json.dumps(rows(number(heard, "offset"), mood))


def _oss(heard: Heard, mood: str) -> str:
    second = json.loads(heard.body)["INQUERYPROYEK"]["kd"] == "b"
    data = {"data_proyek": rows(2 if second else 0, mood)}
    return json.dumps({"responinqueryProyek": {"kode": "200", "keterangan": "Sukses", "dataProyek": data}})


def _bps(heard: Heard, mood: str) -> str:
    second = "/th/121/" in heard.line and mood != "repeat"
    year, first = (121, 6403) if second else (120, 6401)
    dimensions = {"vervar": [first, first + 1], "var": [1], "turvar": [0], "tahun": [year], "turtahun": [0]}
    shape = {
        name: [{"val": val, "label": str(val + 1900) if name == "tahun" else "x"} for val in vals]
        for name, vals in dimensions.items()
    }
    content = {f"{first}10{year}0": "Biasa" if second else MARK, f"{first + 1}10{year}0": "Biasa"}
    return json.dumps({"status": "OK", "data-availability": "available", **shape, "datacontent": content})


def _sipsn(heard: Heard, mood: str) -> str:
    second = b"tahun=2021" in heard.body
    return json.dumps({"markers": [list(row.values()) for row in rows(2 if second else 0, mood)]})


def _bpjs(heard: Heard, mood: str) -> str:
    return json.dumps({"list": rows(2 if "/ref/b" in heard.line else 0, mood)})


def _lock(text: str, heard: Heard) -> str:
    sealed = locked(text, LOGIN, PASSWORD, heard.headers["x-timestamp"])
    return json.dumps({"metaData": {"code": "200", "message": "OK"}, "response": sealed})


_TWO = ({"kd": "a"}, {"kd": "b"})
_TOKEN = json.dumps({"access_token": TOKEN, "expires_in": "3599"})

SYSTEMS: Mapping[str, System] = {
    "rest": System(
        {
            "path": "/rows",
            "records": "$.data",
            "paging": {"mode": "next_url", "next_at": "$.next"},
            "auth": {"type": "bearer"},
        },
        _rest,
    ),
    "ckan": System({"resource_id": "x", "limit": 2}, _ckan),
    "dapodik": System({"method": "getPesertaDidik", "npsn": "1", "semester_id": "20241", "limit": 2}, _dapodik),
    "satusehat": System({"resource": "Encounter", "count": 2}, _satusehat, aside={"/accesstoken": _TOKEN}),
    "sipd": System({"path": "/lra", "limit": 2}, _sipd),
    "sicantik": System(
        {"method": "listpermohonanterbit", "limit": 2},
        _sicantik,
        aside={"/jumlahPerizinan": json.dumps({"total": 9, "terbit": 4, "proses": 5})},
    ),
    "oss": System({"method": "inqueryProyek", "request": {"kd": "{kd}"}}, _oss, for_each=_TWO),
    "bps": System(
        {"domain": "6400", "var": [1], "tahun": [2020, 2021]}, _bps, columns={"id": "vervar", "nama": "nilai"}
    ),
    "sipsn": System(
        {"columns": ["id", "nama"], "form": {"tahun": "{tahun}"}},
        _sipsn,
        aside={"/home ": "<html><h1>Capaian</h1></html>"},
        for_each=({"tahun": "2020"}, {"tahun": "2021"}),
    ),
    "bpjs": System({"path": "ref/{kd}", "records": "$.list"}, _bpjs, for_each=_TWO, wrap=_lock),
}
