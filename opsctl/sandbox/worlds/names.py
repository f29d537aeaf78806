"""What can be tried in the sandbox, by name; what makes the worlds is not loaded for it."""

from opsctl.model.value import Value


class Named(Value):
    """Something to try, and what it is."""

    name: str
    what: str


TARGETS = (
    Named(name="shop.example.com", what="CloudFront in front of an ALB that can also be reached directly"),
    Named(name="direct.example.com", what="an ALB of its own, with a web ACL attached"),
    Named(name="api.example.com", what="an NLB with instances behind it"),
    Named(name="legacy-web", what="a lone instance with an Elastic IP and a data volume"),
    Named(
        name="hpc-*", what="six instances for numerical work, each with something of its network below its best"
    ),
)
DEAD_LETTERS = (
    Named(name="orders-dlq", what="orders that were not understood"),
    Named(name="ledger-dlq.fifo", what="bookings of two accounts, in their order"),
    Named(name="resize-images-failures", what="images that a function did not resize"),
    Named(name="order-events-dlq", what="notifications that did not arrive"),
    Named(name="report-failures", what="events that a rule could not deliver"),
    Named(name="send-invoice-failed", what="what a function failed at"),
)
SOURCES = (
    Named(name="orders", what="a queue with a dead-letter queue"),
    Named(name="thumbnails", what="a queue without one"),
)
BY_KIND = {
    "world": TARGETS,
    "target": tuple(one for one in TARGETS if "*" not in one.name),
    "instance": tuple(one for one in TARGETS if one.name == "legacy-web"),
    "dead-letter-queue": DEAD_LETTERS,
    "source": SOURCES,
}
