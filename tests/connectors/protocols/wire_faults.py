"""What a pull must make of each fault that the simulator can play at a system.

``kind`` is the SourceError's kind, ``held`` a batch that is kept out of force, ``lands`` a pull that ends as if nothing
had happened. Where a protocol's systems differ, its entry in tests.connectors.protocols.systems says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """One fault of the simulator (``kind``: its name there, if it is another) under these limits of the connection."""

    outcome: str
    kind: str = ""
    value: float | None = None
    times: int | None = None
    limits: Mapping[str, float] = field(default_factory=dict)


QUICK = {"read_s": 0.15, "attempts": 1}
FAULTS: Mapping[str, Fault] = {
    "down": Fault("retryable"),
    "reset": Fault("retryable"),
    "reset_once": Fault("lands", "reset", times=1),
    "closed": Fault("retryable"),
    "silence": Fault("retryable", limits=QUICK),
    "drip_beyond_the_deadline": Fault("retryable", "slow_drip", 0.02, limits={"total_s": 0.15, "attempts": 1}),
    "drip_below_the_rate": Fault(
        "retryable", "slow_drip", 0.02, limits={"rate_grace_s": 0.05, "min_bytes_per_s": 5000, "attempts": 1}
    ),
    "no_http": Fault("retryable"),
    "wrong_token": Fault("auth"),
    "status_400": Fault("permanent", "status", 400),
    "status_401": Fault("auth", "status", 401),
    "status_403": Fault("auth", "status", 403),
    "status_404": Fault("permanent", "outage", 404),
    "status_429": Fault("quota", "status", 429),
    "status_429_for_an_hour": Fault("quota", "quota", 3600),
    "status_429_until_a_date": Fault("quota", "quota_until"),
    "status_429_once": Fault("lands", "quota", 0, times=1),
    "status_429_until_a_past_date": Fault("lands", "quota_until_past", times=1),
    "status_500": Fault("retryable", "status", 500),
    "status_500_once": Fault("lands", "outage", 500, times=1),
    "outage": Fault("damaged"),
    "outage_as_json": Fault("damaged"),
    "html": Fault("auth"),
    "words": Fault("damaged"),
    "pdf": Fault("damaged"),
    "json_as_html": Fault("damaged"),
    "other_charset": Fault("damaged"),
    "no_body": Fault("damaged"),
    "no_content": Fault("held"),
    "half_page": Fault("damaged"),
    "half_chunk": Fault("damaged"),
    "cut_json": Fault("damaged"),
    "json_and_more": Fault("damaged"),
    "byte_order_mark": Fault("lands"),
    "large": Fault("damaged"),
    "large_unannounced": Fault("damaged"),
    "gzip_bomb": Fault("damaged"),
    "gzip_cut": Fault("damaged"),
    "packed_otherwise": Fault("damaged"),
    "redirect_elsewhere": Fault("permanent"),
    "redirect_to_login": Fault("auth"),
    "redirect_in_circle": Fault("permanent"),
    "nul": Fault("held"),
    "lone_surrogate": Fault("held"),
    "not_a_number": Fault("damaged"),
    "infinity": Fault("damaged"),
    "nested": Fault("damaged"),
    "field_twice": Fault("held"),
    "envelope_twice": Fault("damaged"),
    "page_repeated": Fault("damaged"),
    "links_in_a_circle": Fault("damaged", "loop"),
    "links_to_another_host": Fault("permanent", "elsewhere"),
    "pages_without_end": Fault("damaged", "endless"),
}
# What a healthy system may say too: the contract and the gate judge it, with what they know of the source.
ORDINARY = {"empty", "drop_ratio", "unknown_column"}


def kind_of(fault: str) -> str:
    """The fault's name in the simulator."""
    return FAULTS[fault].kind or fault
