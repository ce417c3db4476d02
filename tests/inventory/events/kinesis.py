"""Kinesis on loopback for tests: moto's server in this process, or kinesalite from npm in one of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.test import override_settings

KINESALITE_FOLDER = "KINESALITE_FOLDER"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
# Its own command line binds every interface.
KINESALITE = """
const server = require('kinesalite')({shardLimit: 20, createStreamMs: 20, deleteStreamMs: 20, updateStreamMs: 20})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
"""


def why_no_moto() -> str | None:
    missing = [name for name in ("boto3", "moto", "flask", "flask_cors") if find_spec(name) is None]
    return f"needs {', '.join(missing)}: install the extra “emulators”" if missing else None


def why_no_kinesalite() -> str | None:
    if find_spec("boto3") is None:
        return "needs boto3: install the extra “emulators”"
    if shutil.which("node") is None:
        return "needs Node"
    folder = os.environ.get(KINESALITE_FOLDER, "")
    if not (Path(folder) / "node_modules/kinesalite").is_dir():
        return f"needs npm's kinesalite in the folder that {KINESALITE_FOLDER} names"
    return None


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of an empty moto. Its streams belong to the process, not to the server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset", method="POST"), timeout=10).close()
        yield address
    finally:
        server.stop()


@contextmanager
def kinesalite_server(folder: Path) -> Iterator[str]:
    """The address of an empty kinesalite, on loopback alone."""
    script = folder / "kinesalite.js"
    script.write_text(KINESALITE)
    process = subprocess.Popen(
        ["node", str(script)],
        env={"PATH": os.environ["PATH"], "NODE_PATH": f"{os.environ[KINESALITE_FOLDER]}/node_modules"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def aws_at(address: str) -> Iterator[Any]:
    """Settings and credentials for an emulator; yields a client to arrange things with."""
    import boto3

    from invencare.aws import session

    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    session._client.cache_clear()
    try:
        with override_settings(AWS_REGION="eu-west-1", AWS_ENDPOINT_URL=address):
            yield boto3.client("kinesis", region_name="eu-west-1", endpoint_url=address)
    finally:
        session._client.cache_clear()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def make_stream(client: Any, name: str, shards: int) -> None:
    client.create_stream(StreamName=name, ShardCount=shards)
    wait_until_active(client, name)


def wait_until_active(client: Any, name: str) -> None:
    deadline = time.monotonic() + 20
    while client.describe_stream(StreamName=name)["StreamDescription"]["StreamStatus"] != "ACTIVE":
        assert time.monotonic() < deadline, f"the stream {name} is not there"
        time.sleep(0.05)
