"""Which queues look like dead-letter queues by their name alone."""

_MARKS = ("dlq", "dead", "fail", "error", "poison", "undeliver")


def looks_dead(name: str) -> bool:
    """Tell whether a queue is called as people call dead-letter queues."""
    return any(mark in name.lower() for mark in _MARKS)
