"""BPJS Kesehatan: VClaim (``metaData``, code as text) and Antrean (``metadata``, code as a number), signed and locked.

Every answer is HTTP 200. References and lists come locked, the dashboard in clear.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from datetime import date

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.credentials import credential
from simulator.data import queues
from simulator.faults import disturb
from simulator.systems.bpjs_lock import locked
from simulator.systems.common import answer, fault_of, known

CONS_ID = "99640"
_CLOCKS_APART_S = 300
Serve = Callable[[Request], tuple[int, object]]


def secret() -> str:
    """The secret that signs requests and opens answers."""
    return credential("bpjs secret")


def user_key() -> str:
    """The key of the consumer's subscription."""
    return credential("bpjs user key")


def member(request: Request) -> tuple[int, object]:
    """GET /Peserta/nokartu/{number}/tglSEP/{day}: one member."""
    number = request.path_params["number"]
    serial = next((at for at in range(1, queues.MEMBERS + 1) if queues.card(at) == number), None)
    if serial is None:
        return 201, None
    person = queues.member(serial)
    status = {"kode": "0", "keterangan": "AKTIF"}
    found = {"noKartu": number, "nik": person.nik, "nama": person.name, "sex": person.sex, "statusPeserta": status}
    return 200, {"peserta": found}


def clinics(request: Request) -> tuple[int, object]:
    """GET /ref/poli: the clinics; a reference answers with code 1."""
    rows = [{"kdpoli": code, "nmpoli": name} for code, name in queues.CLINICS]
    return 1, disturb(rows, fault_of(request))


def bookings(request: Request) -> tuple[int, object]:
    """GET /antrean/pendaftaran/tanggal/{day}: the bookings of a day, persons included."""
    return _list(disturb(queues.bookings(_day(request)), fault_of(request)))


def waits(request: Request) -> tuple[int, object]:
    """GET /dashboard/waktutunggu/tanggal/{day}/waktu/{clock}: waiting times by clinic."""
    return _list(disturb(queues.waits(_day(request)), fault_of(request)))


def _list(rows: Sequence[object]) -> tuple[int, object]:
    return (200, {"list": rows}) if rows else (201, None)


def _day(request: Request) -> date:
    try:
        return date.fromisoformat(request.path_params["day"])
    except ValueError:
        return date.min


def _endpoint(serve: Serve, meta: str, *, clear: bool = False) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        refusal = _refusal(request)
        if refusal is not None:
            return _envelope(meta, 201, refusal, None)
        code, data = serve(request)
        if data is not None and not clear:
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
            data = locked(text, CONS_ID, secret(), request.headers["x-timestamp"])
        return _envelope(meta, code, "Data tidak ditemukan" if data is None else "OK", data)

    return endpoint


def _envelope(meta: str, code: int, message: str, data: object) -> Response:
    return answer({meta: {"code": str(code) if meta == "metaData" else code, "message": message}, "response": data})


def _refusal(request: Request) -> str | None:
    """What BPJS says against the request's four headers, None for a request that is signed well and now."""
    moment = request.headers.get("x-timestamp", "")
    if request.headers.get("x-cons-id") != CONS_ID or request.headers.get("user_key") != user_key():
        return "Unauthorized: cons id atau user key tidak terdaftar"
    if not moment.isdigit() or abs(int(moment) - time.time()) > _CLOCKS_APART_S:
        return "Timestamp kedaluwarsa"
    digest = hmac.new(secret().encode(), f"{CONS_ID}&{moment}".encode(), hashlib.sha256).digest()
    if not known(request, request.headers.get("x-signature", ""), base64.b64encode(digest).decode()):
        return "Signature tidak sesuai"
    return None


def app() -> Starlette:
    """Both services under the system's path prefix."""
    antrean, vclaim = "/bpjs/antreanrest", "/bpjs/vclaim-rest"
    return Starlette(
        routes=[
            Route(f"{vclaim}/Peserta/nokartu/{{number}}/tglSEP/{{day}}", _endpoint(member, "metaData")),
            Route(f"{antrean}/ref/poli", _endpoint(clinics, "metadata")),
            Route(f"{antrean}/antrean/pendaftaran/tanggal/{{day}}", _endpoint(bookings, "metadata")),
            Route(
                f"{antrean}/dashboard/waktutunggu/tanggal/{{day}}/waktu/{{clock}}",
                _endpoint(waits, "metadata", clear=True),
            ),
        ]
    )
