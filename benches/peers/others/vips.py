"""Times libvips from inside a warm process: `vips.py TASK FOLDER FILE...` prints milliseconds.

Each file is opened anew for each derivative, as scripts do; derivatives of one image are made at the
same time, in as many threads. Nothing is kept from one run to the next.
"""

import concurrent.futures
import os
import pathlib
import sys
import time

import pyvips

JPEG_QUALITY = 80


def three(file: str, out: str, pool: concurrent.futures.Executor | None) -> None:
    """The documented derivatives: the original, a reduction as PNG, a gray thumbnail of the salient part."""
    name = out + "/" + pathlib.Path(file).stem

    def original() -> None:
        pyvips.Image.new_from_file(file, access="sequential").write_to_file(name + "-o.jpg", Q=JPEG_QUALITY)

    def reduction() -> None:
        pyvips.Image.thumbnail(file, 2048, height=1536).write_to_file(name + "-b.png")

    def thumbnail() -> None:
        picture = pyvips.Image.thumbnail(file, 320, height=320, crop="attention")
        picture.colourspace("b-w").write_to_file(name + "-d.jpg", Q=JPEG_QUALITY)

    work = (reduction, thumbnail, original)
    if pool is None:
        for step in work:
            step()
    else:
        list(pool.map(lambda step: step(), work))


def confined(file: str, out: str, side: int) -> None:
    """One reduction, as JPEG."""
    pyvips.Image.thumbnail(file, side, height=side).write_to_file(f"{out}/confined-{side}.jpg", Q=JPEG_QUALITY)


def work(task: str, files: list[str], out: str) -> None:
    match task:
        case "three":
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                three(files[0], out, pool)
        case "batch":
            # One thread for each core, each with an image of its own: this keeps all cores busy.
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(lambda file: three(file, out, None), files))
        case "512" | "2048":
            confined(files[0], out, int(task))
        case _:
            sys.exit(f"unknown task {task}")


def main() -> None:
    task, out, *files = sys.argv[1:]
    pyvips.cache_set_max(0)
    if task != "2048":  # tens of seconds: a first run would change nothing
        work(task, files[:1], out)
    started = time.perf_counter()
    work(task, files, out)
    print((time.perf_counter() - started) * 1e3)


if __name__ == "__main__":
    main()
