"""Faults on demand: each one is what it says, hits what it should, and goes away."""

import time
from collections.abc import Callable

import pytest
import requests

from simulator.errors import SimulatorError
from simulator.faults import DATABASE, HTTP, KINDS, Fault, Faults, thin
from simulator.server import ConnectionInfo, Simulator
from simulator.systems.common import disturb

Get = Callable[..., requests.Response]
LRA = "/aklap/api/report/lra"
QUERY = {"tahun": 2023, "id_daerah": "64.02", "limit": 100}
PLAYABLE = {"sipd": HTTP, "bps": HTTP, "perkim_db": DATABASE}


def test_times_after_and_match_choose_the_requests() -> None:
    faults = Faults(PLAYABLE)
    faults.set("sipd", "down", times=2, after=1, match="page=")
    targets = ["/other", "/x?page=1", "/x?page=2", "/other", "/x?page=3", "/x?page=4"]
    assert [faults.take("sipd", target) is not None for target in targets] == [False, False, True, False, True, False]
    assert faults.take("bps", "/x?page=2") is None


def test_rows_are_thinned_and_widened() -> None:
    rows = [{"a": number} for number in range(10)]
    assert disturb(rows, None) == rows
    assert thin(rows, Fault("empty")) == []
    assert len(disturb(rows, Fault("drop_ratio", value=0.3))) == 7
    assert disturb(rows[:1], Fault("unknown_column")) == [{"a": 0, "kolom_baru": "baru"}]
    assert disturb([[1, 2]], Fault("unknown_column")) == [[1, 2, "baru"]]


