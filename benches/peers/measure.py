"""Measures the programs of this project beside libvips and sharp, and writes the figures as JSON.

render.py makes docs/benchmarks.md of them, so that a remark can be changed without measuring again.
"""

import argparse
import dataclasses
import json
import pathlib
import shutil
import sys
import tempfile

import cases
import checks
import facts
import programs
from programs import Failed, Job
from samples import Table, measured


def main() -> None:
    options = arguments()
    peers, built = options.peers, {}
    with tempfile.TemporaryDirectory(prefix="iiif-peers-", dir=options.work) as folder:
        work = pathlib.Path(folder)
        if options.program:
            built[cases.DEFAULT] = options.program
        if options.program_turbo:
            built[cases.TURBOJPEG] = options.program_turbo
        found = [programs.vips(peers, work), programs.sharp(peers, work)]
        bench = cases.Bench(
            ours=[programs.Ours(name, path, work) for name, path in built.items()],
            peers=[peer for peer in found if peer],
            photos=options.photos.resolve(),
            huge=options.huge.resolve() if options.huge else None,
            work=work,
            slow_s3=options.slow_s3,
            runs=options.runs,
        )
        results = measure(bench, options, built)
    options.results.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def measure(bench: cases.Bench, options: argparse.Namespace, built: dict[str, pathlib.Path]) -> dict:
    python = options.peers / "venv" / "bin" / "python"
    sizes = built | ({"without AWS": options.program_without_aws} if options.program_without_aws else {})
    steps = {name: lambda case=case: cases.compare(bench, case) for name, case in cases.COMPARISONS.items()}
    steps |= {
        "nine": lambda: cases.nine(bench),
        "batch": lambda: cases.batch(bench),
        "s3": lambda: cases.slow_bucket(bench),
        "huge": lambda: cases.huge(bench),
        "start-up": lambda: checks.start_up(bench),
        "size": lambda: checks.sizes(sizes, "without AWS"),
        "same-bytes": lambda: checks.same_bytes(bench),
        "likeness": lambda: checks.likeness(bench, python),
    }
    tables, bars = measured(steps, options.only)
    return {
        "machine": facts.machine(),
        "versions": facts.versions(bench, python),
        "runs": bench.runs,
        "photos": photos(bench),
        "photos_are": options.photos_are,
        "bars": bars,
        "tables": tables,
        "profiles": [dataclasses.asdict(profile) for profile in profiles(bench, options)],
        "criterion": dataclasses.asdict(facts.criterion(options.criterion)) if options.criterion else None,
    }


def profiles(bench: cases.Bench, options: argparse.Namespace) -> list[Table]:
    """Returns where the time of the documented example goes, with the original copied and re-encoded."""
    if not options.program_profiled or not shutil.which("perf"):
        return []
    photo = bench.photo("photo-15mp.jpg")
    copied = Job([photo.name], photo.parent.as_uri(), cases.THREE)
    jobs = {"As documented": copied, "The original re-encoded": dataclasses.replace(copied, passthrough=False)}
    try:
        return [facts.functions(bench, options.program_profiled, job, title) for title, job in jobs.items()]
    except (Failed, OSError) as error:
        print(f"the functions were not measured: {error}", file=sys.stderr)
        return []


def photos(bench: cases.Bench) -> list[list[str]]:
    """Returns name and size of each photograph that was measured."""
    names = {case.photo: None for case in cases.COMPARISONS.values()} | {"photo-4mp.jpg": None}
    files = [path for name in names for path in sorted(bench.photos.glob(name))[:1]]
    return [[path.name, f"{path.stat().st_size / 1e6:.1f} MB"] for path in files]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    path = pathlib.Path
    parser.add_argument("--program", type=path, help="the default build of iiif-process")
    parser.add_argument("--program-turbo", type=path, help="the build with the feature turbojpeg")
    parser.add_argument("--program-without-aws", type=path, help="a build without the feature aws; only its size counts")
    parser.add_argument("--program-profiled", type=path, help="a build with names of functions, for perf")
    parser.add_argument("--photos", type=path, required=True, help="the folder of photographs")
    parser.add_argument("--photos-are", default="", help="a sentence about the photographs, for the report")
    parser.add_argument("--huge", type=path, help="the folder of the two large TIFFs")
    parser.add_argument("--slow-s3", type=path, help="the program slow-s3")
    parser.add_argument("--criterion", type=path, help="the folder of criterion's results")
    parser.add_argument("--peers", type=path, required=True, help="the folder that install.py was given")
    parser.add_argument("--work", type=path, help="a folder for derivatives, which go away; default: the system's")
    parser.add_argument("--results", type=path, required=True, help="where the figures are written")
    parser.add_argument("--runs", type=int, default=5, help="how often each is run; default: 5")
    parser.add_argument("--only", nargs="*", help="only these steps")
    options = parser.parse_args()
    if not options.program and not options.program_turbo:
        parser.error("one of --program and --program-turbo is needed")
    return options


if __name__ == "__main__":
    main()
