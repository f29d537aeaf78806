"""Requests that somebody has the sandbox send, and what became of them. Light: commands use it."""

from opsctl.model.value import Value


class Attack(Value):
    """Requests to send: from one address, all at one moment."""

    address: str
    target: str
    requests: int = 100
    path: str = "/"
    method: str = "GET"
    agent: str = "curl/8.5.0"
    country: str = "-"
    forwarded: str = ""
    """What the client itself puts into X-Forwarded-For."""


class Attacked(Value):
    """What became of the requests, and what refused them, each with how many."""

    arrived: bool
    passed: int = 0
    refused: int = 0
    by: dict[str, int] = {}

    def with_more(self, other: "Attacked") -> "Attacked":
        """Return both added up."""
        names = {**self.by, **other.by}
        return Attacked(
            arrived=self.arrived and other.arrived,
            passed=self.passed + other.passed,
            refused=self.refused + other.refused,
            by={name: self.by.get(name, 0) + other.by.get(name, 0) for name in names},
        )
