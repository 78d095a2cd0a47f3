"""Writes the pyramids that servers are measured with: `pyramids.py PHOTO FOLDER` prints width and height.

Both have tiles of 256x256 pixels as JPEG: `ycbcr.tif` as libvips writes them at qualities below 90, with
the chroma at half the size, and `rgb.tif` as from 90 on, where it keeps RGB.
"""

import sys

import pyvips

TILE_PX = 256
QUALITIES = {"ycbcr.tif": 80, "rgb.tif": 90}


def main() -> None:
    photo, folder = sys.argv[1:]
    picture = pyvips.Image.new_from_file(photo).autorot()
    for name, quality in QUALITIES.items():
        tiles = {"tile": True, "tile_width": TILE_PX, "tile_height": TILE_PX}
        picture.tiffsave(f"{folder}/{name}", pyramid=True, compression="jpeg", Q=quality, **tiles)
    print(picture.width, picture.height)


if __name__ == "__main__":
    main()
