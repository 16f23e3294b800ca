"""Each HTTP system answers in the quoted shape, and refuses in its own words."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from connectors.protocols.bpjs import Signature
from connectors.protocols.lzstring import decompress
from simulator.data import licences, queues, statistics
from simulator.server import ConnectionInfo, Simulator
from simulator.systems.bpjs_lock import packed

pytestmark = pytest.mark.integration
Get = Callable[..., requests.Response]
Connections = dict[str, ConnectionInfo]
LRA = "/aklap/api/report/lra"
PUPILS = "/WebService/getPesertaDidik"


def test_every_connection_is_marked_synthetic_and_private(connections: Connections, simulator: Simulator) -> None:
    assert sorted(connections) == sorted(simulator.faults.systems)
    for connection in connections.values():
        assert set(connection) == {"url", "login", "password", "extra"}
        assert connection["extra"]["synthetic"] is True
        assert connection["extra"]["private"] is True


def test_sipd_pages_a_bare_array_by_headers(get: Get) -> None:
    rows, page = [], 1
    while True:
        response = get("sipd", LRA, {"tahun": 2023, "id_daerah": "35.07", "page": page, "limit": 10})
        assert response.headers["X-Pagination-Current-Page"] == str(page)
        rows += response.json()
        if page == int(response.headers["X-Pagination-Page-Count"]):
            break
        page += 1
    assert page == 4
    assert len(rows) == int(response.headers["X-Pagination-Total-Count"]) == 32
    names = ["kode_rekening", "level", "nama_rekening", "nominal", "realisasi", "presentase", "previous_realisasi"]
    assert list(rows[0]) == names
    assert (rows[0]["kode_rekening"], rows[0]["nominal"], rows[0]["presentase"]) == ("4", 4372860000000.0, 72.97)
    assert get("sipd", LRA, {"tahun": 2019, "id_daerah": "35.07"}).json() == []
    assert get("sipd", LRA, {"tahun": 2023, "id_daerah": "3507"}).status_code == 404


def test_sipd_token_is_a_jwt_with_its_claims(connections: Connections) -> None:
    token = connections["sipd"]["password"]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert {"tahun", "id_user", "id_daerah", "kode_provinsi", "id_skpd", "id_role", "sub_domain_daerah"} == set(claims)
    assert requests.get(connections["sipd"]["url"] + LRA, timeout=10).status_code == 401


def test_dapodik_school_is_an_object(get: Get) -> None:
    answer = get("dapodik", "/WebService/getSekolah", {"npsn": "99640201", "semester_id": "20241"}).json()
    assert {key: answer[key] for key in ("results", "id", "start", "limit")} == {
        "results": 1, "id": "sekolah_id", "start": 0, "limit": 1,
    }  # fmt: skip
    assert isinstance(answer["rows"], dict)
    assert answer["rows"]["npsn"] == "99640201"
    assert {"nama", "bentuk_pendidikan_id_str", "status_sekolah_str", "lintang", "bujur"} <= set(answer["rows"])


def test_dapodik_pupils_come_in_an_envelope(get: Get) -> None:
    query = {"npsn": "99640201", "semester_id": "20241"}
    first = get("dapodik", PUPILS, query | {"start": 0, "limit": 100}).json()
    second = get("dapodik", PUPILS, query | {"start": 100, "limit": 100}).json()
    assert list(first) == ["results", "id", "start", "limit", "rows"]
    assert (first["start"], second["start"], first["limit"]) == (0, 100, 100)
    assert len(first["rows"]) + len(second["rows"]) == first["results"] == second["results"]
    ids = {row["peserta_didik_id"] for row in first["rows"] + second["rows"]}
    assert len(ids) == first["results"]
    assert {"nik", "nisn", "nama_ibu", "tanggal_lahir", "tingkat_pendidikan_id"} <= set(first["rows"][0])
    assert get("dapodik", PUPILS, query | {"semester_id": "20232"}).json()["rows"] == []


def test_dapodik_refuses_in_plain_text(get: Get, connections: Connections) -> None:
    missing, unknown = get("dapodik", PUPILS), get("dapodik", PUPILS, {"npsn": "1"})
    url = connections["dapodik"]["url"] + PUPILS
    wrong = requests.get(url, headers={"Authorization": "Bearer x"}, timeout=10)
    denied = "Access denied - You are not authorized to access this page. #1"
    assert (missing.text, unknown.text, wrong.text) == ("Parameter NPSN harap diisi", "Sekolah tidak ditemukan", denied)
    assert (wrong.status_code, requests.get(url, timeout=10).status_code) == (403, 401)
    assert all(reply.headers["content-type"].startswith("text/plain") for reply in (missing, unknown, wrong))


def token_of(connection: ConnectionInfo) -> dict[str, str]:
    form = {"client_id": connection["login"], "client_secret": connection["password"]}
    url = f"{connection['url']}/oauth2/v1/accesstoken?grant_type=client_credentials"
    answer: dict[str, str] = requests.post(url, data=form, timeout=10).json()
    return answer


def test_satusehat_token_then_linked_bundles(connections: Connections) -> None:
    connection = connections["satusehat"]
    token = token_of(connection)
    assert (token["token_type"], token["expires_in"], token["status"]) == ("BearerToken", "3599", "approved")
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    url: str | None = (
        f"{connection['url']}/fhir-r4/v1/Encounter"
        "?service-provider=Organization/62.02&date=ge2024-01-01&date=lt2025-01-01&_count=150"
    )
    seen, pages = [], 0
    while url:
        bundle = requests.get(url, headers=headers, timeout=10).json()
        assert (bundle["resourceType"], bundle["type"], bundle["total"]) == ("Bundle", "searchset", 400)
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        assert all(set(entry) == {"fullUrl", "resource", "search"} for entry in bundle["entry"])
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        pages += 1
    assert (pages, len(seen), len(set(seen))) == (3, 400, 400)


@pytest.mark.parametrize(
    ("query", "months"),
    [
        ("date=2024-03", {"03"}),
        ("date=ge2024-11-01", {"11", "12"}),
        ("date=gt2024-01&date=le2024-02", {"02"}),
        ("date=ge2024-11&date=lt2024-12", {"11"}),
    ],
)
def test_satusehat_filters_by_date(connections: Connections, query: str, months: set[str]) -> None:
    headers = {"Authorization": f"Bearer {token_of(connections['satusehat'])['access_token']}"}
    url = f"{connections['satusehat']['url']}/fhir-r4/v1/Encounter?service-provider=64.02&_count=200&{query}"
    bundle = requests.get(url, headers=headers, timeout=10).json()
    assert {entry["resource"]["period"]["start"][5:7] for entry in bundle["entry"]} == months


def test_satusehat_refuses_with_an_operation_outcome(connections: Connections) -> None:
    connection = connections["satusehat"]
    url = f"{connection['url']}/fhir-r4/v1/Encounter"
    refused = requests.get(url, headers={"Authorization": "Bearer old"}, timeout=10)
    assert refused.status_code == 401
    assert refused.json()["resourceType"] == "OperationOutcome"
    headers = {"Authorization": f"Bearer {token_of(connection)['access_token']}"}
    wrong = requests.get(f"{url}?service-provider=64.02&date=yesterday", headers=headers, timeout=10)
    assert wrong.status_code == 400
    assert wrong.json()["issue"][0] == {
        "severity": "error",
        "code": "format",
        "details": {"text": "date is not a FHIR date (RuleNumber: 10124)"},
        "expression": ["Encounter.date"],
    }
    stranger: ConnectionInfo = {**connection, "password": "x"}
    assert "access_token" not in token_of(stranger)


def test_satusehat_tokens_expire() -> None:
    with Simulator(token_lifetime_s=0) as simulator:
        connection = simulator.connections()["satusehat"]
        headers = {"Authorization": f"Bearer {token_of(connection)['access_token']}"}
        assert requests.get(f"{connection['url']}/fhir-r4/v1/Encounter", headers=headers, timeout=10).status_code == 401


def test_sipsn_gives_positional_rows_to_a_page_with_its_session(connections: Connections) -> None:
    url = connections["sipsn"]["url"]
    form = {"dd_propinsi": "ALL", "dd_district": "", "dd_fasilitas": "capaian", "tahun": "2024"}
    ajax = {"X-Requested-With": "XMLHttpRequest"}
    with requests.Session() as session:
        session.get(f"{url}/home", timeout=10)
        assert "ci_session" in session.cookies
        rows = session.post(f"{url}/home/getMarker", data=form, headers=ajax, timeout=10).json()["markers"]
        without_header = session.post(f"{url}/home/getMarker", data=form, timeout=10)
    assert {len(row) for row in rows} == {14}
    assert ["2024", "Kalimantan Timur", "Kab. Kutai Kartanegara", "135,200.79"] in [row[:4] for row in rows]
    assert without_header.status_code == 200
    assert without_header.text.startswith("<!DOCTYPE html>")
    stranger = requests.post(f"{url}/home/getMarker", data=form, headers=ajax, timeout=10)
    assert stranger.headers["content-type"].startswith("text/html")
    cookies = {"ci_session": connections["sipsn"]["password"]}
    only = form | {"dd_propinsi": "Kalimantan Tengah"}
    kept = requests.post(f"{url}/home/getMarker", data=only, headers=ajax, cookies=cookies, timeout=10)
    assert [row[2] for row in kept.json()["markers"]] == ["Kab. Kotawaringin Timur"]


def inquire(connection: ConnectionInfo, body: object, key: str | None = None) -> dict[str, object]:
    headers = {"user_key": connection["password"] if key is None else key}
    response = requests.post(f"{connection['url']}/inqueryProyek", json=body, headers=headers, timeout=10)
    assert response.status_code == 200
    envelope: dict[str, object] = response.json()["responinqueryProyek"]
    assert list(envelope) == ["kode", "keterangan", "dataProyek"]
    return envelope


def test_oss_says_everything_with_200(connections: Connections) -> None:
    oss = connections["oss"]
    good = inquire(oss, {"INQUERYPROYEK": {"kd_daerah": "6402", "tahun": "2024"}})
    assert (good["kode"], good["keterangan"]) == (200, "Sukses")
    data = good["dataProyek"]
    assert isinstance(data, dict)
    assert len(data["data_proyek"]) == 120
    assert {"id_proyek", "nib", "kd_daerah", "sub_jumlah", "modal_kerja", "jumlah_investasi", "data_checklist"} <= set(
        data["data_proyek"][0]
    )
    assert inquire(oss, {"INQUERYPROYEK": {"kd_daerah": "6402", "tahun": 2023}})["kode"] == "200"
    none = inquire(oss, {"INQUERYPROYEK": {"kd_daerah": "6403", "tahun": "2024"}})
    assert none == {"kode": 400, "keterangan": "Data Proyek tidak ditemukan", "dataProyek": []}
    assert inquire(oss, {"wrong": 1})["keterangan"] == "Data Parameter Salah"
    assert inquire(oss, {}, key="x") == {"kode": "401", "keterangan": "User Akses Tidak Valid", "dataProyek": []}


def bps(connection: ConnectionInfo, path: str, key: str | None = None) -> requests.Response:
    return requests.get(f"{connection['url']}/list/{path}/key/{key or connection['password']}", timeout=10)


def test_bps_values_stand_under_composite_keys(connections: Connections) -> None:
    answer = bps(connections["bps"], "model/data/lang/ind/domain/0000/var/104/th/121").json()
    assert (answer["status"], answer["data-availability"]) == ("OK", "available")
    var, turvar, year, part = (answer[name][0]["val"] for name in ("var", "turvar", "tahun", "turtahun"))
    values = {
        place["label"]: answer["datacontent"][f"{place['val']}{var}{turvar}{year}{part}"] for place in answer["vervar"]
    }
    assert values == {"Kutai Kartanegara": 11048, "Kotawaringin Timur": 11866, "Malang": 10163}
    assert len(answer["datacontent"]) == 3
    assert answer["tahun"] == [{"val": 121, "label": "2021"}]
    one = bps(connections["bps"], "model/data/lang/ind/domain/6403/var/101/th/119:121").json()
    assert one["datacontent"] == {"640310101190": 72.21, "640310101200": 72.34, "640310101210": 72.64}


def test_bps_lists_ten_variables_a_page(connections: Connections) -> None:
    total = len(statistics.VARIABLES) + len(statistics.EMPTY_VARIABLES)
    last = -(-total // 10)
    pages = [
        bps(connections["bps"], f"model/var/lang/ind/domain/3507/page/{page}").json() for page in range(1, last + 2)
    ]
    assert [page["data"][0] for page in pages[:last]] == [
        {"page": number, "pages": last, "per_page": 10, "count": min(10, total - 10 * (number - 1)), "total": total}
        for number in range(1, last + 1)
    ]
    assert {"var_id", "title", "sub_id"} <= set(pages[0]["data"][1][0])
    assert pages[last] == {"status": "OK", "data-availability": "list-not-available", "data": ""}


def test_bps_has_three_ways_of_saying_no(connections: Connections) -> None:
    nothing = bps(connections["bps"], "model/data/lang/ind/domain/6403/var/105/th/120")
    wrong = bps(connections["bps"], "model/poem/lang/ind/domain/6403")
    stranger = bps(connections["bps"], "model/var/lang/ind/domain/6403", key="x")
    assert (nothing.status_code, nothing.json()) == (
        200,
        {"status": "OK", "data-availability": "not-available", "data": ""},
    )
    assert (wrong.status_code, wrong.json()["status"]) == (200, "Error")
    assert (stranger.status_code, stranger.json()["status"]) == (401, "Error")


def test_the_register_of_answers_keeps_parties_apart_and_waits_for_other_bodies(get: Get) -> None:
    rows: list[dict[str, str]] = []
    for year in (2023, 2025, 2026):
        pages = get("diskominfo", "/api/jawaban", {"tahun": year, "page": 1}).json()["meta"]["pages"]
        for page in range(1, pages + 1):
            rows += get("diskominfo", "/api/jawaban", {"tahun": year, "page": page}).json()["data"]
    key = ("kode_daerah", "tahun", "instrumen", "kode", "peran", "no_asesor")
    assert len({tuple(row[name] for name in key) for row in rows}) == len(rows) < 400

    def asked(instrument: str, role: str, region: str) -> dict[str, str]:
        given = (instrument, role, region)
        return {
            row["kode"]: row["jawaban"] for row in rows if (row["instrumen"], row["peran"], row["kode_daerah"]) == given
        }

    # What the agency says of itself and what the assessor found, both in full; one letter is not SAKIP's.
    own, found = asked("sakip-2021", "opd", "64.02"), asked("sakip-2021", "external", "64.02")
    assert own != {code: found[code] for code in own}
    assert asked("sakip-2021", "internal", "62.02") == {"1a": "S"}
    # The four indices of other bodies are there in part, in one region, and nowhere in another.
    others = {"I5", "I6", "I7", "I18"}
    assert others & set(asked("pemdi-2026", "external", "64.02")) == {"I5", "I6"}
    assert not others & set(asked("pemdi-2026", "external", "62.02"))
    assert asked("smart-city-2023", "opd", "64.02")["outcome/12"] == "0%-5%"


def test_diskominfo_pages_in_two_ways(get: Get) -> None:
    pages = [get("diskominfo", "/api/penilaian", {"tahun": 2023, "page": page}).json() for page in (1, 2)]
    assert [page["meta"] for page in pages] == [
        {"page": 1, "pages": 2, "total": 18},
        {"page": 2, "pages": 2, "total": 18},
    ]
    assert [len(page["data"]) for page in pages] == [10, 8]
    assert set(pages[0]["data"][0]) == {"kode_daerah", "tahun", "kohort", "dimensi", "nilai"}
    first = get("diskominfo", "/api/spbe", {"tahun": 2023})
    following = first.links["next"]["url"]
    second = requests.get(following, headers=dict(first.request.headers), timeout=10)
    assert len(first.json()) + len(second.json()) == 3
    assert "next" not in second.links
    assert get("diskominfo", "/api/spbe").status_code == 400


def bpjs(connection: ConnectionInfo, path: str, **change: str) -> dict[str, Any]:
    headers = (
        Signature(connection["login"], connection["password"], connection["extra"]["user_key"], time.time).headers()
        | change
    )
    response = requests.get(f"{connection['url']}/{path}", headers=headers, timeout=10)
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def test_bpjs_has_two_spellings_and_two_kinds_of_code(connections: Connections) -> None:
    link = connections["bpjs"]
    one = bpjs(link, f"vclaim-rest/Peserta/nokartu/{queues.card(1)}/tglSEP/2024-08-05")
    assert one["metaData"] == {"code": "200", "message": "OK"}
    assert bpjs(link, "antreanrest/ref/poli")["metadata"] == {"code": 1, "message": "OK"}
    none = bpjs(link, "vclaim-rest/Peserta/nokartu/9/tglSEP/2024-08-05")
    assert none == {"metaData": {"code": "201", "message": "Data tidak ditemukan"}, "response": None}
    assert isinstance(one["response"], str)
    assert queues.member(1).nik not in one["response"]
    clear = bpjs(link, "antreanrest/dashboard/waktutunggu/tanggal/2024-08-05/waktu/rs")["response"]["list"]
    assert len(clear) == 4
    assert clear[0]["kdppk"] == queues.HOSPITAL
    sunday = bpjs(link, "antreanrest/antrean/pendaftaran/tanggal/2024-08-04")
    assert sunday["metadata"]["message"] == "Data tidak ditemukan"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X-signature": "x"}, "Signature tidak sesuai"),
        ({"X-timestamp": "1700000000"}, "Timestamp kedaluwarsa"),
        ({"user_key": "x"}, "user key tidak terdaftar"),
    ],
)
def test_bpjs_refuses_with_200(connections: Connections, change: dict[str, str], words: str) -> None:
    refused = bpjs(connections["bpjs"], "antreanrest/ref/poli", **change)
    assert refused["metadata"]["code"] == 201
    assert words in refused["metadata"]["message"]
    assert refused["response"] is None


@pytest.mark.parametrize("text", ["", "a", "aaaa", "ababab" * 9, "Poli anak \u00e9 \u20ac \U0001d513" * 40])
def test_bpjs_packs_as_lzstring_does(text: str) -> None:
    assert decompress(packed(text), 100_000) == text


def test_sicantik_lists_are_bare_and_counted_apart(connections: Connections) -> None:
    url = connections["sicantik"]["url"]
    page = requests.get(f"{url}/listpermohonanterbit", params={"limit": 100, "offset": 200}, timeout=10).json()
    assert page == list(licences.issued())[200:]
    assert set(page[0]) == {"pendaftaran_id", "n_pemohon", "n_perizinan", "no_surat", "d_terima_berkas"}
    assert requests.get(f"{url}/listpermohonanterbit?offset=230", timeout=10).json() == []
    assert requests.get(f"{url}/jumlahPerizinan", timeout=10).json() == {"total": 247, "terbit": 230, "proses": "17"}
    assert len(requests.get(f"{url}/jenisperizinanlist", timeout=10).json()) == 6
