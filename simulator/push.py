"""What agencies' systems send on their own: signed events to Pilar's door, and OSS's receiveNIB.

Signing: Standard Webhooks 1.0.0. Event: CloudEvents 1.0, structured JSON.
"""

import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from standardwebhooks.webhooks import Webhook

from simulator.data.dice import Dice
from simulator.data.persons import made_up
from simulator.data.projects import projects
from simulator.errors import SimulatorError
from simulator.regions import Region

EVENT_TYPE = "id.go.opd.data.changed"
_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Sent:
    """What was sent, and what came back."""

    event_id: str
    status: int
    body: str


def event(source_id: str, *, event_id: str | None = None, moment: datetime | None = None) -> dict[str, object]:
    """A CloudEvent that says that a source has something new."""
    return {
        "specversion": "1.0",
        "id": event_id or str(uuid.uuid4()),
        "source": f"urn:simulator:{source_id}",
        "type": EVENT_TYPE,
        "subject": source_id,
        "time": (moment or datetime.now(UTC)).isoformat(),
        "datacontenttype": "application/json",
        "data": {"source": source_id},
    }


def signed_headers(body: str, secret: str, message_id: str, moment: datetime | None = None) -> dict[str, str]:
    """The three Standard Webhooks headers over ``body``; ``secret`` is 'whsec_' and Base64."""
    now = moment or datetime.now(UTC)
    return {
        "content-type": "application/cloudevents+json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
    }


def post_event(
    door_url: str, source_id: str, secret: str, *, event_id: str | None = None, moment: datetime | None = None
) -> Sent:
    """Post one signed event to the door; the same ``event_id`` twice is the same event delivered twice.

    Raises SimulatorError when the door cannot be reached.
    """
    message = event(source_id, event_id=event_id, moment=moment)
    body = json.dumps(message, separators=(",", ":"))
    identity = str(message["id"])
    return _post(door_url, body, signed_headers(body, secret, identity, moment), identity)


def receive_nib(url: str, user_key: str, region: Region, year: int = 2024, serial: int = 0) -> Sent:
    """Push one NIB as OSS does to a local server (receiveNIB of the OSS-RBA documentation, version 4.3.22).

    ``serial`` chooses the project of that year. The business and its owner are made up; the owner is there because the
    real push names one too, and a receiver must not keep him. Raises SimulatorError when nobody answers.
    """
    chosen = projects(region, year)[serial]
    owner = made_up(Dice("pelaku usaha", serial), region, 9500 + serial, date(1979, 3, 4))
    nib = {
        "nib": chosen["nib"],
        "tgl_pengajuan_nib": chosen["tgl_pengajuan"],
        "tgl_terbit_nib": chosen["tgl_pengajuan"],
        "tgl_perubahan_nib": chosen["tgl_pengajuan"],
        "oss_id": f"99{chosen['nib']}",
        "kd_daerah": chosen["kd_daerah"],
        "skala_usaha": chosen["skala_usaha"],
        "status_penanaman_modal": chosen["status_penanaman_modal"],
        "nama_perseroan": owner.name,
        "perseroan_daerah_id": chosen["kd_daerah"],
        "penanggung_jwb": [{"nama_penanggung_jwb": owner.name, "no_identitas_penanggung_jwb": owner.nik}],
        "data_proyek": [
            {name: chosen[name] for name in ("id_proyek", "uraian_usaha", "kbli", "modal_kerja", "jumlah_investasi")}
        ],
        "status_nib": "01",
    }
    body = json.dumps({"dataNIB": nib}, separators=(",", ":"))
    return _post(url, body, {"content-type": "application/json", "user_key": user_key}, str(nib["nib"]))


def _post(url: str, body: str, headers: Mapping[str, str], identity: str) -> Sent:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SimulatorError(f"{url!r} is not an http or https address")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT_S)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request("POST", target, body=body.encode(), headers=dict(headers))
        response = connection.getresponse()
        return Sent(identity, response.status, response.read(100_000).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        raise SimulatorError(
            f"no answer from {parts.hostname}:{parts.port}: {type(error).__name__}. Is it running?"
        ) from None
    finally:
        connection.close()
