"""Origins, joins and placeholders: what of a URL an answer or a context may change, and what not."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urljoin, urlsplit

from requests.utils import parse_header_links
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from connectors.http.redact import quote as words
from ledger.errors import ConfigError, SourceError

_PORTS = {"http": 80, "https": 443}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")

Origin = tuple[str, str, int]


def origin(url: str) -> Origin:
    """Scheme, host and port of an absolute http(s) URL, read as the transport will read it.

    Raises SourceError (permanent) for anything else, and for user information in it, which would leak into logs.
    """
    try:
        parts = parse_url(url)
    except LocationParseError:
        raise SourceError("permanent", "the URL is not readable", where=words(urlsplit(url).netloc, 80)) from None
    scheme, host = (parts.scheme or "").lower(), (parts.host or "").lower()
    if scheme not in _PORTS or not host:
        raise SourceError("permanent", "only http and https URLs are followed", where=words(f"{scheme}://{host}", 80))
    if parts.auth:
        raise SourceError(
            "permanent",
            "the URL carries user information",
            where=f"{scheme}://{host}",
            do="Put user and password into the connection's login and password",
        )
    return scheme, host, parts.port or _PORTS[scheme]


def under(base: str, path: str) -> str:
    """The URL of ``path`` below ``base``, whose own path is kept; an empty path means the base itself."""
    if not path.strip("/"):
        return base
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def same_origin(link: str, current: str) -> str:
    """A next link or redirect target, absolute, proved to stay on the origin it came from.

    Going from http to https of the same host on the usual ports is allowed. Raises SourceError (permanent) otherwise.
    """
    target = urljoin(current, link.strip())
    here, there = origin(current), origin(target)
    upgraded = here[0] == "http" and there[0] == "https" and here[1] == there[1] and (here[2], there[2]) == (80, 443)
    if here != there and not upgraded:
        raise SourceError(
            "permanent",
            f"the source points to another host: {there[0]}://{there[1]}:{there[2]}",
            where=f"{here[0]}://{here[1]}:{here[2]}",
            do="Check with the agency; a system that moved gets a new connection URL",
        )
    return target


def next_link(headers: Mapping[str, str]) -> str:
    """The target of a Link header's relation "next" (RFC 8288), an empty string without one."""
    for link in parse_header_links(headers.get("Link", "")):
        if "next" in link.get("rel", "").lower().split():
            return link.get("url", "")
    return ""


def placeholders(template: str) -> list[str]:
    """Names of the ``{placeholders}`` of a template, in order."""
    return _PLACEHOLDER.findall(template)


def fill(template: str, context: Mapping[str, str]) -> str:
    """A template with every ``{placeholder}`` replaced as it is, for values that are encoded later (queries, bodies).

    Raises ConfigError for unknown placeholders and for values with control characters.
    """
    return _PLACEHOLDER.sub(lambda found: _value(found.group(1), template, context), template)


def fill_path(template: str, context: Mapping[str, str]) -> str:
    """A path with every placeholder percent-encoded as one segment's text: a value can neither add nor leave a folder.

    Raises ConfigError like ``fill``, and for values that are empty, ``.`` or ``..``.
    """

    def replace(found: re.Match[str]) -> str:
        value = _value(found.group(1), template, context)
        if value.strip() in {"", ".", ".."}:
            raise ConfigError(f"placeholder {{{found.group(1)}}} has no usable value for a path", where=template)
        return quote(value, safe="")

    filled = _PLACEHOLDER.sub(replace, template)
    if any(part in {".", ".."} for part in filled.split("/")):
        raise ConfigError("a path may not climb", where=template, do="Remove . and .. from the path")
    return filled


def _value(name: str, template: str, context: Mapping[str, str]) -> str:
    if not _NAME.match(name):
        raise ConfigError(f"{{{name[:40]}}} is not a placeholder", where=template, do="Names are lower case letters")
    if name not in context:
        known = ", ".join(sorted(context)) or "none"
        raise ConfigError(
            f"placeholder {{{name}}} is not in the context", where=template, do=f"for_each gives: {known}"
        )
    value = context[name]
    if _UNSAFE.search(value):
        raise ConfigError(f"the value of {{{name}}} holds control characters", where=template)
    return value
