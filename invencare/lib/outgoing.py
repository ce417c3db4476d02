"""POSTs to addresses that people typed in: only to the public internet, without redirects, to the address that was checked.

A name is resolved once; each of its addresses must be public, and the connection goes to one of them, so that a name
which resolves otherwise a moment later leads nowhere else.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

READ_BYTES = 2_000
# Ways to write an IPv4 address into an IPv6 one that Python takes for public.
WRAPPED_IPV4 = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


class Refused(Exception):
    """The address is not one that we post to."""


class Unreachable(Exception):
    """Nobody answered, or not in time."""


@dataclass(frozen=True)
class Answer:
    """The status and the beginning of the text."""

    status: int
    text: str


def check_address(url: str, *, allow_private: bool) -> SplitResult:
    """The parts of an address that may be posted to, as far as can be said without asking for its name."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(f"This is no address: {error}.") from error
    schemes = {"https", "http"} if allow_private else {"https"}
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise Refused("Use an address that begins with https:// and a host name.")
    if parts.username or parts.password:
        raise Refused("Leave user name and password out of the address: the signature says who sends.")
    if not url.isascii() or any(sign.isspace() for sign in url):
        raise Refused("Use an address without spaces and in ASCII (punycode for other names).")
    return parts


def post(url: str, body: bytes, headers: dict[str, str], *, allow_private: bool, timeout_seconds: float) -> Answer:
    """POST ``body``; a redirect is an answer like any other. Raises ``Refused`` or ``Unreachable``."""
    parts = check_address(url, allow_private=allow_private)
    host = str(parts.hostname)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = public_address(host, port, allow_private=allow_private)
    kind = _PinnedHTTPS if parts.scheme == "https" else _PinnedHTTP
    connection: Any = kind(host, port, address=address, timeout=timeout_seconds)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.read(READ_BYTES).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def public_address(host: str, port: int, *, allow_private: bool) -> str:
    """One address of ``host``; ``Refused`` if any of its addresses is private, loopback or otherwise not public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"The name {host} is not found: {error}") from error
    addresses = [str(info[4][0]) for info in found]
    for address in addresses:
        if not allow_private and not is_public(address):
            raise Refused(f"{host} is {address}, which is no public address.")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address is on the public internet, also where it hides an IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if any(ip in net for net in WRAPPED_IPV4):
            return False
    return ip.is_global and not ip.is_multicast


class _PinnedHTTP(http.client.HTTPConnection):
    """Connects to the address that was checked, whatever the name says now."""

    def __init__(self, host: str, port: int, *, address: str, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


class _PinnedHTTPS(_PinnedHTTP):
    """The same with TLS; the certificate must be the name's."""

    def connect(self) -> None:
        super().connect()
        self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)