@pytest.mark.parametrize(
    ("system", "kind", "options", "words"),
    [
        ("simda", "down", {}, "no system 'simda' here"),
        ("sipd", "fire", {}, "sipd cannot play the fault 'fire'"),
        ("sipd", "broken_workbook", {}, "cannot play"),
        ("perkim_db", "down", {}, "It can play: empty, unknown_column, drop_ratio"),
        ("sipd", "down", {"often": 3}, "unknown fault option: often"),
        ("sipd", "down", {"times": "x"}, "are numbers"),
        ("sipd", "down", {"times": 0}, "times is 1 or more"),
        ("sipd", "drop_ratio", {"value": 1.5}, "between 0 and 1"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_line(
    system: str, kind: str, options: dict[str, object], words: str
) -> None:
    with pytest.raises(SimulatorError, match=words) as caught:
        Faults(PLAYABLE).set(system, kind, **options)
    assert "\n" not in str(caught.value)


def test_a_watcher_hears_of_every_change() -> None:
    faults = Faults(PLAYABLE)
    heard: list[Fault | None] = []
    faults.watch("perkim_db", heard.append)
    faults.set("perkim_db", "empty")
    faults.set("sipd", "down")
    faults.clear()
    assert heard == [Fault("empty"), None]


@pytest.mark.integration
@pytest.mark.parametrize("system", ["sipd", "diskominfo"])
def test_down(simulator: Simulator, get: Get, system: str) -> None:
    simulator.faults.set(system, "down", times=1)
    path = LRA if system == "sipd" else "/api/spbe"
    assert get(system, path, QUERY).status_code == 503
    assert get(system, path, QUERY).status_code == 200


@pytest.mark.integration
def test_satusehat_down_is_a_gateway_timeout_in_text(simulator: Simulator, get: Get) -> None:
    simulator.faults.set("satusehat", "down")
    response = get("satusehat", "/fhir-r4/v1/Encounter")
    assert (response.status_code, response.text) == (504, "Gateway Timeout")
    assert response.headers["content-type"].startswith("text/plain")


@pytest.mark.integration
def test_quota_and_login_page(simulator: Simulator, get: Get) -> None:
    simulator.faults.set("sipd", "quota", value=7)
    limited = get("sipd", LRA, QUERY)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    simulator.faults.set("sipd", "html")
    page = get("sipd", LRA, QUERY)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "<form" in page.text


@pytest.mark.integration
def test_reset_is_a_reset(simulator: Simulator, get: Get) -> None:
    simulator.faults.set("sipd", "reset", times=1)
    with pytest.raises(requests.ConnectionError, match=r"reset|Reset"):
        get("sipd", LRA, QUERY)
    assert get("sipd", LRA, QUERY).status_code == 200


@pytest.mark.integration
def test_half_page_promises_more_than_it_gives(simulator: Simulator, get: Get) -> None:
    whole = len(get("sipd", LRA, QUERY).content)
    simulator.faults.set("sipd", "half_page", times=1)
    with pytest.raises(
        (requests.exceptions.ChunkedEncodingError, requests.ConnectionError), match=f"{whole // 2} bytes"
    ):
        get("sipd", LRA, QUERY)


@pytest.mark.integration
def test_cut_json_agrees_with_its_length(simulator: Simulator, get: Get) -> None:
    whole = get("sipd", LRA, QUERY).content
    simulator.faults.set("sipd", "cut_json")
    cut = get("sipd", LRA, QUERY)
    assert cut.status_code == 200
    assert cut.content == whole[: len(whole) // 2]
    with pytest.raises(requests.JSONDecodeError):
        cut.json()


@pytest.mark.integration
def test_slow_drip_never_pauses_long_and_still_takes_long(simulator: Simulator, get: Get) -> None:
    simulator.faults.set("diskominfo", "slow_drip", value=0.1)
    start = time.monotonic()
    rows = get("diskominfo", "/api/penilaian", {"tahun": 2023}, timeout=0.6).json()["data"]
    assert len(rows) == 10
    assert time.monotonic() - start > 1


@pytest.mark.integration
def test_rows_disappear_or_grow(simulator: Simulator, get: Get) -> None:
    whole = get("sipd", LRA, QUERY).json()
    simulator.faults.set("sipd", "empty")
    assert get("sipd", LRA, QUERY).json() == []
    simulator.faults.set("sipd", "drop_ratio", value=0.5)
    assert get("sipd", LRA, QUERY).json() == whole[:16]
    simulator.faults.set("sipd", "unknown_column")
    assert get("sipd", LRA, QUERY).json() == [row | {"kolom_baru": "baru"} for row in whole]


@pytest.mark.integration
def test_a_refused_token_sounds_like_the_system(
    simulator: Simulator, get: Get, connections: dict[str, ConnectionInfo]
) -> None:
    for system in ("sipd", "dapodik", "satusehat", "sipsn", "oss", "bps", "diskominfo"):
        simulator.faults.set(system, "wrong_token")
    assert get("sipd", LRA, QUERY).status_code == 401
    assert get("dapodik", "/WebService/getSekolah", {"npsn": "99640201"}).text.startswith("Access denied")
    key = connections["bps"]["password"]
    assert requests.get(f"{connections['bps']['url']}/list/model/var/key/{key}", timeout=10).json()["status"] == "Error"
    headers = {"user_key": connections["oss"]["password"]}
    refused = requests.post(f"{connections['oss']['url']}/inqueryProyek", json={}, headers=headers, timeout=10)
    assert refused.json()["responinqueryProyek"]["kode"] == "401"
    cookies = {"ci_session": connections["sipsn"]["password"]}
    ajax = {"X-Requested-With": "XMLHttpRequest"}
    marker = f"{connections['sipsn']['url']}/home/getMarker"
    page = requests.post(marker, data={}, headers=ajax, cookies=cookies, timeout=10)
    assert "<h1>" in page.text


@pytest.mark.integration
def test_next_links_that_loop_or_lead_elsewhere(simulator: Simulator, get: Get) -> None:
    simulator.faults.set("diskominfo", "loop")
    page = get("diskominfo", "/api/spbe", {"tahun": 2023})
    again = requests.get(page.links["next"]["url"], headers=dict(page.request.headers), timeout=10)
    assert again.content == page.content
    assert again.links["next"]["url"] == page.links["next"]["url"]
    simulator.faults.set("diskominfo", "elsewhere")
    assert ".invalid/" in get("diskominfo", "/api/spbe", {"tahun": 2023}).links["next"]["url"]


@pytest.mark.integration
def test_control_path(simulator: Simulator, get: Get) -> None:
    base = simulator.base_url
    known = requests.get(f"{base}/_faults", timeout=10).json()
    assert set(known["kinds"]) == set(KINDS)
    assert known["systems"] == simulator.faults.systems
    on = requests.post(f"{base}/_faults/sipd", json={"kind": "down", "times": 1}, timeout=10)
    assert on.json()["active"]["sipd"]["kind"] == "down"
    assert [get("sipd", LRA, QUERY).status_code for _ in range(2)] == [503, 200]
    requests.post(f"{base}/_faults/sipd", json={"kind": "down"}, timeout=10)
    assert requests.delete(f"{base}/_faults/sipd", timeout=10).json() == {"active": {}}
    wrong = requests.post(f"{base}/_faults/sipd", json={"kind": "fire"}, timeout=10)
    assert wrong.status_code == 400
    assert "cannot play" in wrong.json()["message"]
    assert requests.post(f"{base}/_faults/sipd", data="no json", timeout=10).status_code == 400
    assert requests.delete(f"{base}/_faults", timeout=10).json() == {"active": {}}
