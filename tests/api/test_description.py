"""What OpenAPI says is what the server does: schemathesis tries every operation, with what fits and what does not."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pytest_socket import enable_socket
from schemathesis import GenerationMode

from api.checks import Checked, Checker
from api.documents import SUMMARIES
from api.resources import resources
from tests.api.conftest import NoLedger, Shelf, desk, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

OPERATIONS = sorted(
    [
        f"GET {root}/{path}"
        for root in ("/v1", "/v1/publications/{publication}")
        for path in [*(one.path for one in resources()), *SUMMARIES]
    ]
    + ["GET /v1/publications", "POST /v1/check/{source}"]
)
EXAMPLES = 6


@pytest.fixture(scope="module")
def described(shelf: Shelf) -> Iterator[tuple[str, Any]]:
    enable_socket()
    nothing = Checker(lambda _source: None, lambda source, _name, _body: Checked(source, [], 0, 0, 0, [], [], [], True))
    with serving(desk(shelf, NoLedger()), nothing) as address:
        yield address, schemathesis.openapi.from_url(f"{address}/v1/openapi.json")


def test_every_operation_is_described_once(described: tuple[str, Any]) -> None:
    document = httpx.get(f"{described[0]}/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    found = sorted(f"{method.upper()} {path}" for path, ways in document["paths"].items() for method in ways)
    assert found == OPERATIONS
    names = [way["operationId"] for ways in document["paths"].values() for way in ways.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_server_does_what_is_described(described: tuple[str, Any], operation: str) -> None:
    method, _, path = operation.partition(" ")
    found = described[1][path][method]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @given(case=found.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def tried(case: Any) -> None:
            case.call_and_validate()

        tried()
