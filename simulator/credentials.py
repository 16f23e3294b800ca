"""Credentials of the simulated systems.

Derived from names: they open nothing else, and are the same at each start.
"""

import base64
import hashlib
import hmac
import json

from simulator.regions import REGIONS


def credential(name: str) -> str:
    """A 40-character credential that belongs to this simulator alone."""
    return hashlib.sha256(f"pilar simulator {name}".encode()).hexdigest()[:40]


def json_web_token() -> str:
    """A JWT with the claims SIPD puts into its own (HS256, never expiring)."""
    claims = {
        "tahun": 2024,
        "id_user": 990001,
        "id_daerah": [region.kemendagri for region in REGIONS],
        "kode_provinsi": "99",
        "id_skpd": 990001,
        "id_role": 9,
        "sub_domain_daerah": "simulasi",
    }
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    mark = hmac.new(credential("sipd signing").encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64(mark)}"


def _part(value: object) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
