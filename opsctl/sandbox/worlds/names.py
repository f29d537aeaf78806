"""What can be tried in the sandbox, by name; what makes the worlds is not loaded for it."""

from opsctl.model.value import Value


class Named(Value):
    """Something to try, and what it is."""

    name: str
    what: str


TARGETS = (
    Named(name="shop.example.com", what="CloudFront in front of an ALB that can also be reached directly"),
    Named(name="direct.example.com", what="an ALB without CloudFront, with a web ACL"),
    Named(name="api.example.com", what="an NLB with instances behind it"),
    Named(name="orders.example.com", what="a stage of an API Gateway REST API, behind a custom domain"),
    Named(name="alfa.example.com", what="a tenant of CloudFront; others of its distribution have other web ACLs"),
    Named(
        name="play.example.com", what="a Global Accelerator that preserves addresses, in front of an internal ALB"
    ),
    Named(name="voice.example.com", what="a Global Accelerator that does not, in front of the NLB"),
    Named(name="catalog.example.com", what="an AppSync GraphQL API, behind a custom domain"),
    Named(name="login.example.com", what="the sign-in pages of a Cognito user pool"),
    Named(name="quotes.example.com", what="a service of App Runner"),
    Named(name="docs.example.com", what="an app of Amplify Hosting"),
    Named(name="admin.example.com", what="a Verified Access endpoint in front of an internal ALB"),
    Named(name="hooks.example.com", what="an HTTP API, at which nothing can be blocked"),
    Named(name="vault-web", what="an instance behind AWS Network Firewall"),
    Named(name="legacy-web", what="a lone instance with an Elastic IP and a data volume"),
    Named(name="hpc-*", what="six HPC instances, each with a network setting below its best"),
)
DEAD_LETTERS = (
    Named(name="orders-dlq", what="orders that their consumer could not parse"),
    Named(name="ledger-dlq.fifo", what="FIFO: bookings of two accounts, in order"),
    Named(name="resize-images-failures", what="images that a Lambda function failed to resize"),
    Named(name="order-events-dlq", what="SNS notifications that were not delivered"),
    Named(name="report-failures", what="events that an EventBridge rule could not deliver"),
    Named(name="send-invoice-failed", what="failed asynchronous invocations of a Lambda function"),
)
SOURCES = (
    Named(name="orders", what="a queue with a dead-letter queue"),
    Named(name="thumbnails", what="a queue without a dead-letter queue"),
)
BUCKETS = (
    Named(name="shop-uploads", what="a bucket that notifies, with entries of several owners and a dead one"),
    Named(name="shop-avatars", what="a bucket that notifies nobody"),
)
BUSES = (Named(name="orders-bus", what="an event bus with an archive, after an outage of one of its consumers"),)
CUSTOM_BUSES = (
    Named(
        name="arn:aws:events:us-east-1:123456789012:event-busv2/shop-events/d96a37b5d34edc4092a2bdece",
        what="a custom event bus, whose orders shipping-orders missed",
    ),
)
TOPICS = (
    Named(name="order-events.fifo", what="a FIFO topic with an archive, after an outage of one of its queues"),
    Named(name="order-placed", what="a topic none of whose three queues gets anything, each for its own reason"),
)
CACHES = (
    Named(name="redis:sessions", what="a Valkey group with TLS and a password, which only cache-admin reaches"),
    Named(name="redis:products", what="a Valkey group of three shards"),
    Named(name="memcached:pages", what="a Memcached cluster of two nodes"),
    Named(name="serverless:baskets", what="a serverless cache"),
    Named(name="stage:storefront/prod", what="a stage of a REST API with a cache"),
    Named(name="dax:prices", what="a DAX cluster"),
)
BY_KIND = {
    "world": (*TARGETS, *DEAD_LETTERS, *BUCKETS, *BUSES, *TOPICS, *CUSTOM_BUSES, *CACHES),
    "group": tuple(one for one in TARGETS if "*" in one.name),
    "target": tuple(one for one in TARGETS if "*" not in one.name),
    "instance": tuple(one for one in TARGETS if one.name == "legacy-web"),
    "dead-letter-queue": DEAD_LETTERS,
    "source": SOURCES,
    "bucket": BUCKETS,
    "bus": BUSES,
    "topic": TOPICS,
    "custom-bus": CUSTOM_BUSES,
    "cache": CACHES,
}
