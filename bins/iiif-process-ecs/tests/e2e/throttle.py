"""A proxy that answers some calls as AWS does who is called too often."""

import contextlib
import http.client
import http.server
import json
import threading
from collections.abc import Callable

import servers

REFUSAL = json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode()


class Throttle(servers.Local):
    """Refuses each call whose number is a multiple of `every`, and passes on the others to the server at
    `port`. Tells `on_success` the action of each call that succeeds."""

    def __init__(self, port: int, every: int, on_success: Callable[[str], None]) -> None:
        super().__init__(Handler)
        self.server_behind = port
        self.on_success = on_success
        self.passed: list[str] = []
        self.refused: list[str] = []
        self._every = every
        self._lock = threading.Lock()

    def is_refused(self, action: str) -> bool:
        """Counts a call, and returns whether it is one of those."""
        with self._lock:
            is_one = (len(self.passed) + len(self.refused) + 1) % self._every == 0
            (self.refused if is_one else self.passed).append(action)
            return is_one


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one call."""

    protocol_version = "HTTP/1.1"
    server: Throttle

    def do_POST(self) -> None:
        """All calls of ECS are of this method."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        action = self.headers["X-Amz-Target"].rpartition(".")[2]
        if self.server.is_refused(action):
            self.answer(400, REFUSAL)
            return
        status, answer = self.pass_on(body)
        if status == 200:
            self.server.on_success(action)
        self.answer(status, answer)

    def pass_on(self, body: bytes) -> tuple[int, bytes]:
        """Asks the server behind, and returns what it says."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.server.server_behind, timeout=servers.PATIENCE_SECONDS
        )
        with contextlib.closing(connection):
            connection.request("POST", self.path, body, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, answer.read()

    def answer(self, status: int, body: bytes) -> None:
        """Sends an answer of ECS."""
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the tests count calls themselves."""
