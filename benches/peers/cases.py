"""What is timed against the other programs: each function returns a table and the bars it decides."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

from programs import Failed, Job, Ours, Peer
from samples import Bar, Table, decide, paired, peak_of, ratio_of, table

DEFAULT = "iiif-process"
TURBOJPEG = "iiif-process, turbojpeg"

IN_WORDS = {DEFAULT: "default build", TURBOJPEG: "turbojpeg build"}

THREE = {
    "o": {"size": "full", "format": "", "rotation": "-1"},
    "b": {"size": "!2048,1536", "format": "png"},
    "d": {"size": "full", "quality": "dither", "region": "-1,-1,320,320", "format": "jpg"},
}
ANALYSES = ("palette", "blurhash", "imagehash")

BATCH_IMAGES = 200
BATCH_MEMORY_MIB = 512
HUGE_MEMORY_MIB = 512
HUGE_SIDE = 30_000
S3_DELAY_MS = 50


@dataclasses.dataclass
class Bench:
    """What there is to measure with."""

    ours: list[Ours]
    peers: list[Peer]
    photos: pathlib.Path
    huge: pathlib.Path | None
    work: pathlib.Path
    slow_s3: pathlib.Path | None
    runs: int

    def build(self, name: str) -> Ours | None:
        return next((ours for ours in self.ours if ours.name == name), None)

    def peer(self, name: str) -> Peer | None:
        return next((peer for peer in self.peers if peer.name == name), None)

    def photo(self, pattern: str) -> pathlib.Path:
        """Returns the photograph of that name; the PNG has another name in some collections."""
        found = sorted(self.photos.glob(pattern))
        if not found:
            raise Failed(f"there is no {pattern} among the photographs")
        return found[0]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A job of ours that other programs do too, and our bars: builds and their largest ratio and peak."""

    title: str
    photo: str
    task: str
    instructions: dict
    passthrough: bool = True
    bars: tuple[tuple[str, str, float, float | None], ...] = ()


COMPARISONS = {
    "documented": Comparison(
        "The documented example: three derivatives of a baseline JPEG", "photo-15mp.jpg", "three", THREE,
        bars=(("documented-turbojpeg", TURBOJPEG, 0.50, 85), ("documented", DEFAULT, 0.80, None)),
    ),
    "reencoded": Comparison(
        "The same, the original re-encoded", "photo-15mp.jpg", "three", THREE, passthrough=False,
        bars=(("reencoded-turbojpeg", TURBOJPEG, 0.70, 130),),
    ),
    "thumbnail": Comparison(
        "One label, `!512,512` as JPEG", "photo-15mp.jpg", "512", {"t": {"size": "!512,512", "format": "jpg"}},
        bars=(("thumbnail-turbojpeg", TURBOJPEG, 1.0, None),),
    ),
    "progressive": Comparison(
        "Three derivatives of a progressive JPEG", "progressive-15mp.jpg", "three", THREE,
        bars=(("progressive-turbojpeg", TURBOJPEG, 0.8, None), ("progressive", DEFAULT, 0.8, None)),
    ),
    "png": Comparison(
        "Three derivatives of a PNG", "*-15mp.png", "three", THREE,
        bars=(("png-turbojpeg", TURBOJPEG, 0.8, None), ("png", DEFAULT, 0.8, None)),
    ),
    "pyramid": Comparison(
        "Three derivatives of a tiled TIFF with overviews", "pyramid-15mp.tif", "three", THREE,
        bars=(("pyramid-turbojpeg", TURBOJPEG, 0.8, None), ("pyramid", DEFAULT, 0.8, None)),
    ),
}  # fmt: skip


def compare(bench: Bench, comparison: Comparison) -> tuple[Table, list[Bar]]:
    """Runs ours and the others in turn, run by run."""
    bars = []
    for key, build, ratio, peak in comparison.bars:
        bars.append(Bar(key, f"{comparison.title} ({IN_WORDS[build]})", f"{ratio:.2f} of libvips"))
        if peak is not None:
            bars.append(Bar(f"{key}-memory", f"{comparison.title}, peak memory ({IN_WORDS[build]})", f"{peak} MiB"))
    photo = bench.photo(comparison.photo)
    job = Job([photo.name], photo.parent.as_uri(), comparison.instructions, passthrough=comparison.passthrough)
    subjects = {ours.name: lambda ours=ours: ours.run(job) for ours in bench.ours}
    subjects |= {peer.name: lambda peer=peer: peer.run(comparison.task, [photo]) for peer in bench.peers}
    samples = paired(subjects, bench.runs)
    for key, build, ratio, peak in comparison.bars:
        decide(bars, key, ratio_of(samples, build, "libvips"), ratio)
        if peak is not None:
            decide(bars, f"{key}-memory", peak_of(samples, build), peak, "MiB")
    return table(comparison.title, samples, "libvips"), bars


