"""moto, in the place of AWS, and what it was asked for."""

import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import sys
import urllib.request
from collections.abc import Iterator

import boto3
import botocore.client
import botocore.config

import servers

REGION = "us-east-1"
ACCOUNT = "123456789012"
KEY_ID = "AKIDOFTHETESTS"
SECRET = "secret-of-the-tests"
"""No program may ever show it."""

KEEPS_RUNNING = {"progression": "manual", "times": 1_000_000_000}
"""Tasks stop when they are stopped; moto would end them while they are looked up."""


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A request that moto got."""

    path: str
    headers: dict[str, str]
    body: dict

    @property
    def action(self) -> str:
        """The action of a service that names it in a header."""
        return self.headers.get("X-Amz-Target", "").rpartition(".")[2]


class Moto:
    """A running moto."""

    def __init__(self, port: int, recording: pathlib.Path) -> None:
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self._recording = recording
        self._clients: dict[str, botocore.client.BaseClient] = {}

    def client(self, service: str) -> botocore.client.BaseClient:
        """Returns a client of a service, the same each time: it takes a while to make one."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=self.endpoint,
                aws_access_key_id="tests",
                aws_secret_access_key="tests",
                config=botocore.config.Config(s3={"addressing_style": "path"}, proxies={}),
            )
        return self._clients[service]

    def dsn(self, credentials: str = "env:", endpoint: str = "") -> str:
        """Returns a DSN that leads here."""
        return f"region={REGION} credentials={credentials} endpoint={endpoint or self.endpoint}"

    def variables(self) -> dict[str, str]:
        """Returns variables that lead every client of AWS here."""
        return {"AWS_ENDPOINT_URL": self.endpoint, **credentials()}

    def recorded(self, action: str) -> list[Recorded]:
        """Returns the requests of programs for an action. Those of the tests come from boto3."""
        return [request for request in self.all_recorded() if request.action == action]

    def all_recorded(self) -> list[Recorded]:
        """Returns all requests of programs, in order."""
        lines = self._recording.read_text().splitlines()
        entries = [json.loads(line) for line in lines]
        return [recorded(entry) for entry in entries if "Boto3" not in entry["headers"].get("User-Agent", "")]

    def forget(self) -> None:
        """Forgets all requests so far."""
        self._recording.write_text("")

    def configure(self, path: str, body: dict | None = None) -> None:
        """Calls the interface of moto itself."""
        data = json.dumps(body or {}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.endpoint}/moto-api/{path}", data, headers, method="POST")
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()


def credentials() -> dict[str, str]:
    """Returns the variables that `env:` and `iam:` take credentials from."""
    return {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}


def recorded(entry: dict) -> Recorded:
    """Reads a line of the recording."""
    body = base64.b64decode(entry["body"]) if entry["body_encoded"] else entry["body"].encode()
    is_json = "json" in entry["headers"].get("Content-Type", "") or body.startswith(b"{")
    path = entry["url"].split("/", 3)[3]
    return Recorded("/" + path, entry["headers"], json.loads(body) if is_json and body else {})


@contextlib.contextmanager
def moto(folder: pathlib.Path) -> Iterator[Moto]:
    """Starts moto without a bucket or anything else."""
    port, log, recording = servers.free_port(), folder / "moto.log", folder / "requests.jsonl"
    recording.touch()
    variables = {"MOTO_RECORDER_FILEPATH": str(recording), "MOTO_ENABLE_RECORDING": "1"}
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with servers.running(command, log, env=os.environ | variables) as process:
        servers.wait_until_listens(port, process, log)
        server = Moto(port, recording)
        # Functions run in the emulator of Lambda; moto would need a Docker engine for them.
        server.configure("config", {"lambda": {"use_docker": False}})
        server.configure("state-manager/set-transition", {"model_name": "ecs::task", "transition": KEEPS_RUNNING})
        yield server
