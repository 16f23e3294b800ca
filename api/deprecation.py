"""How an address says that it will go: RFC 9745 and RFC 8594, and a link to what takes its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime


@dataclass(frozen=True, slots=True)
class Deprecation:
    """``since`` when an address is not to be used any more, ``sunset`` when it goes, ``instead`` what to use."""

    since: datetime
    sunset: datetime
    instead: str

    @property
    def headers(self) -> Mapping[str, str]:
        """What its answers say."""
        return {
            "deprecation": f"@{int(self.since.timestamp())}",
            "sunset": format_datetime(self.sunset.astimezone(UTC), usegmt=True),
            "link": f'<{self.instead}>; rel="successor-version"',
        }


# By path of a resource or a document, as OpenAPI has it below /v1/. Nothing is on its way out today.
DEPRECATED: Mapping[str, Deprecation] = {}


def going(deprecated: Mapping[str, Deprecation], parts: Sequence[str]) -> Deprecation | None:
    """What is said of an address, by its parts below /v1/; None where it stays."""
    for template, one in deprecated.items():
        names = template.split("/")
        if len(names) == len(parts) and all(
            name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
        ):
            return one
    return None
