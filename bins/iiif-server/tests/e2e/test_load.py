"""Many clients at once, with little memory."""

import collections
import contextlib
import http.client
import os
import pathlib
import random
import socket
import sys
import tempfile
import threading
import time
import unittest

import asking
import image_server
import pictures
from pictures import Compression

MEMORY_LIMIT_BYTES = 512 << 20
FLAGS = ["-memory-limit", "512MiB", "-concurrency", "8", "-public-uri", "https://images.example.org"]
"""As many at once as would take all memory, were it not counted."""

SECONDS = float(os.environ.get("LOAD_SECONDS") or 60)
"""How long the clients ask. More finds more; nothing that is asserted depends on it."""

CLIENTS = 64
LEAVING = range(0, 8)
"""Clients that go away in the middle."""

SLOW = range(8, 16)
"""Clients that read slowly."""

PARAMETERS = "?header_timeout=600&write_timeout=600"
"""A busy machine may keep clients from asking and reading for longer than servers usually wait."""

SLOW_PAUSE_SECONDS = 0.02

SIZES = {"large.jpg": (3000, 2000), "small.jpg": (1400, 1000), "photo.png": (1200, 900), "pyramid.tif": (2600, 1900)}


def requests() -> list[str]:
    """Returns what is asked of all images: tiles, thumbnails, full and large sizes."""
    paths = []
    for name, (width, height) in SIZES.items():
        image = f"/iiif/3/{name}"
        paths += [f"{image}/info.json", f"/iiif/2/{name}/info.json"]
        for side, scale in [(256, 1), (512, 1), (256, 2), (256, 4)]:
            step = side * scale
            for x in range(0, width, step):
                for y in range(0, height, step * 3):
                    region = (x, y, min(step, width - x), min(step, height - y))
                    size = ",".join(str(-(-length // scale)) for length in region[2:])
                    paths.append(f"{image}/{','.join(map(str, region))}/{size}/0/default.jpg")
        paths += [f"{image}/full/!{side},{side}/0/default.jpg" for side in [100, 200, 400]]
        paths += [f"{image}/square/150,150/0/default.png", f"/iiif/2/{name}/full/pct:25/0/default.jpg"]
        paths += [f"{image}/full/max/0/{wanted}" for wanted in ["default.jpg", "gray.jpg", "default.png"]]
        # More than can be kept.
        for side in range(width // 2, width, 150):
            paths += [f"{image}/full/{side},/{wanted}" for wanted in ["0/default.png", "0/gray.jpg", "90/default.jpg"]]
    return paths


class Load:
    """What all clients saw."""

    def __init__(self, server: image_server.Server, paths: list[str], expected: dict[str, asking.Answer]) -> None:
        self._server = server
        self._paths = paths
        self.expected = {path: answer.seen for path, answer in expected.items()}
        self._lock = threading.Lock()
        self._end = time.monotonic() + SECONDS
        self.statuses: collections.Counter[int] = collections.Counter()
        self.answered_bytes = 0
        self.left = 0
        self.wrong: list[str] = []

    def told(self) -> str:
        """Returns what there was, for people."""
        answers = ", ".join(f"{count} of {status}" for status, count in sorted(self.statuses.items()))
        mebibytes = self.answered_bytes >> 20
        return f"{len(self.expected)} URIs, {SECONDS:.0f} s, answers: {answers}, {mebibytes} MiB; {self.left} left"

    def client(self, number: int) -> None:
        """Asks until the end, one request after the other."""
        chance = random.Random(number)
        with contextlib.closing(asking.connect(self._server.authority)) as connection:
            while time.monotonic() < self._end and not self.wrong:
                path = chance.choice(self._paths)
                try:
                    self._one(connection, path, number, chance)
                except Exception as error:  # noqa: BLE001 - a thread tells nobody else
                    self.wrong.append(f"{path}: {error!r}")

    def _one(self, connection: http.client.HTTPConnection, path: str, number: int, chance: random.Random) -> None:
        if number in SLOW and not connection.sock:
            connection.connect()
            # Else the system would take what the client does not read.
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, asking.PIECE_BYTES)
        connection.request("GET", path)
        if number in LEAVING:
            if chance.random() < 0.5:
                connection.getresponse().read(chance.randrange(asking.PIECE_BYTES))
            else:
                time.sleep(chance.random() / 10)
            connection.close()
            with self._lock:
                self.left += 1
            return
        pause = SLOW_PAUSE_SECONDS if number in SLOW else 0
        self._check(path, asking.whole(connection.getresponse(), pause))

    def _check(self, path: str, answer: asking.Answer) -> None:
        with self._lock:
            self.statuses[answer.status] += 1
            self.answered_bytes += len(answer.body)
        if answer.status == 503:
            complaint = answer.complaint()
        else:
            complaint = f"{answer.seen} {answer.body[:200]!r}" if answer.seen != self.expected[path] else None
        if complaint:
            self.wrong.append(f"{path}: {complaint}")


class LoadTest(unittest.TestCase):
    """Sixty-four clients."""

    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="iiif-e2e-")))
        self.images = self.folder / "images"
        self.images.mkdir()
        for seed, (name, size) in enumerate(SIZES.items()):
            picture = pictures.of_grain(size, seed)
            if name.endswith(".tif"):
                pictures.write_pyramid(picture, self.images / name, Compression.JPEG)
            else:
                picture.save(self.images / name, quality=90)

    def started(self, log: str) -> contextlib.AbstractContextManager[image_server.Server]:
        """Starts a server in which nothing is kept."""
        return image_server.started(self.folder / log, *FLAGS, folder=self.images, parameters=PARAMETERS)

    def test_every_answer_is_right_or_says_when_to_ask_again_and_memory_holds(self) -> None:
        paths = requests()
        with self.started("alone.log") as server:
            alone = asking.ask_alone(server.authority, paths)
        self.assertEqual({answer.status for answer in alone.values()}, {200})
        with self.started("load.log") as server:
            load = Load(server, paths, alone)
            clients = [threading.Thread(target=load.client, args=(number,), daemon=True) for number in range(CLIENTS)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            after = asking.ask_alone(server.authority, paths)
            peak = server.peak_bytes()
        told = f"{load.told()}, peak {(peak or 0) >> 20} MiB"
        print(f"\nload: {told}", file=sys.stderr)
        self.assertEqual(load.wrong, [], told)
        self.assertGreater(load.statuses[200], 0, told)
        self.assertEqual({path: answer.seen for path, answer in after.items()}, load.expected)
        if peak is None:
            print("WARNING: the peak of memory was NOT looked at: no /proc", file=sys.stderr)
        else:
            self.assertLessEqual(peak, MEMORY_LIMIT_BYTES, told)
