"""Further origins of a connection: hosts that may be asked, or redirected to, besides its own.

A sheet in the cloud answers with a redirect to a host that has another name each time, below one domain. So an origin
may also name a domain: ``https://*.example.com``. Nobody is asked there first, and no credential goes there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.http.failures import config_error
from connectors.http.urls import Origin, origin
from ledger.settings import Connection

_BELOW = re.compile(r"\*\.([^*]+)")


@dataclass(frozen=True)
class FurtherOrigins:
    """``named`` are hosts; ``domains`` stand for every host below them, whose names change."""

    named: frozenset[Origin]
    domains: frozenset[Origin]

    @classmethod
    def of(cls, connection: Connection) -> "FurtherOrigins":
        """Those that a connection's extra declares, as ``origins`` and ``servers``. Raises ConfigError."""
        listed = connection.extra.get("origins", [])
        if not isinstance(listed, list | tuple):
            raise config_error("origins must be a list of URLs", "connection extra.origins")
        servers = connection.extra.get("servers", {})
        if not isinstance(servers, Mapping) or not all(isinstance(server, Mapping) for server in servers.values()):
            raise config_error("servers must be an object of objects with a url", "connection extra.servers")
        found = [origin(str(url)) for url in (*listed, *(server.get("url", "") for server in servers.values()))]
        starred = [one for one in found if "*" in one[1]]
        return cls(frozenset(found) - frozenset(starred), frozenset(map(_domain, starred)))

    def may_be_asked(self, asked: Origin) -> bool:
        """Whether a request may begin there."""
        return asked in self.named

    def may_lead_to(self, target: Origin) -> bool:
        """Whether an answer may redirect there."""
        scheme, host, port = target
        return target in self.named or any(
            (scheme, port) == (known, at) and host.endswith(f".{domain}") for known, domain, at in self.domains
        )


def _domain(starred: Origin) -> Origin:
    """The domain behind a star. Raises ConfigError where whoever likes may have a host below it."""
    scheme, host, port = starred
    found = _BELOW.fullmatch(host)
    if found is None or scheme != "https":
        raise config_error(
            f"{scheme}://{host} is no domain: it is written https://*.example.com", "connection extra.origins"
        )
    from publicsuffixlist import PublicSuffixList  # a list of 10,000 lines, for the few connections with a star

    domain = found.group(1)
    if domain.split(".")[-1].isdigit() or PublicSuffixList().is_public(domain):
        raise config_error(f"everybody may have a host below {domain}: name one domain", "connection extra.origins")
    return scheme, domain, port