def nine(bench: Bench) -> tuple[Table, list[Bar]]:
    """The nine built-in labels with all analyses, against our own three derivatives re-encoded."""
    title = "The nine default instructions with palette, BlurHash and image hashes"
    bar = Bar("nine-turbojpeg", f"{title} ({IN_WORDS[TURBOJPEG]})", "1.30 of our own three, re-encoded")
    photo = bench.photo("photo-15mp.jpg")
    three = Job([photo.name], photo.parent.as_uri(), THREE, passthrough=False)
    all_nine = Job([photo.name], photo.parent.as_uri(), services=ANALYSES)
    subjects = {}
    for ours in bench.ours:
        subjects[ours.name] = lambda ours=ours: ours.run(all_nine)
        subjects[f"{ours.name}: three, re-encoded"] = lambda ours=ours: ours.run(three)
    samples = paired(subjects, bench.runs)
    decide([bar], bar.key, ratio_of(samples, TURBOJPEG, f"{TURBOJPEG}: three, re-encoded"), 1.3)
    own = f"{bench.ours[-1].name}: three, re-encoded"
    return table(title, samples, own), [bar]


def batch(bench: Bench) -> tuple[Table, list[Bar]]:
    """Many images of one run, against libvips with one image in each of as many threads."""
    title = f"{BATCH_IMAGES} images of 4 megapixels, three derivatives each"
    bars = []
    for build, key in ((TURBOJPEG, "batch-turbojpeg"), (DEFAULT, "batch")):
        bars += [
            Bar(key, f"{title} ({IN_WORDS[build]})", "0.60 of libvips"),
            Bar(f"{key}-memory", f"{title}, peak memory ({IN_WORDS[build]})", f"{BATCH_MEMORY_MIB} MiB, the budget given"),
        ]
    files = copies(bench)
    job = Job([file.name for file in files], files[0].parent.as_uri(), THREE, flags=memory(BATCH_MEMORY_MIB))
    subjects = {ours.name: lambda ours=ours: ours.run(job) for ours in bench.ours}
    # Only then is the memory of one image kept for the next.
    free = dataclasses.replace(job, flags=())
    subjects |= {f"{ours.name}, no limit": lambda ours=ours: ours.run(free) for ours in bench.ours}
    libvips = bench.peer("libvips")
    if libvips is not None:
        # One thread for each image: the cores are busy with images, and its own threads would contend.
        subjects["libvips"] = lambda: libvips.run("batch", files, {"VIPS_CONCURRENCY": "1"})
    samples = paired(subjects, min(bench.runs, 3))
    for build, key in ((TURBOJPEG, "batch-turbojpeg"), (DEFAULT, "batch")):
        decide(bars, key, ratio_of(samples, build, "libvips"), 0.6)
        decide(bars, f"{key}-memory", peak_of(samples, build), BATCH_MEMORY_MIB, "MiB")
    return table(f"{title}, in a budget of {BATCH_MEMORY_MIB} MiB", samples, "libvips"), bars


def slow_bucket(bench: Bench) -> tuple[Table, list[Bar]]:
    """The same images between two buckets whose every request takes longer."""
    title = f"The same {BATCH_IMAGES} images from S3 to S3, each request {S3_DELAY_MS} ms slower"
    if bench.slow_s3 is None:
        raise Failed("the program slow-s3 was not given")
    files = copies(bench)
    samples = {}
    for ours in bench.ours:
        command = [str(bench.slow_s3), str(S3_DELAY_MS), str(files[0].parent)]
        # It serves until its input ends, and then takes its buckets away.
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            source, made = server.stdout.readline().strip(), server.stdout.readline().strip()
            names = [file.name for file in files]
            job = Job(names, source, THREE, flags=memory(BATCH_MEMORY_MIB), derivatives_uri=made)
            samples |= paired({ours.name: lambda ours=ours, job=job: ours.run(job)}, min(bench.runs, 2))
            server.stdin.close()
    return table(title, samples, None), []


def huge(bench: Bench) -> tuple[Table, list[Bar]]:
    """A picture that does not fit into its budget, reduced."""
    title = f"A tiled TIFF of {HUGE_SIDE}x{HUGE_SIDE} pixels to `!2048,2048` with `-memory-limit {HUGE_MEMORY_MIB}MiB`"
    files = {"uncompressed": "huge.tif", "deflate": "huge-deflate.tif"}
    builds = bench.ours[-1:]
    bars = [Bar(f"huge-{kind}", f"{title}, {kind}", f"done, peak under {HUGE_MEMORY_MIB} MiB") for kind in files]
    if bench.huge is None:
        raise Failed("the large TIFFs were not drawn")
    samples = {}
    for kind, name in files.items():
        file = bench.huge / name
        instructions = {"r": {"size": "!2048,2048", "format": "jpg"}}
        job = Job([file.name], file.parent.as_uri(), instructions, flags=memory(HUGE_MEMORY_MIB))
        subjects = {f"{ours.name}, {kind}": lambda ours=ours, job=job: ours.run(job) for ours in builds}
        libvips = bench.peer("libvips")
        if libvips is not None:
            subjects[f"libvips, {kind}"] = lambda file=file: libvips.run("2048", [file])
        samples |= paired(subjects, 1)
        decide(bars, f"huge-{kind}", peak_of(samples, f"{builds[0].name}, {kind}"), HUGE_MEMORY_MIB, "MiB")
    return table(title, samples, None), bars


def copies(bench: Bench) -> list[pathlib.Path]:
    """Returns the images of a batch: one photograph under many names."""
    folder = bench.work / "batch"
    photo = bench.photo("photo-4mp.jpg")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = [folder / f"{index:03}.jpg" for index in range(BATCH_IMAGES)]
    shutil.copyfile(photo, files[0])
    for file in files[1:]:
        os.link(files[0], file)
    return files


def memory(mib: int) -> tuple[str, str]:
    return ("-memory-limit", f"{mib}MiB")
