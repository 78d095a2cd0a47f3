"""What many clients ask of servers, and what starting takes: tables, and the bars they decide."""

import concurrent.futures
import pathlib
import random
import statistics
import time

from client import Connection, Load, has_wrk, load
from programs import Failed
from samples import Bar, Table, paired
from server_cases import (
    IN_WORDS,
    JPEG,
    JPEG_TILE_PX,
    RGB,
    TILE_PX,
    YCBCR,
    Bench,
    figure,
    left_out,
    measured,
    tiles,
    unable,
    warm_up,
)
from servers import IIPSRV, OURS, Server, bucket_far_away, reading

CLIENTS = 8
LOAD_SECONDS = 2
LOAD_RUNS = 3
COPIES = 400
"""Names of each pyramid, so that no client ever asks for a tile twice."""

MIX_WIDTHS = range(2000, 5000, 100)
MIX_DEGREES = range(5, 65, 5)
MIX_ROTATED_PX = 1024

START_RUNS = 10
START_MS = 40
IDLE_MIB = 15

FAR_CLIENTS = 32
FAR_MS = 50
"""What each read of a bucket far away takes longer."""

NEVER_TWICE = (
    f"The pyramid has {COPIES} names, so that no tile is asked for twice. wrk asks, on the same cores as the servers."
)


def many_clients(bench: Bench, image: str) -> tuple[Table, list[Bar]]:
    """The tiles of many pyramids, none of them twice."""
    title = f"Tiles for {CLIENTS} clients, {IN_WORDS[image]}"
    bar = Bar(f"server-load-{image.removesuffix('.tif')}", f"{title}, requests per second", f"at least 1.00 of {IIPSRV}")
    if not has_wrk():
        raise Failed("wrk is missing; apt-get install wrk")
    named = [copy(bench.images, image, index) for index in range(COPIES)]
    rests = [request.rest for request in tiles(TILE_PX)(bench)]

    def once(server: Server) -> Load:
        with server.running(bench.images, bench.work) as running:
            with Connection(running.port) as connection:
                warm_up(connection, running)
            paths = [running.path(name, rest) for name in named for rest in rests]
            made = load(running.port, paths, CLIENTS, LOAD_SECONDS, bench.work)
            if made.refused or made.requests > len(paths):
                raise Failed(f"{made.refused} of {made.requests} were refused; {len(paths)} tiles are there")
        return made

    subjects = {server.name: lambda server=server: once(server) for server in bench.able(image)}
    samples = paired(subjects, min(bench.runs, LOAD_RUNS))
    made = Table(title, ["", "requests per second", f"to {IIPSRV}", "p50 ms", "p99 ms"])
    made.text = " ".join(filter(None, [NEVER_TWICE, left_out(samples)]))
    for name in measured(samples):
        runs = ((run.per_second, run.p50_ms, run.p99_ms) for run in samples[name])
        rate, p50, p99 = (statistics.median(values) for values in zip(*runs))
        ratio = rate_to_iipsrv(samples, name)
        shown = f"{ratio:.2f}" if ratio else "–"
        made.rows.append([name, f"{rate:,.0f}", shown, figure(p50), figure(p99)])
    ratio = rate_to_iipsrv(samples, OURS)
    if isinstance(samples[OURS], str):
        bar.measured, bar.reached = samples[OURS], False
    elif ratio is not None:
        bar.measured, bar.reached = f"{ratio:.2f}", ratio >= 1
    return made, [bar]


