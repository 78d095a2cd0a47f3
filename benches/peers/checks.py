"""What is no race: start-up, size, the same bytes at any number of threads, likeness to Pillow."""

import hashlib
import pathlib
import statistics

from cases import ANALYSES, THREE, Bench
from programs import Failed, Job, Ours, run
from samples import Bar, Table

START_RUNS = 40
START_MS = 10
SIZE_MB = 15
PSNR_DB = 40
THREADS = ("1", "2", "8")


def start_up(bench: Bench) -> tuple[Table, list[Bar]]:
    """The time to print the help: nothing is set up that a run does not use."""
    made = Table("Start-up: `iiif-process -h`", ["", "ms"])
    bar = Bar("start-up", "`iiif-process -h`", f"{START_MS} ms")
    for ours in bench.ours:
        wall = statistics.median(run([ours.program, "-h"]).wall_ms for _ in range(START_RUNS))
        made.rows.append([ours.name, f"{wall:.1f}"])
        # The slowest build decides.
        if bar.reached is None or wall > float(bar.measured.split()[0]):
            bar.measured, bar.reached = f"{wall:.1f} ms", wall <= START_MS
    return made, [bar]


def sizes(programs: dict[str, pathlib.Path], without_aws: str) -> tuple[Table, list[Bar]]:
    """The size of each build on the disk, in millions of bytes."""
    made = Table("Size of the program", ["build", "MB"])
    bar = Bar("size", "Release binary without AWS features", f"{SIZE_MB} MB")
    for name, path in programs.items():
        size = path.stat().st_size / 1e6
        made.rows.append([name, f"{size:.1f}"])
        if name == without_aws:
            bar.measured, bar.reached = f"{size:.1f} MB", size <= SIZE_MB
    return made, [bar]


def same_bytes(bench: Bench) -> tuple[Table, list[Bar]]:
    """Everything that a run writes, at several numbers of threads and of images at once."""
    bar = Bar("same-bytes", "Outputs at 1, 2 and 8 threads", "byte-identical")
    made = Table("The same bytes at any number of threads", ["", "threads", "images at once", "SHA-256 of all outputs"])
    photos = sorted(path.name for path in bench.photos.iterdir() if path.stem.endswith(("15mp", "4mp")))
    source = bench.photos.as_uri()
    identical = True
    for ours in bench.ours:
        seen = set()
        for threads in THREADS:
            for at_once in THREADS:
                digest = hashlib.sha256()
                for instructions, services in ((THREE, ()), (None, ANALYSES)):
                    job = Job(photos, source, instructions, services, passthrough=False, flags=("-concurrency", at_once))
                    made_run = ours.run(job, {"RAYON_NUM_THREADS": threads})
                    digest.update(made_run.stdout.encode())
                    digest.update(digest_of(ours.made))
                seen.add(digest.hexdigest())
                made.rows.append([ours.name, threads, at_once, digest.hexdigest()[:16]])
        identical = identical and len(seen) == 1
    bar.measured, bar.reached = ("identical" if identical else "different"), identical
    return made, [bar]


def digest_of(folder: pathlib.Path) -> bytes:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.digest()


def likeness(bench: Bench, python: pathlib.Path) -> tuple[Table, list[Bar]]:
    """How near the `b` derivative, a PNG, is to Pillow's Lanczos reduction of the same source."""
    what = "PSNR of `b` against Pillow's Lanczos reduction, of sources that hold one size"
    bar = Bar("likeness", what, f"above {PSNR_DB} dB")
    made = Table("Likeness of the `b` derivative to Pillow's Lanczos reduction", ["", "source", "PSNR in dB"])
    names = ["photo-15mp.jpg", "progressive-15mp.jpg", "*-15mp.png", "pyramid-15mp.tif"]
    made.text = (
        "That of the pyramid is reduced from the half-size level in the file, as libvips does: how near that "
        "is to the full size is up to its writer, and no bar."
    )
    values = []
    for ours in bench.ours:
        for photo in map(bench.photo, names):
            value = psnr(ours, photo, python)
            made.rows.append([ours.name, photo.name, f"{value:.1f}"])
            if not photo.name.startswith("pyramid"):
                values.append(value)
    bar.measured, bar.reached = f"{min(values):.1f} dB at worst", min(values) > PSNR_DB
    return made, [bar]


def psnr(ours: Ours, photo: pathlib.Path, python: pathlib.Path) -> float:
    ours.run(Job([photo.name], photo.parent.as_uri(), {"b": THREE["b"]}))
    made = [path for path in ours.made.rglob("*.png") if path.is_file()]
    if len(made) != 1:
        raise Failed(f"{len(made)} derivatives instead of one")
    script = pathlib.Path(__file__).parent / "others" / "pillow.py"
    return float(run([str(python), str(script), str(photo), str(made[0])]).stdout)
