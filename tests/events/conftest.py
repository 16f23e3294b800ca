"""A door whose Airflow is a list."""

import base64
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from standardwebhooks.webhooks import Webhook

from events.airflow_client import AirflowError
from events.dispatch import Dispatcher
from events.door import Senders, create_app
from ledger.settings import Settings
from ledger.store import Ledger

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OPD = {"health_births": "health", "health_children": "health", "dpmptsp_proyek": "dpmptsp"}


class FakeAirflow:
    """Remembers what was posted; ``down`` and ``unknown`` make it refuse."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str]] = []
        self.down = False
        self.unknown: set[str] = set()

    def post_event(self, asset: str, partition_key: str, extra: Mapping[str, Any] | None = None) -> None:
        if self.down or asset in self.unknown:
            raise AirflowError("Airflow does not answer")
        self.posted.append((asset, partition_key))


@pytest.fixture
def airflow() -> FakeAirflow:
    return FakeAirflow()


@pytest.fixture
def dispatcher(ledger: Ledger, airflow: FakeAirflow) -> Iterator[Dispatcher]:
    made = Dispatcher(ledger, airflow, OPD.get)
    yield made
    made.stop()


@pytest.fixture
def senders() -> Senders:
    return Senders(
        opd_of=OPD.get, secrets_for=lambda _source: [SECRET], pushed=lambda _: {"dpmptsp_proyek": ["oss key"]}
    )


@pytest.fixture
def door(settings: Settings, ledger: Ledger, dispatcher: Dispatcher, senders: Senders) -> Iterator[TestClient]:
    with TestClient(create_app(settings, ledger, dispatcher, senders)) as client:
        yield client


def message(subject: str = "health_births", identity: str | None = None, **changes: Any) -> bytes:
    """A CloudEvent as an agency sends it."""
    content = {
        "specversion": "1.0",
        "id": identity or uuid.uuid4().hex,
        "source": "urn:agency",
        "type": "changed",
        "subject": subject,
    }
    return json.dumps({**content, **changes}).encode()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers that go with it."""
    now = datetime.now(UTC)
    return {
        "content-type": "application/cloudevents+json",
        "webhook-id": "m1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("m1", now, body.decode()),
    }
