"""Requests, and what was answered."""

import contextlib
import dataclasses
import hashlib
import http.client
import time

TIMEOUT_SECONDS = 300
"""Longer than a server may let a request wait, on a machine as slow as can be."""

PIECE_BYTES = 64 << 10


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer that came whole; of one that did not, reading it fails."""

    status: int
    headers: dict[str, str]
    """By names in small letters."""

    body: bytes

    @property
    def seen(self) -> tuple[int, str | None, str]:
        """What tells it from another: the status, the tag, the digest of the body."""
        return self.status, self.headers.get("etag"), hashlib.sha256(self.body).hexdigest()

    def complaint(self) -> str | None:
        """Returns what is wrong with it as an error: a sentence, and of a 503 when to ask again."""
        if self.status == 503 and not self.headers.get("retry-after", "").isdecimal():
            return f"no time to ask again: {self.headers}"
        if not self.headers.get("content-type", "").startswith("text/plain"):
            return f"no plain text: {self.headers}"
        is_sentence = self.body.endswith(b"\n") and self.body.count(b"\n") == 1 and b" " in self.body
        return None if is_sentence else f"no sentence: {self.body[:400]!r}"


def connect(authority: str) -> http.client.HTTPConnection:
    """Returns a connection, to be closed."""
    return http.client.HTTPConnection(authority, timeout=TIMEOUT_SECONDS)


def ask(connection: http.client.HTTPConnection, path: str) -> Answer:
    """Asks for a path and reads the answer."""
    connection.request("GET", path)
    return whole(connection.getresponse())


def whole(response: http.client.HTTPResponse, pause_seconds: float = 0) -> Answer:
    """Reads an answer to its end, in pieces, with a pause after each."""
    pieces = []
    while piece := response.read(PIECE_BYTES):
        pieces.append(piece)
        if pause_seconds:
            time.sleep(pause_seconds)
    if response.length:
        raise http.client.IncompleteRead(pieces[-1] if pieces else b"", response.length)
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, b"".join(pieces))


def ask_once(authority: str, path: str) -> Answer:
    """Asks for a path on a connection of its own."""
    with contextlib.closing(connect(authority)) as connection:
        return ask(connection, path)


def ask_alone(authority: str, paths: list[str]) -> dict[str, Answer]:
    """Asks for paths, one after the other."""
    with contextlib.closing(connect(authority)) as connection:
        return {path: ask(connection, path) for path in paths}
