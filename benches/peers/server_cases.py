"""What one client asks of servers, each time of one that has just started: tables, and the bars they decide."""

import dataclasses
import pathlib
import statistics
from collections.abc import Callable

from client import Answer, Connection, jpeg_size
from programs import Failed
from samples import Bar, Table, paired, ratio_of
from servers import IIPSRV, OURS, WARM, Running, Server

YCBCR, RGB, JPEG = "ycbcr.tif", "rgb.tif", "photo.jpg"
IN_WORDS = {YCBCR: "YCbCr", RGB: "RGB"}

TILE_PX = 256
JPEG_TILE_PX = 512
WIDTHS = range(512, 492, -1)
"""All need the same pixels of the image, and none has been asked for before."""
SAME_REQUESTS = 300
SECONDS_AT_MOST = 2
"""A slow server is not asked for everything."""
REQUESTS_AT_LEAST = 5
WIDTH_TOLERANCE_PX = 2
"""iipsrv rounds to the shape of the picture: 511 is answered with 510."""


@dataclasses.dataclass
class Bench:
    """What there is to measure with."""

    servers: list[Server]
    limited: Server
    """Ours, with less memory."""
    images: pathlib.Path
    width: int
    height: int
    work: pathlib.Path
    runs: int

    def tiles(self, side: int) -> list[tuple[int, int]]:
        """Returns the corners of all tiles that are whole."""
        return [(x * side, y * side) for y in range(self.height // side) for x in range(self.width // side)]

    def able(self, image: str) -> list[Server]:
        return [server for server in self.servers if image.rpartition(".")[2] in server.reads]


@dataclasses.dataclass(frozen=True)
class Request:
    rest: str
    """What stands behind the identifier."""
    width: int
    """Of the answer."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """The times of one run, in ms."""

    times: list[float]

    @property
    def wall_ms(self) -> float:
        return statistics.median(self.times)


@dataclasses.dataclass(frozen=True)
class Case:
    """Requests of one client after each other, and our bars."""

    key: str
    title: str
    image: str
    requests: Callable[[Bench], list[Request]]
    at_most_ms: float
    before: int = 0
    """So many of the first requests are not timed."""
    versus_iipsrv: bool = False
    revalidates: bool = False
    """Whether what is known from the first answer is sent along: all others are 304."""
    about: str = ""


def tiles(side: int) -> Callable[[Bench], list[Request]]:
    return lambda bench: [Request(f"{x},{y},{side},{side}/{side},{side}/0/default.jpg", side) for x, y in bench.tiles(side)]


def reductions(_bench: Bench) -> list[Request]:
    return [Request(f"full/{width},/0/default.jpg", width) for width in WIDTHS]


def same(bench: Bench) -> list[Request]:
    return tiles(TILE_PX)(bench)[:1] * (SAME_REQUESTS + 1)


ALL_DIFFERENT = "All of them are different. The size asked for is that of the tiles in the file."

CASES = [
    Case("tile-ycbcr", "A tile of the pyramid, YCbCr", YCBCR, tiles(TILE_PX), 0.5, versus_iipsrv=True, about=ALL_DIFFERENT),
    Case("tile-rgb", "A tile of the pyramid, RGB", RGB, tiles(TILE_PX), 0.5, versus_iipsrv=True, about=ALL_DIFFERENT),
    Case("pyramid-512", "`full/512,` of the pyramid", YCBCR, reductions, 2.0, about="The widths are 512, 511, 510 and so on."),
    Case(
        "jpeg-512-first", "`full/512,` of the plain JPEG, the first request", JPEG, lambda bench: reductions(bench)[:1], 95,
        about="One request of each run, so the p99 is the slowest run.",
    ),
    Case(
        "jpeg-512-later", "`full/512,` of the plain JPEG, later", JPEG, reductions, 8, before=1,
        about="The widths are 511, 510, 509 and so on, after 512.",
    ),
    Case("jpeg-tile", "A 512x512 tile of the plain JPEG, after the first", JPEG, tiles(JPEG_TILE_PX), 4, before=1),
    Case("cached", "A tile that was asked for before", YCBCR, same, 0.3, before=1),
    Case("304", "A tile that the client has: 304", YCBCR, same, 0.15, before=1, revalidates=True),
]  # fmt: skip


def one_client(bench: Bench, case: Case) -> tuple[Table, list[Bar]]:
    """Asks ours and the others in turn, each run a server that has just started."""
    bar = Bar(f"server-{case.key}", f"{case.title}, p50", f"{case.at_most_ms} ms")
    versus = Bar(f"server-{case.key}-iipsrv", f"{case.title}, p50", "1.00 of iipsrv")
    subjects = {server.name: lambda server=server: ask(bench, server, case) for server in bench.able(case.image)}
    samples = paired(subjects, bench.runs)
    ours = samples[OURS]
    if isinstance(ours, str):
        bar.measured, bar.reached = ours, False
    else:
        p50 = statistics.median(run.wall_ms for run in ours)
        bar.measured, bar.reached = f"{p50:.2f} ms", p50 <= case.at_most_ms
    ratio = ratio_of(samples, OURS, IIPSRV)
    if isinstance(ratio, float):
        versus.measured, versus.reached = f"{ratio:.2f}", ratio <= 1
    made = Table(case.title, ["", "p50 ms", "p99 ms", f"to {IIPSRV}", "requests"])
    made.text = " ".join(filter(None, [case.about, unable(bench, case.image), left_out(samples)]))
    made.rows = [one_client_row(samples, name) for name in measured(samples)]
    return made, [bar, versus] if case.versus_iipsrv else [bar]


def ask(bench: Bench, server: Server, case: Case) -> Asked:
    times, known, spent = [], {}, 0.0
    with server.running(bench.images, bench.work) as running, Connection(running.port) as connection:
        warm_up(connection, running)
        for index, request in enumerate(case.requests(bench)):
            answer = connection.get(running.path(case.image, request.rest), known)
            if index >= case.before:
                check(answer, request, 304 if known else 200)
                times.append(answer.ms)
                spent += answer.ms
            if case.revalidates and not known:
                known = revalidation(answer)
            if spent > SECONDS_AT_MOST * 1e3 and len(times) >= REQUESTS_AT_LEAST:
                break
    return Asked(times)


def warm_up(connection: Connection, running: Running) -> None:
    """The first picture of a process loads more than those after it."""
    for rest in ("info.json", "0,0,256,256/256,256/0/default.jpg"):
        connection.get(running.path(WARM, rest))


def check(answer: Answer, request: Request, status: int) -> None:
    if answer.status != status:
        raise Failed(f"`{request.rest}` was answered with {answer.status} instead of {status}")
    if status == 200:
        size = jpeg_size(answer.body)
        if size is None or abs(size[0] - request.width) > WIDTH_TOLERANCE_PX:
            raise Failed(f"`{request.rest}` was answered with a picture of {size}")


def revalidation(answer: Answer) -> dict[str, str]:
    if "etag" in answer.headers:
        return {"If-None-Match": answer.headers["etag"]}
    if "last-modified" in answer.headers:
        return {"If-Modified-Since": answer.headers["last-modified"]}
    raise Failed("answers have neither ETag nor Last-Modified")


def one_client_row(samples: dict, name: str) -> list[str]:
    times = sorted(ms for run in samples[name] for ms in run.times)
    p50 = statistics.median(run.wall_ms for run in samples[name])
    ratio = ratio_of(samples, name, IIPSRV)
    shown = f"{ratio:.2f}" if isinstance(ratio, float) else "–"
    return [name, figure(p50), figure(times[len(times) * 99 // 100]), shown, f"{len(times):,}"]


def measured(samples: dict) -> list[str]:
    return [name for name, runs in samples.items() if not isinstance(runs, str)]


def left_out(samples: dict) -> str:
    """Says who failed, and why."""
    return " ".join(f"Without {name}: {reason}." for name, reason in samples.items() if isinstance(reason, str))


def unable(bench: Bench, image: str) -> str:
    kind = image.rpartition(".")[2]
    names = [server.name for server in bench.servers if server not in bench.able(image)]
    return " ".join(f"{name} reads no `.{kind}` files." for name in names)


def figure(ms: float) -> str:
    return f"{ms:.3f}" if ms < 1 else f"{ms:.2f}" if ms < 10 else f"{ms:.1f}"
