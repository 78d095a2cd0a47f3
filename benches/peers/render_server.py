"""Writes the section on the server in docs/benchmarks.md, from the figures of measure_server.py and remarks.toml.

`render_server.py RESULTS DOCUMENT` replaces the section and leaves the rest of the document as it is.
"""

import json
import pathlib
import sys
import tomllib

from render import REMARKS, SERVER_HEADING, bars, missed, section, server_section, table
from servers import OURS

LESS_IS_BETTER = ("ms", "p50 ms", "p99 ms", "refused", "peak MiB", "ms to the first info.json", "MiB after it")
MORE_IS_BETTER = ("requests per second",)

METHOD = """\
This section is written by `make bench-server`. One client asks over one connection that stays open, from
the first byte sent to the last byte received; where there are several, `wrk` asks. Client and server are on
the same machine. Each run is of a server that has just started and has answered an `info.json` and a tile of
another image. Servers run in turn, run by run: a p50 is the median of the runs' medians, a p99 is of all
requests, a ratio is the median of the ratios of runs in turn ({runs} runs; 3 with many clients, 10 of the
start, one of everything at once). What is asked for is looked at: a picture of another size fails.

`iiif-server` runs without a config. iipimage-server (`iipsrv` below) is that of Debian behind lighttpd, with
a process for each core. iiif-processor is a library: a few lines of Node give it each file as a stream, as its
README has it, and remember dimensions. All encode JPEG at quality 80.

    make bench-server                          # with a photograph drawn by the project
    make bench-server PHOTO=file.jpg RUNS=9    # with another
    make bench-server SERVER=path/iiif-server  # of a build that is there"""


def main() -> None:
    results = json.loads(pathlib.Path(sys.argv[1]).read_text())
    remarks = tomllib.loads(REMARKS.read_text())
    parts = [
        SERVER_HEADING,
        METHOD.format(runs=results["runs"]),
        table(["", ""], [*results["machine"].items(), *results["versions"].items()]),
        absent(results["missing"]),
        photos(results),
        bars(results["bars"]),
        missed(results["bars"], remarks.get("bars", {})),
        ahead(results["tables"]),
        *(section(measured) for measured in results["tables"]),
    ]
    document = pathlib.Path(sys.argv[2])
    before, _, after = server_section(document.read_text())
    document.write_text(before + "\n\n".join(part for part in parts if part) + "\n" + after)


def absent(missing: dict[str, str]) -> str:
    return "\n".join(f"- **Not measured: {name}.** {reason}." for name, reason in missing.items())


def photos(results: dict) -> str:
    width, height = results["dimensions"]
    about = (
        f"{results['photo_is']} It has {width}x{height} pixels. The pyramids are made of it by libvips with tiles of 256x256 "
        "pixels: in YCbCr with the chroma at half the size, as at `Q=80`, and in RGB, as at `Q=90`."
    )
    files = table(["file", "size"], [[f"`{name}`", size] for name, size in results["photos"]])
    return f"{about.strip()}\n\n{files}"


def ahead(tables: list[dict]) -> str:
    """Says where another server is better, whatever the bars are."""
    items = []
    for measured in tables:
        ours = next((row for row in measured["rows"] if row[0] == OURS), None)
        for index, column in enumerate(measured["columns"] if ours else []):
            sign = 1 if column in LESS_IS_BETTER else -1 if column in MORE_IS_BETTER else 0
            for row in measured["rows"]:
                if not row[0].startswith(OURS) and sign * number(row[index]) < sign * number(ours[index]):
                    items.append(f"- **{measured['title']}**, {column}: {row[0]} {row[index]}, {OURS} {ours[index]}")
    return "### Where another is ahead\n\n" + ("\n".join(items) if items else "Nowhere in what was measured.")


def number(cell: str) -> float:
    """Returns the figure of a cell; 0 for text, which no column that is compared has."""
    digits = cell.replace(",", "")
    return float(digits) if digits.replace(".", "", 1).isdigit() else 0


if __name__ == "__main__":
    main()
