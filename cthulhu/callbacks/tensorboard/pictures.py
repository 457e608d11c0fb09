"""Arrays as pictures: matrices, filters of convolutions in a grid, rows of data."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

TILES = 64  # in a row or a column of a grid, at most
SIDE = 1024  # pixels of a picture's side, at most
SEEN = 256  # pixels that a small picture is enlarged to


def png(pixels: np.ndarray) -> bytes:
    """A picture of 8 bits: (height, width), or with 3 or 4 channels."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def weight_picture(weight: np.ndarray) -> np.ndarray | None:
    """A weight as a picture, its least value black and its largest white.

    A vector is a bar, a matrix lies on its longer side; of a kernel of a convolution,
    shape (..., rows, columns, channels, filters), each filter is a tile: in colours for
    3 channels, else with a row of tiles for each channel.  Of more tiles than 64 in a
    row or a column the first are shown, and large matrices are averaged.

    Returns:
        Array of uint8, or None for a single number.
    """
    scaled = _scaled(np.asarray(weight))
    if weight.ndim == 0 or weight.size == 0:
        return None
    if weight.ndim == 1:
        return enlarged(np.repeat(_reduced(scaled[None]), 8, axis=0))
    if weight.ndim == 2:
        lying = scaled.T if scaled.shape[0] > scaled.shape[1] else scaled
        return enlarged(_reduced(lying))
    return enlarged(_reduced(_tiles(scaled)))


def _scaled(array: np.ndarray) -> np.ndarray:
    array = np.nan_to_num(array.astype(np.float64), posinf=0.0, neginf=0.0)
    if not array.size:
        return array
    least, most = array.min(), array.max()
    if least == most:
        return np.full(array.shape, 127.0)
    return (array - least) * (255.0 / (most - least))


def _tiles(kernel: np.ndarray) -> np.ndarray:
    """Filters side by side, with a line between."""
    if kernel.ndim == 3:  # steps, channels, filters
        kernel = kernel[:, :, None]
    rows, columns, channels, filters = kernel.shape[-4:]
    depth = kernel.size // (rows * columns * channels * filters)
    stack = kernel.reshape(depth, rows, columns, channels, filters)
    if depth == 1 and channels in (1, 3):
        across = min(TILES, int(np.ceil(np.sqrt(filters))))
        down = min(TILES, -(-filters // across))
        shown = stack[0, ..., : across * down].transpose(3, 0, 1, 2)
        missing = across * down - len(shown)
        shown = np.concatenate([shown, np.zeros((missing, *shown.shape[1:]))])
        grid = shown.reshape(down, across, rows, columns, channels)
    else:
        grid = stack.transpose(3, 0, 4, 1, 2).reshape(-1, filters, rows, columns, 1)
        grid = grid[:TILES, :TILES]
    down, across = grid.shape[:2]
    framed = np.pad(grid, ((0, 0), (0, 0), (0, 1), (0, 1), (0, 0)))
    picture = framed.transpose(0, 2, 1, 3, 4).reshape(
        down * (rows + 1), across * (columns + 1), -1
    )[:-1, :-1]
    return picture[..., 0] if picture.shape[-1] == 1 else picture


def _reduced(picture: np.ndarray) -> np.ndarray:
    """A picture of at most `SIDE` pixels a side: means of what falls together."""
    for axis in (0, 1):
        size = picture.shape[axis]
        step = -(-size // SIDE)
        if step > 1:
            starts = np.arange(0, size, step)
            lengths = np.diff([*starts, size])
            shape = [1] * picture.ndim
            shape[axis] = -1
            sums = np.add.reduceat(picture, starts, axis=axis)
            picture = sums / lengths.reshape(shape)
    return np.rint(picture).astype(np.uint8)


def enlarged(picture: np.ndarray, seen: int = SEEN) -> np.ndarray:
    """A small picture with each pixel a square, about `seen` pixels wide."""
    factor = max(1, seen // max(picture.shape[:2]))
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def as_images(rows: np.ndarray, shape: Any = None, channels_first: bool = False) -> Any:
    """Rows of data as pictures of shape (rows, height, width, 1, 3 or 4), or None.

    Args:
        rows: Pictures with or without an axis of channels, or flat rows.
        shape: Shape of a picture in a flat row; None: a square of grey or of colours.
        channels_first: Whether the axis of channels comes before height and width.
    """
    rows = np.asarray(rows)
    if rows.ndim == 2:
        shape = shape or _square(rows.shape[1])
        if shape is None or int(np.prod(shape)) != rows.shape[1]:
            return None
        rows = rows.reshape(len(rows), *shape)
    if rows.ndim == 3:
        rows = rows[:, None] if channels_first else rows[..., None]
    if rows.ndim != 4:
        return None
    if channels_first:
        rows = rows.transpose(0, 2, 3, 1)
    if rows.shape[-1] == 2:
        rows = rows[..., :1]
    return rows[..., :4] if rows.shape[-1] <= 4 else rows.mean(-1, keepdims=True)


def shown(images: np.ndarray) -> np.ndarray:
    """Pictures as uint8: numbers within 0 to 1, 0 to 255 or any others."""
    least, most = float(images.min()), float(images.max())
    if images.dtype == np.uint8:
        return images
    if least >= 0 and most <= 1:
        return np.rint(images * 255.0).astype(np.uint8)
    if least >= 0 and most <= 255:
        return np.rint(images).astype(np.uint8)
    return np.rint(_scaled(images)).astype(np.uint8)


def captioned(
    picture: np.ndarray, lines: Sequence[str], seen: int = 144
) -> tuple[tuple[int, int], bytes]:
    """A picture, enlarged, with lines of text below.

    Args:
        picture: Height, width, 1, 3 or 4 channels; uint8.
        lines: What stands below it.
        seen: Pixels of its longer side, about.

    Returns:
        Width and height, and the PNG.
    """
    from PIL import Image, ImageDraw

    pixels = enlarged(picture[..., 0] if picture.shape[-1] == 1 else picture, seen)
    height, width = pixels.shape[:2]
    size = max(width, seen), height + 12 * len(lines) + 4
    sheet = Image.new("RGB", size, "white")
    sheet.paste(Image.fromarray(pixels).convert("RGB"), ((size[0] - width) // 2, 0))
    draw = ImageDraw.Draw(sheet)
    for i, line in enumerate(lines):
        place = (3, height + 1 + 12 * i)
        try:
            draw.text(place, line, fill="black")
        except UnicodeError:  # a font of few letters
            draw.text(place, line.encode("ascii", "replace").decode(), fill="black")
    return size, png(np.asarray(sheet))


def _square(pixels: int) -> tuple[int, ...] | None:
    for channels in (1, 3):
        side = round((pixels / channels) ** 0.5)
        if side * side * channels == pixels:
            return (side, side, channels)[: 2 + (channels > 1)]
    return None
