"""What is known of a Region's dead letters while it is read: each answer adds to it."""

from collections.abc import Callable
from typing import TypeAlias

from opsctl.dlq.audit import sources as told
from opsctl.dlq.audit.alarms import parse_alarms
from opsctl.dlq.audit.metric_batches import Metric, Points
from opsctl.dlq.audit.refusals import Refusals
from opsctl.dlq.audit.region import FunctionSeen, MappingSeen, QueueSeen, Region, Source, TopicSeen
from opsctl.model.run import Context
from opsctl.model.value import Json

Take: TypeAlias = Callable[[Json], None]


class Known:
    """Everything that was answered; each method returns what takes one answer, None when it was refused."""

    def __init__(self) -> None:
        self.queues: dict[str, QueueSeen] = {}
        self.unreadable: list[str] = []
        self.parks: dict[str, dict[str, str]] = {}
        self.sources: list[Source] = []
        self.functions: dict[str, FunctionSeen] = {}
        self.mappings: list[MappingSeen] = []
        self.aliases: dict[str, list[Json]] = {}
        self.invoked: set[str] = set()
        self.configured: set[str] = set()
        self.unsure: set[str] = set()
        self.topics: dict[str, TopicSeen] = {}
        self.rules: dict[str, tuple[Json, str]] = {}
        self.keys: dict[str, str] = {}
        self.key_policies: dict[str, str] = {}
        self.listed: dict[str, Json] = {}

    def keep(self, name: str) -> Take:
        """Keep a whole list."""

        def take(value: Json) -> None:
            self.listed[name] = value or {}

        return take

    def alias(self, name: str) -> Take:
        """Take the aliases of a function."""

        def take(value: Json) -> None:
            if value is None:
                self.unsure.add(name)
            else:
                self.aliases[name] = value.get("Aliases") or []

        return take

    def queue(self, url: str) -> Take:
        """Take the attributes of a queue."""

        def take(value: Json) -> None:
            if value:
                seen = told.parse_seen(url, value)
                self.queues[seen.facts.arn] = seen
                self.sources.append(told.queue_source(seen))
            elif value is None:
                self.unreadable.append(url.rpartition("/")[2])

        return take

    def park(self, url: str) -> Take:
        """Take the tags of a queue of opsctl's own."""

        def take(value: Json) -> None:
            self.parks[url] = dict((value or {}).get("Tags") or {})

        return take

    def invoke_configs(self, name: str) -> Take:
        """Take the asynchronous settings of a function."""

        def take(value: Json) -> None:
            if value is None:
                self.unsure.add(name)
            elif value.get("FunctionEventInvokeConfigs"):
                # Somebody set up how it is invoked asynchronously.
                self.invoked.add(name)
                self.configured.update(str(one["FunctionArn"]) for one in value["FunctionEventInvokeConfigs"])
                self.sources += told.destinations(value)

        return take

    def subscription(self, listed: Json) -> Take:
        """Take the attributes of a subscription."""

        def take(value: Json) -> None:
            if value:
                self.sources.append(told.subscription(listed, value))

        return take

    def bus(self, name: str) -> Take:
        """Take an event bus."""

        def take(value: Json) -> None:
            if value:
                self.sources.append(told.bus(name, value))

        return take

    def rules_of(self, bus: str) -> Take:
        """Take the rules of a bus."""

        def take(value: Json) -> None:
            for one in (value or {}).get("Rules") or []:
                self.rules[str(one["Arn"])] = (one, bus)

        return take

    def schedule(self, listed: Json) -> Take:
        """Take a schedule."""

        def take(value: Json) -> None:
            if value:
                self.sources.append(told.schedule(listed, value))

        return take

    def target(self, rule: Json, bus: str) -> Take:
        """Take the targets of a rule."""

        def take(value: Json) -> None:
            self.sources += [told.target(rule, bus, one) for one in (value or {}).get("Targets") or []]

        return take

    def topic(self, arn: str) -> Take:
        """Take the attributes of a topic."""

        def take(value: Json) -> None:
            if value is not None:
                subscribers = int((value.get("Attributes") or {}).get("SubscriptionsConfirmed", 0))
                self.topics[arn] = TopicSeen(exists=bool(value), subscribers=subscribers)

        return take

    def key(self, key: str) -> Take:
        """Take a key."""

        def take(value: Json) -> None:
            found = (value or {}).get("KeyMetadata") or {}
            if found.get("KeyManager") == "AWS":
                self.key_policies[key] = ""
            elif found:
                self.keys[key] = str(found["Arn"])

        return take

    def key_policy(self, key: str) -> Take:
        """Take the policy of a key."""

        def take(value: Json) -> None:
            if value:
                self.key_policies[key] = str(value.get("Policy", ""))

        return take

    def region(self, about: Context, refusals: Refusals, points: dict[Metric, Points]) -> Region:
        """Return the Region as far as it is known, with what was measured."""
        return Region(
            account=about.account,
            region=about.region,
            endpoint=about.identity.endpoint,
            reached_by=about.identity.reached_by,
            now=about.now,
            queues={
                arn: told.with_park(seen, self.parks.get(seen.facts.url, {})) for arn, seen in self.queues.items()
            },
            unreadable=tuple(self.unreadable),
            sources=tuple(self.sources),
            functions=self.functions,
            mappings=tuple(self.mappings),
            invoked=frozenset(self.invoked),
            unsure=frozenset(self.unsure),
            configured=frozenset(self.configured),
            alarms=parse_alarms(self.listed["alarms"]),
            topics=self.topics,
            rules=frozenset(self.rules),
            key_policies=self.key_policies,
            points=points,
            blind=frozenset(refusals.blind),
            unknown=refusals.lines(),
        )
