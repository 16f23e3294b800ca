"""Sending an event to a door, as an agency's system does."""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from events.cloudevent import STRUCTURED
from events.signatures import sign
from ledger.errors import ConfigError, RefusedError

SOURCE, TYPE = "urn:pilar:operator", "id.go.pilar.data.changed"
TIMEOUT = httpx.Timeout(15.0, connect=5.0)


def send_event(door: str, source_id: str, key: str) -> Mapping[str, Any]:
    """Send one event about a source, signed with a secret or a private key. Returns the door's receipt.

    Raises RefusedError with the door's own words, ConfigError for a door that does not answer or a key that cannot
    sign.
    """
    identity, moment = str(uuid.uuid4()), int(time.time())
    event = {"specversion": "1.0", "id": identity, "source": SOURCE, "type": TYPE, "subject": source_id}
    body = json.dumps(event).encode()
    headers = {
        "content-type": STRUCTURED,
        "webhook-id": identity,
        "webhook-timestamp": str(moment),
        "webhook-signature": sign(body, identity, moment, key),
    }
    try:
        # A door of this installation: no proxy and no .netrc from the environment.
        with httpx.Client(trust_env=False, timeout=TIMEOUT) as client:
            answer = client.post(f"{door.rstrip('/')}/events", content=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"the door does not answer ({type(error).__name__})", where=door, do="Is it running? Name it by --door"
        ) from None
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise RefusedError(f"no door answers there (HTTP {answer.status_code})", where=door, do="Name it by --door")
    if answer.status_code != 202:
        raise RefusedError(str(said.get("error", f"HTTP {answer.status_code}")), where=door, do=str(said.get("do", "")))
    return said
