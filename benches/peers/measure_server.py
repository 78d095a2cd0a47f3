"""Measures iiif-server beside iipimage-server and iiif-processor, and writes the figures as JSON.

render_server.py makes a section of docs/benchmarks.md of them. A peer that is not installed is left out,
which is said here and there.
"""

import argparse
import json
import pathlib
import shutil
import sys
import tempfile

import facts
import server_cases
import server_load
import servers
from client import has_wrk
from programs import OTHERS, Failed, run
from samples import measured

LIMITED = ("-memory-limit", "512MiB")


def main() -> None:
    options = arguments()
    found, missing = peers(options)
    for name, reason in missing.items():
        print(f"WARNING: {name} will NOT be measured: {reason}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="iiif-server-", dir=options.work) as folder:
        work = pathlib.Path(folder).resolve()
        images = work / "images"
        images.mkdir()
        width, height = photographs(options, images)
        bench = server_cases.Bench(
            servers=[servers.ours(options.server), *found],
            limited=servers.ours(options.server, f"{servers.OURS} {' '.join(LIMITED)}", LIMITED),
            images=images,
            width=width,
            height=height,
            work=work,
            runs=options.runs,
        )
        results = measure(bench, options)
    results["missing"] = missing
    options.results.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def peers(options: argparse.Namespace) -> tuple[list[servers.Server], dict[str, str]]:
    """Returns the peers that are there, and why the others are not."""
    found, missing = [], {}
    makers = {servers.IIPSRV: servers.iipsrv, servers.IIIF_PROCESSOR: lambda: servers.iiif_processor(options.peers)}
    for name, make in makers.items():
        try:
            found.append(make())
        except Failed as error:
            missing[name] = str(error)
    if not has_wrk():
        missing["many clients"] = "wrk is missing; apt-get install wrk"
    return found, missing


def photographs(options: argparse.Namespace, images: pathlib.Path) -> tuple[int, int]:
    """Puts the photograph and its pyramids into a folder, and returns width and height."""
    photo = images / server_cases.JPEG
    shutil.copyfile(options.photo, photo)
    python = options.peers / "venv" / "bin" / "python"
    width, height = run([str(python), str(OTHERS / "pyramids.py"), str(photo), str(images)]).stdout.split()
    (images / servers.WARM).hardlink_to(images / server_cases.YCBCR)
    return int(width), int(height)


def measure(bench: server_cases.Bench, options: argparse.Namespace) -> dict:
    steps = {case.key: lambda case=case: server_cases.one_client(bench, case) for case in server_cases.CASES}
    for image in server_cases.IN_WORDS:
        steps[f"load-{image}"] = lambda image=image: server_load.many_clients(bench, image)
    steps["far"] = lambda: server_load.far_away(bench)
    steps |= {"start": lambda: server_load.start(bench), "mix": lambda: server_load.mix(bench)}
    photos = [bench.images / name for name in (server_cases.JPEG, *server_cases.IN_WORDS)]
    tables, bars = measured(steps, options.only)
    return {
        "machine": facts.machine(),
        "versions": {"Commit": facts.commit()} | {server.name: server.version for server in bench.servers},
        "runs": bench.runs,
        "photo_is": options.photo_is,
        "dimensions": [bench.width, bench.height],
        "photos": [[path.name, f"{path.stat().st_size / 1e6:.1f} MB"] for path in photos],
        "bars": bars,
        "tables": tables,
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    path = pathlib.Path
    parser.add_argument("--server", type=path, required=True, help="a release build of iiif-server")
    parser.add_argument("--photo", type=path, required=True, help="a JPEG of about 15 megapixels")
    parser.add_argument("--photo-is", default="", help="a sentence about the photograph, for the report")
    parser.add_argument("--peers", type=path, required=True, help="the folder that install.py was given")
    parser.add_argument("--work", type=path, help="a folder for images and sockets, which go away; default: the system's")
    parser.add_argument("--results", type=path, required=True, help="where the figures are written")
    parser.add_argument("--runs", type=int, default=5, help="how often each is run; default: 5")
    parser.add_argument("--only", nargs="*", help="only these steps")
    return parser.parse_args()


if __name__ == "__main__":
    main()
