"""The client of Airflow's API, against answers as Airflow 3.3 gives them."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from events.airflow_client import AirflowClient, AirflowError

Handler = Callable[[httpx.Request], httpx.Response]


class Airflow:
    """Answers like Airflow: a token that can expire, assets by name, events."""

    def __init__(self) -> None:
        self.token = "t1"
        self.logins: list[tuple[str, bytes]] = []
        self.assets = {"opd__a": 7, "opdXXa": 8}
        self.events: list[dict[str, object]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            self.logins.append((request.method, request.content))
            return httpx.Response(201, json={"access_token": self.token})
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return httpx.Response(401, json={"detail": "expired"})
        if request.url.path == "/api/v2/assets":
            return httpx.Response(200, json={"assets": [{"id": n, "name": name} for name, n in self.assets.items()]})
        body = json.loads(request.content)
        if body["asset_id"] not in self.assets.values():
            return httpx.Response(404, json={"detail": "not found"})
        self.events.append(body)
        return httpx.Response(200, json={"id": 1})


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


@pytest.fixture
def client(airflow: Airflow) -> Iterator[AirflowClient]:
    with AirflowClient("http://airflow", transport=httpx.MockTransport(airflow)) as made:
        yield made


def test_an_event_is_posted_with_its_key_to_the_asset_of_exactly_that_name(
    airflow: Airflow, client: AirflowClient
) -> None:
    client.post_event("opd__a", "a_source", {"event": "1"})
    client.post_event("opd__a", "other")
    assert airflow.events == [
        {"asset_id": 7, "partition_key": "a_source", "extra": {"event": "1"}},
        {"asset_id": 7, "partition_key": "other", "extra": {}},
    ]
    assert airflow.logins == [("GET", b"")]


def test_with_a_user_it_logs_in_as_both_auth_managers_expect(airflow: Airflow) -> None:
    client = AirflowClient("http://airflow", username="door", password="p", transport=httpx.MockTransport(airflow))
    client.post_event("opd__a", "k")
    assert [(method, json.loads(body)) for method, body in airflow.logins] == [
        ("POST", {"username": "door", "password": "p"})
    ]


def test_an_expired_token_is_renewed_once(airflow: Airflow, client: AirflowClient) -> None:
    client.post_event("opd__a", "k")
    airflow.token = "t2"
    client.post_event("opd__a", "k")
    assert len(airflow.events) == 2
    assert len(airflow.logins) == 2


def test_a_refused_login_says_what_to_check_without_the_password(airflow: Airflow) -> None:
    refuse = httpx.MockTransport(lambda _request: httpx.Response(401, json={}))
    client = AirflowClient("http://airflow", username="door", password="hunter2", transport=refuse)
    with pytest.raises(AirflowError, match="permissions") as refused:
        client.post_event("opd__a", "k")
    assert "hunter2" not in str(refused.value)


def test_an_unknown_asset_is_told_apart(client: AirflowClient) -> None:
    with pytest.raises(AirflowError, match="opd__b") as refused:
        client.post_event("opd__b", "k")
    assert refused.value.unknown


def test_an_asset_that_was_made_anew_is_found_again(airflow: Airflow, client: AirflowClient) -> None:
    client.post_event("opd__a", "k")
    airflow.assets = {"opd__a": 9}
    client.post_event("opd__a", "k")
    assert airflow.events[-1]["asset_id"] == 9


@pytest.mark.parametrize(
    "handler",
    [
        lambda _request: httpx.Response(502, text="<html>bad gateway</html>"),
        lambda _request: httpx.Response(200, text="<html>login</html>"),
    ],
)
def test_what_is_not_airflow_is_an_error_in_one_line(handler: Handler) -> None:
    client = AirflowClient("http://airflow", transport=httpx.MockTransport(handler))
    with pytest.raises(AirflowError) as refused:
        client.post_event("opd__a", "k")
    assert "\n" not in str(refused.value)
    assert "<html>" not in str(refused.value)


def test_no_answer_is_an_error_in_one_line() -> None:
    def silent(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    client = AirflowClient("http://airflow", transport=httpx.MockTransport(silent))
    with pytest.raises(AirflowError, match="does not answer"):
        client.post_event("opd__a", "k")
