"""Which addresses may be talked to, decided after the name was resolved, and the connection made to exactly those.

A source file or an agency's answer can name any host. Resolving, checking and then letting a library resolve again
would leave a gap in which the name changes its address (DNS rebinding): here the checked address is dialled.
"""

import contextlib
import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from connectors.http.deadline import watch
from ledger.errors import SourceError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
SocketOptions = Sequence[tuple[int, int, int | bytes]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SHARED = ipaddress.IPv4Network("100.64.0.0/10")


def system_resolve(host: str, port: int) -> list[str]:
    """Addresses of a host by the system's resolver, in its order. Raises OSError (socket.gaierror)."""
    with contextlib.suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


class Dialer:
    """Opens TCP connections to checked addresses only."""

    def __init__(self, *, allow_private: bool, resolve: Resolver = system_resolve) -> None:
        self.allow_private = allow_private
        self._resolve = resolve

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, each allowed.

        Raises SourceError: retryable when the name has no address now, permanent when one of its addresses is
        forbidden.
        """
        try:
            found = list(self._resolve(host.strip("[]"), port))
        except OSError as error:
            raise SourceError(
                "retryable",
                f"the name could not be resolved ({error.strerror or error})",
                where=host,
                do="Check the connection's URL and this machine's name service",
            ) from None
        except UnicodeError:
            raise SourceError("permanent", "the host name is not a valid one", where=host[:100]) from None
        for address in found:
            self._check(host, address)
        if not found:
            raise SourceError("retryable", "the name has no address", where=host)
        return found

    def dial(self, host: str, port: int, timeout_s: float, options: SocketOptions | None = None) -> socket.socket:
        """A connected socket to the first checked address that answers within ``timeout_s`` seconds in all.

        Raises OSError (the last one) when none does, SourceError when the host may not be talked to.
        """
        until = time.monotonic() + timeout_s
        failure: OSError = TimeoutError("timed out")
        for address in self.addresses(host, port):
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                return connect_to(address, port, left, options)
            except OSError as error:
                failure = error
        raise failure

    def _check(self, host: str, address: str) -> None:
        reason = refusal(address, allow_private=self.allow_private)
        if reason:
            raise SourceError(
                "permanent",
                f"the host resolves to {address}, {reason}",
                where=host,
                do='If the system really stands there, set "private": true in the connection\'s extra',
            )


def connect_to(address: str, port: int, timeout_s: float, options: SocketOptions | None = None) -> socket.socket:
    """A TCP connection to a literal address. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # With the protocol named, asyncio too knows the socket for TCP and switches Nagle's algorithm off.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        for option in options or ():
            sock.setsockopt(*option)
        sock.settimeout(timeout_s)
        target: Any = (address, port)
        sock.connect(target)
        watch(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def refusal(address: str, *, allow_private: bool) -> str:
    """Why an address may not be talked to, or an empty string.

    Link-local (where clouds keep their metadata), multicast, unspecified and reserved addresses are refused even when
    private ones are allowed. Addresses wrapped in others (mapped, 6to4, Teredo, NAT64) count as what they carry.
    """
    try:
        ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return "which is not an address"
    if ip.is_link_local:
        return "a link-local address"
    if ip.is_multicast or ip.is_unspecified:
        return "which is no host's address"
    if ip.is_loopback or ip.is_private or (isinstance(ip, ipaddress.IPv4Address) and ip in _SHARED):
        return "" if allow_private and not _reserved(ip) else "a private or local address"
    return "" if ip.is_global else "a reserved address"


def _reserved(ip: IPAddress) -> bool:
    return not ip.is_loopback and (ip.is_reserved or (ip.version == 4 and int(ip) >> 24 == 0))


def _unwrapped(ip: IPAddress) -> IPAddress:
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
