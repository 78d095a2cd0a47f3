"""Pictures that tests serve, made here."""

import enum
import io
import pathlib
import random
import struct

from iiif_validator.validator import ValidationInfo
from PIL import Image

Color = tuple[int, int, int]

VALIDATOR_CELL_PX = 100
CELL_PX = 50

TILE_PX = 256
LEVELS = 3
SHORT, LONG = 3, 4
"""Types of the values of TIFF."""

JPEG_QUALITY = 80
GRAIN = 0.15
"""The share of noise."""


class Compression(enum.IntEnum):
    """How tiles are stored, in the numbers of TIFF."""

    NONE = 1
    JPEG = 7


PHOTOMETRIC = {Compression.NONE: 2, Compression.JPEG: 6}
"""RGB, and the YCbCr of JPEG."""


def of_the_validator() -> Image.Image:
    """Returns the picture that the validator expects: squares in the colors of its table."""
    columns = ValidationInfo().colorInfo
    return _cells(columns, VALIDATOR_CELL_PX, (len(columns) * VALIDATOR_CELL_PX, len(columns[0]) * VALIDATOR_CELL_PX))


def of_cells(size: tuple[int, int]) -> Image.Image:
    """Returns a picture of squares whose colors tell where they are; those at its edges are cut."""
    columns, rows = (-(-side // CELL_PX) for side in size)
    return _cells([[_color(x, y) for y in range(rows)] for x in range(columns)], CELL_PX, size)


def of_grain(size: tuple[int, int], seed: int) -> Image.Image:
    """Returns such a picture with noise upon it, so that no part is like another, and files are as large as
    those of photographs."""
    noise = Image.frombytes("RGB", size, random.Random(seed).randbytes(size[0] * size[1] * 3))
    return Image.blend(of_cells(size), noise, GRAIN)


def _color(x: int, y: int) -> Color:
    return (x * 37 % 200 + 40, y * 53 % 200 + 40, (x + y) * 29 % 200 + 40)


def _cells(columns: list[list[Color]], side: int, size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size)
    for x, column in enumerate(columns):
        for y, color in enumerate(column):
            picture.paste(color, (x * side, y * side, (x + 1) * side, (y + 1) * side))
    return picture


def write_pyramid(picture: Image.Image, path: pathlib.Path, compression: Compression = Compression.NONE) -> None:
    """Writes a TIFF of tiles, with the halves and quarters of the picture behind it."""
    levels = [picture.reduce(2**level) for level in range(LEVELS)]
    data = bytearray(b"II*\0" + struct.pack("<I", 0))
    link = len(data) - 4
    for level, pixels in enumerate(levels):
        places = []
        for y in range(0, pixels.height, TILE_PX):
            for x in range(0, pixels.width, TILE_PX):
                tile = _stored(pixels.crop((x, y, x + TILE_PX, y + TILE_PX)), compression)
                places.append((len(data), len(tile)))
                data += tile
        link = _directory(data, link, pixels.size, places, {254: (LONG, [1 if level else 0]), **_kind(compression)})
    path.write_bytes(data)


def _stored(tile: Image.Image, compression: Compression) -> bytes:
    if compression is Compression.NONE:
        return tile.tobytes()
    file = io.BytesIO()
    tile.save(file, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:0")
    return file.getvalue()


def _kind(compression: Compression) -> dict[int, tuple[int, list[int]]]:
    subsampling = {530: (SHORT, [2, 2])} if compression is Compression.JPEG else {}
    return {259: (SHORT, [compression]), 262: (SHORT, [PHOTOMETRIC[compression]]), **subsampling}


def _directory(
    data: bytearray,
    link: int,
    size: tuple[int, int],
    places: list[tuple[int, int]],
    kind: dict[int, tuple[int, list[int]]],
) -> int:
    """Appends the directory of a level, and returns where the offset of the next one goes. `kind` are entries
    besides those of the tiles."""

    def put(kind: int, values: list[int]) -> bytes:
        """Returns values as an entry has them: four bytes at most, or where they are."""
        packed = struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)
        if len(packed) > 4:
            data.extend(packed)
            packed = struct.pack("<I", len(data) - len(packed))
        return struct.pack("<HI", kind, len(values)) + packed.ljust(4, b"\0")

    offsets, lengths = zip(*places)
    wanted = kind | {
        256: (LONG, [size[0]]),
        257: (LONG, [size[1]]),
        258: (SHORT, [8, 8, 8]),
        277: (SHORT, [3]),
        284: (SHORT, [1]),
        322: (LONG, [TILE_PX]),
        323: (LONG, [TILE_PX]),
        324: (LONG, offsets),
        325: (LONG, lengths),
    }
    entries = {tag: put(*wanted[tag]) for tag in sorted(wanted)}
    data.extend(b"\0" * (len(data) % 2))
    data[link : link + 4] = struct.pack("<I", len(data))
    data += struct.pack("<H", len(entries))
    data += b"".join(struct.pack("<H", tag) + entry for tag, entry in entries.items())
    data += struct.pack("<I", 0)
    return len(data) - 4
