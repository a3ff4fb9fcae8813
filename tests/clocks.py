"""A clock that stands until it is told to move."""


class SetClock:
    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.utc = now
        self.mono = 1000.0

    def now(self) -> float:
        return self.utc

    def monotonic(self) -> float:
        return self.mono

    def forward(self, seconds: float) -> None:
        self.utc += seconds
        self.mono += seconds
