"""Asks servers over HTTP: one client on one connection that stays open, or many with wrk."""

import dataclasses
import json
import pathlib
import shutil
import socket
import time

from programs import OTHERS, Failed, run

HOST = "127.0.0.1"
PATIENCE_SECONDS = 30
CHUNK_BYTES = 1 << 18

JPEG_START = b"\xff\xd8"
JPEG_FRAMES = range(0xC0, 0xC4)
"""Markers of the frames that photographs have, which say how large the picture is (ITU-T T.81 section B.2.2)."""


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    """By their names in lower case."""
    body: bytes
    ms: float
    """From the first byte sent to the last byte received."""


class Connection:
    """A connection that is kept open."""

    def __init__(self, port: int):
        self.socket = socket.create_connection((HOST, port), PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Asks and reads the whole answer, whose length its header has to say."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
        request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        started = time.perf_counter()
        self.socket.sendall(request)
        head, _, body = self.until_header_ends().partition(b"\r\n\r\n")
        status, headers = parsed(head)
        expected = 0 if status == 304 else int(headers.get("content-length", -1))
        if expected < 0:
            raise Failed(f"`{path}` was answered with {status} and no Content-Length")
        parts, missing = [body], expected - len(body)
        while missing > 0:
            parts.append(self.receive(min(missing, CHUNK_BYTES)))
            missing -= len(parts[-1])
        ms = (time.perf_counter() - started) * 1e3
        return Answer(status, headers, b"".join(parts), ms)

    def until_header_ends(self) -> bytes:
        received = self.receive(CHUNK_BYTES)
        while b"\r\n\r\n" not in received:
            received += self.receive(CHUNK_BYTES)
        return received

    def receive(self, at_most: int) -> bytes:
        received = self.socket.recv(at_most)
        if not received:
            raise Failed("the server closed the connection")
        return received


def parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def jpeg_size(body: bytes) -> tuple[int, int] | None:
    """Returns width and height that a JPEG says it has; None if it is no JPEG."""
    if not body.startswith(JPEG_START):
        return None
    at = 2
    while at + 9 <= len(body):
        if body[at + 1] in JPEG_FRAMES:
            return int.from_bytes(body[at + 7 : at + 9]), int.from_bytes(body[at + 5 : at + 7])
        at += 2 + int.from_bytes(body[at + 2 : at + 4])
    return None


@dataclasses.dataclass(frozen=True)
class Load:
    """What many clients got."""

    per_second: float
    p50_ms: float
    p99_ms: float
    requests: int
    refused: int
    """Answers from 400 on."""


def has_wrk() -> bool:
    return shutil.which("wrk") is not None


def load(port: int, paths: list[str], clients: int, seconds: int, work: pathlib.Path) -> Load:
    """Lets many clients ask for the paths in turn."""
    file = work / "paths.txt"
    file.write_text("".join(f"{path}\n" for path in paths))
    # One thread of wrk is far from busy with so few clients, and all of them share its list of paths.
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", f"{PATIENCE_SECONDS}s"]
    made = run([*command, "-s", str(OTHERS / "paths.lua"), f"http://{HOST}:{port}", "--", str(file)])
    said = json.loads(made.stdout.strip().splitlines()[-1])
    if said["failed"]:
        raise Failed(f"{said['failed']} of {said['requests']} requests were not answered")
    return Load(said["requests"] / said["seconds"], said["p50_ms"], said["p99_ms"], said["requests"], said["refused"])
