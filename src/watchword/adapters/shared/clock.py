"""The machine's clocks: the only file that reads them."""

import time


class SystemClock:
    """UTC and monotonic time of this machine."""

    def now(self) -> float:
        """UTC in seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back within this boot."""
        return time.monotonic()