def far_away(bench: Bench) -> tuple[Table, list[Bar]]:
    """The tiles of a pyramid in a bucket, each once."""
    title = f"Tiles for {FAR_CLIENTS} clients from a bucket, each read {FAR_MS} ms later"
    made = Table(title, ["", "requests per second", "p50 ms", "p99 ms"])
    made.text = (
        f"Of `{YCBCR}`. As stored a tile takes one read; between four, half a tile to the right and below, these are read and "
        "decoded. The bucket is a web server of a single process on the same cores, which takes part of the time; iipsrv "
        "reads files only, and iiif-processor has no reader of buckets."
    )
    whole = [request.rest for request in tiles(TILE_PX)(bench)]
    between = [
        f"{x + TILE_PX // 2},{y + TILE_PX // 2},{TILE_PX},{TILE_PX}/{TILE_PX},{TILE_PX}/0/default.jpg"
        for x, y in bench.tiles(TILE_PX)
        if x + 2 * TILE_PX <= bench.width and y + 2 * TILE_PX <= bench.height
    ]
    with bucket_far_away(bench.images, FAR_MS) as uri:
        server = reading(bench.servers[0], uri)
        for kind, rests in (("as stored", whole), ("between four", between)):
            with server.running(bench.images, bench.work) as running:
                with Connection(running.port) as connection:
                    connection.get(running.path(YCBCR, "info.json"))
                started = time.perf_counter()
                answers = side_by_side(running.port, [running.path(YCBCR, rest) for rest in rests], FAR_CLIENTS)
                rate = len(answers) / (time.perf_counter() - started)
            refused = sum(status != 200 for status, _ in answers)
            if refused:
                raise Failed(f"{refused} of {len(answers)} were refused")
            times = sorted(ms for _, ms in answers)
            p50, p99 = statistics.median(times), times[len(times) * 99 // 100]
            made.rows.append([f"{server.name}, {kind}", f"{rate:,.0f}", figure(p50), figure(p99)])
    return made, []


def rate_to_iipsrv(samples: dict, name: str) -> float | None:
    """Returns the median of the ratios of requests per second, run by run; None if one was not measured."""
    one, other = samples.get(name), samples.get(IIPSRV)
    if not one or not other or isinstance(one, str) or isinstance(other, str):
        return None
    return statistics.median(a.per_second / b.per_second for a, b in zip(one, other, strict=True))


def copy(images: pathlib.Path, image: str, index: int) -> str:
    """Gives an image one more name."""
    name = f"{index:03}-{image}"
    if not (images / name).exists():
        (images / name).hardlink_to(images / image)
    return name


def start(bench: Bench) -> tuple[Table, list[Bar]]:
    """From the start of the process to the first info.json, and what is resident then."""
    made = Table("Start and idle memory", ["", "ms to the first info.json", "MiB after it", "processes"])
    bars = [
        Bar("server-start", "Start to the first answer", f"{START_MS} ms"),
        Bar("server-idle", "Idle memory, after one info.json", f"{IDLE_MIB} MiB"),
    ]
    found = {}
    for server in bench.servers:
        times, memory = [], []
        for _ in range(START_RUNS):
            with server.running(bench.images, bench.work) as running:
                times.append(running.started_ms)
                memory.append(running.rss_mib())
                processes = len(running.processes())
        found[server.name] = statistics.median(times), statistics.median(memory)
        ms, mib = found[server.name]
        made.rows.append([server.name, figure(ms), f"{mib:.1f}", str(processes)])
    for bar, value, limit, unit in zip(bars, found[OURS], (START_MS, IDLE_MIB), ("ms", "MiB"), strict=True):
        bar.measured, bar.reached = f"{value:.1f} {unit}", value <= limit
    return made, bars


def mix(bench: Bench) -> tuple[Table, list[Bar]]:
    """Everything once, in an order drawn at random but the same for all, and what is resident at most."""
    asked = [(image, request.rest) for image in (YCBCR, RGB) for request in tiles(TILE_PX)(bench)]
    asked += [(JPEG, request.rest) for request in tiles(JPEG_TILE_PX)(bench)]
    asked += [(JPEG, f"full/{width},/0/default.jpg") for width in MIX_WIDTHS if width < bench.width]
    asked += [(JPEG, f"full/{MIX_ROTATED_PX},/{degrees}/gray.jpg") for degrees in MIX_DEGREES]
    random.Random(0).shuffle(asked)
    made = Table(f"Everything once, for {CLIENTS} clients", ["", "ms", "p50 ms", "p99 ms", "refused", "peak MiB"])
    made.text = (
        f"{len(asked)} requests: all tiles of both pyramids, all tiles of {JPEG_TILE_PX} pixels of the plain JPEG, its "
        f"reductions to {len(MIX_WIDTHS)} widths from {MIX_WIDTHS[0]} on, and {len(MIX_DEGREES)} gray rotations of "
        f"{MIX_ROTATED_PX} pixels, shuffled. Refused are those without a picture: iiif-server answers 503 where "
        f"it is asked too much at once, and 413 where a picture takes more memory than it may have. {unable(bench, JPEG)}"
    ).strip()
    for server in (bench.servers[0], bench.limited, *bench.servers[1:]):
        if "jpg" not in server.reads:
            continue
        with server.running(bench.images, bench.work) as running:
            started = time.perf_counter()
            answers = side_by_side(running.port, [running.path(image, rest) for image, rest in asked], CLIENTS)
            wall = (time.perf_counter() - started) * 1e3
            peak = running.peak_mib()
        times = sorted(ms for _, ms in answers)
        refused = sum(status != 200 for status, _ in answers)
        shown = [figure(statistics.median(times)), figure(times[len(times) * 99 // 100]), str(refused), f"{peak:.0f}"]
        made.rows.append([server.name, f"{wall:,.0f}", *shown])
    return made, []


def side_by_side(port: int, paths: list[str], clients: int) -> list[tuple[int, float]]:
    """Lets so many clients ask for all paths, and returns status and time of each answer."""
    left = iter(paths)

    def client() -> list[tuple[int, float]]:
        with Connection(port) as connection:
            answers = (connection.get(path) for path in left)
            return [(answer.status, answer.ms) for answer in answers]

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        asking = [pool.submit(client) for _ in range(clients)]
        return [answer for made in asking for answer in made.result()]
