"""POSTs to typed-in addresses reach the public internet alone, and the address that was checked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from unittest.mock import patch

import pytest

from invencare.lib.outgoing import Answer, Refused, Unreachable, check_address, is_public, post


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it gets; redirects from /elsewhere."""

    got: list[tuple[str, dict[str, str], bytes]] = []
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, dict(self.headers), body))
        self.send_response(302 if self.path == "/elsewhere" else type(self).status)
        if self.path == "/elsewhere":
            self.send_header("Location", "/target")
        self.end_headers()
        self.wfile.write(b"thanks")

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.got, Receiver.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def send(url: str, *, allow_private: bool = True) -> Answer:
    return post(url, b"{}", {"X-A": "b"}, allow_private=allow_private, timeout_seconds=2)


def test_a_post_arrives_with_its_headers(receiver: str) -> None:
    assert send(receiver + "/hook?x=1") == Answer(200, "thanks")
    path, headers, body = Receiver.got[0]
    assert (path, headers["X-A"], body) == ("/hook?x=1", "b", b"{}")
    assert headers["Host"] == receiver.removeprefix("http://")


def test_a_redirect_is_an_answer_and_not_followed(receiver: str) -> None:
    assert send(receiver + "/elsewhere").status == 302
    assert [path for path, _, _ in Receiver.got] == ["/elsewhere"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (address, 443))]
    with patch("socket.getaddrinfo", return_value=found), pytest.raises(Refused, match="no public address"):
        send("https://hooks.example.com/", allow_private=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_public_is_not(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_is_refused() -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("1.1.1.1", "10.0.0.1")]
    with patch("socket.getaddrinfo", return_value=found), pytest.raises(Refused):
        send("https://hooks.example.com/", allow_private=False)


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 443))]
    with (
        patch("socket.getaddrinfo", side_effect=[found, AssertionError("asked twice")]),
        patch("socket.create_connection", side_effect=OSError("no route")) as connect,
        pytest.raises(Unreachable, match="no route"),
    ):
        send("https://hooks.example.com/", allow_private=False)
    assert connect.call_args.args[0] == ("1.1.1.1", 443)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/", "ftp://x.example/", "https:///path", "https://user:pw@x.example/", "https://x.example:0/",
        "https://x.example:99999/", "javascript:alert(1)", "", "https://x.example/ y", "https://bücher.example/",
        "https://x.example/\r\nHost: y",
    ],
)  # fmt: skip
def test_what_is_no_address_for_us_is_refused_before_anything_is_asked(url: str) -> None:
    with pytest.raises(Refused):
        check_address(url, allow_private=False)


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        send("http://127.0.0.1:1/")
