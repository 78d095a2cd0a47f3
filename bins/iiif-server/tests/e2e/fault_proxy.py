"""A proxy in front of an S3 server that counts what goes through, and does to it what networks do."""

import contextlib
import dataclasses
import enum
import http.client
import http.server
import socket
import struct
import threading
import time

import servers

SLOW_SECONDS = 0.3

SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"

OF_CONNECTIONS = {"connection", "transfer-encoding", "server", "date"}
"""Headers that are not passed on: they are about a connection, or written anew."""


class Fault(enum.Enum):
    """What is done to a request."""

    SLOW_DOWN = "503 SlowDown, as S3 answers who asks too often"
    RESET = "the connection is reset before the answer"
    RESET_AFTER = "the connection is reset once it was done"
    CUT = "the connection is closed in the middle of the body"
    UNTOLD = "the same, where no header tells how long the body is"
    SHORT = "the body is half of it, and so says its length"
    SLOW = "the first byte is late"


@dataclasses.dataclass(frozen=True)
class Exchange:
    """A request that was passed on, or failed."""

    method: str
    path: str
    range: str | None
    sent_bytes: int
    """The bytes of the body that were sent back."""


class FaultProxy(servers.Local):
    """Passes everything on to the server at `port`, until it is told to fail."""

    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(Handler)
        self.server_behind = port
        self.exchanges: list[Exchange] = []
        self.failed = 0
        """Requests that a fault was done to."""
        self._fault: Fault | None = None
        self._every = 1
        self._count = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def failing(self, fault: Fault, every: int):
        """Does a fault to each request whose number is a multiple of `every`."""
        with self._lock:
            self._fault, self._every, self._count, self.failed = fault, every, 0, 0
        try:
            yield
        finally:
            with self._lock:
                self._fault = None

    def next_fault(self) -> Fault | None:
        """Counts a request, and returns what is done to it."""
        with self._lock:
            self._count += 1
            if not self._fault or self._count % self._every:
                return None
            self.failed += 1
            return self._fault

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that went away."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultProxy

    def answer(self) -> None:
        """Answers a request of any method."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        fault = self.server.next_fault()
        sent = 0
        if fault is Fault.RESET:
            self.reset()
        elif fault is Fault.SLOW_DOWN:
            self.send(503, [("Content-Type", "application/xml"), ("Content-Length", str(len(SLOW_DOWN)))], SLOW_DOWN)
        else:
            if fault is Fault.SLOW:
                time.sleep(SLOW_SECONDS)
            sent = self.pass_on(body, fault)
        self.server.exchanges.append(Exchange(self.command, self.path, self.headers.get("Range"), sent))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    def pass_on(self, body: bytes, fault: Fault | None) -> int:
        """Asks the server behind, sends what it says back, and returns how much of its body."""
        behind = http.client.HTTPConnection("127.0.0.1", self.server.server_behind, timeout=servers.PATIENCE_SECONDS)
        with contextlib.closing(behind):
            behind.request(self.command, self.path, body, dict(self.headers))
            answer = behind.getresponse()
            whole = answer.read()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_CONNECTIONS]
        half = whole[: len(whole) // 2]
        if fault is Fault.RESET_AFTER:
            self.reset()
            return 0
        if fault is Fault.CUT and whole:
            self.close_connection = True
            return self.send(answer.status, headers, half)
        if fault in (Fault.UNTOLD, Fault.SHORT) and whole:
            headers = [pair for pair in headers if pair[0].lower() != "content-length"]
            headers.append(("Content-Length", str(len(half))) if fault is Fault.SHORT else ("Connection", "close"))
            self.close_connection = True
            return self.send(answer.status, headers, half)
        return self.send(answer.status, headers, whole)

    def send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> int:
        """Sends an answer, and returns the bytes of its body that go along."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return 0
        self.wfile.write(body)
        return len(body)

    def reset(self) -> None:
        """Ends the connection as one that broke."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Says nothing: the tests count requests themselves."""
