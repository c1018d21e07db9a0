"""How long things took: quantiles to within 1/64, in memory that does not grow."""

from math import ceil

_EXACT = 7  # bits: up to 127 ns each time has a place of its own


class Latencies:
    """Times in ns, counted by their seven leading bits."""

    def __init__(self) -> None:
        self._counts = [0] * (64 * 60)
        self.count = 0
        self.longest = 0

    def add(self, ns: int) -> None:
        shift = ns.bit_length() - _EXACT
        self._counts[(shift << 6) + (ns >> shift) if shift > 0 else ns] += 1
        self.count += 1
        self.longest = max(self.longest, ns)

    def quantile(self, part: float) -> int | None:
        """The time, in ns and rounded up, that `part` of all took at most; None without any."""
        if not self.count:
            return None
        left = max(ceil(part * self.count), 1)
        for place, count in enumerate(self._counts):
            left -= count
            if left <= 0:
                shift = max((place >> 6) - 1, 0)
                return min(((place - (shift << 6) + 1) << shift) - 1, self.longest)
        return self.longest
