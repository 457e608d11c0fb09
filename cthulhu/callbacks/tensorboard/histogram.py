"""Histograms of more values than fit into memory at once.

The bars are fixed, a tenth wider from one to the next, so that values can be counted
as they come.
"""

from __future__ import annotations

import numpy as np

_POSITIVE = 1e-12 * 1.1 ** np.arange(776)  # up to 1e20
_LIMITS = np.concatenate([-_POSITIVE[::-1], [0.0], _POSITIVE])


class Histogram:
    """Counts of values in bars whose limits are 0 and ±1e-12 · 1.1ⁿ."""

    def __init__(self) -> None:
        self.counts = np.zeros(len(_LIMITS) + 1, np.int64)
        self.least, self.most = np.inf, -np.inf

    def add(self, values: np.ndarray) -> Histogram:
        """Count values; those that are not finite are left out."""
        flat = np.asarray(values, np.float64).ravel()
        flat = flat[np.isfinite(flat)]
        if flat.size:
            bars = np.searchsorted(_LIMITS, flat, side="right")
            self.counts += np.bincount(bars, minlength=len(self.counts))
            self.least = min(self.least, flat.min())
            self.most = max(self.most, flat.max())
        return self

    def rows(self) -> np.ndarray:
        """Left edge, right edge and count of each bar, shape (bars, 3).

        The edges lie between the least and the largest value; bars without a value
        between two others are one.  Of a single value there is one bar of width 1
        around it.
        """
        filled = np.flatnonzero(self.counts)
        if not filled.size:
            return np.zeros((0, 3))
        if self.least == self.most:
            bar = [self.least - 0.5, self.most + 0.5, self.counts.sum()]
            return np.array([bar])
        edges = np.concatenate([[-np.inf], _LIMITS, [np.inf]])
        edges = np.clip(edges, self.least, self.most)
        rows: list[tuple[float, float, int]] = []
        for bar in filled:
            if rows and rows[-1][1] < edges[bar]:
                rows.append((rows[-1][1], edges[bar], 0))
            rows.append((edges[bar], edges[bar + 1], self.counts[bar]))
        return np.array(rows)
