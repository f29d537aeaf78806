"""Reads a region's dead letters in as few rounds as what depends on what allows.

1. Everything that a service lists for the whole region: queues, functions, event source mappings,
   subscriptions, buses, schedules, alarms.
2. What the lists leave out, all at once: attributes of each queue (RedrivePolicy is nowhere else), of each
   subscription, of each bus and schedule, the asynchronous settings of each function, the rules of each bus, and
   the aliases of functions whose published versions have a dead-letter queue of their own.
3. The targets of each rule.
4. Only now it is known which queues and topics take failures: their metrics, 500 a call, and the topics.
5. (audit) The policies of the keys that encrypt them, where another service sends.

The number of calls is the number of queues, functions, subscriptions, rules and schedules; no call of AWS
tells these things of more than one. The number of rounds does not grow.
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from opsctl.dlq.audit import sources as told
from opsctl.dlq.audit.alarms import parse_alarms
from opsctl.dlq.audit.metric_batches import Metric, Points, metric_reads, points_of
from opsctl.dlq.audit.metrics import audit_metrics, list_metrics
from opsctl.dlq.audit.refusals import Refusals
from opsctl.dlq.audit.region import FunctionSeen, MappingSeen, QueueSeen, Region, Source, TopicSeen, name_in
from opsctl.dlq.park_queues import is_park, tags_of
from opsctl.dlq.qualified import keeping_versions, qualified_sources
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context
from opsctl.model.value import Json
from opsctl.resources import dead_letter_reads as reads
from opsctl.resources.queue_facts import queue_attributes

ALIASES_AT_MOST = 200
Purpose: TypeAlias = Literal["list", "audit"]
Take: TypeAlias = Callable[[Json], None]


class _Batch:
    """One round: reads, each with what takes its answer and what is blind without it."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals
        self._reads: list[Read] = []
        self._takes: list[tuple[str, tuple[str, ...], Take]] = []

    def ask(self, read: Read, about: str, blinds: tuple[str, ...], take: Take) -> None:
        """Add a read; `take` gets the value: empty when there is none, None when it was refused."""
        self._reads.append(read)
        self._takes.append((about, blinds, take))

    def made(self) -> Fetching[None]:
        """Make the reads and hand out the answers."""
        answers: Sequence[Answer] = (yield self._reads) if self._reads else ()
        for answer, (about, blinds, take) in zip(answers, self._takes, strict=True):
            take(self._refusals.value(answer, about, blinds))


class _Reading:
    """The picture while it grows."""

    def __init__(self, about: Context, purpose: Purpose, *, destinations: bool) -> None:
        self._about = about
        self._destinations = destinations
        self._purpose = purpose
        self._refusals = Refusals()
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

    def read(self) -> Fetching[Region]:
        """Read round after round."""
        yield from self._lists()
        yield from self._details()
        yield from self._targets()
        points = yield from self._measures()
        if self._purpose == "audit":
            yield from self._policies()
        return self._region(points)

    def _lists(self) -> Fetching[None]:
        batch = _Batch(self._refusals)
        for name, read, about, blinds in (
            ("queues", reads.list_queues(), "queues", ("queue",)),
            ("functions", reads.list_functions(), "functions", ("function", "destination")),
            ("versions", reads.list_some_versions(), "versions of functions", ("version",)),
            ("mappings", reads.list_mappings(), "event source mappings", ("mapping",)),
            ("subscriptions", reads.list_subscriptions(), "subscriptions", ("subscription",)),
            ("buses", reads.list_buses(), "event buses", ("bus", "target")),
            ("schedules", reads.list_schedules(), "schedules", ("schedule",)),
            ("alarms", reads.describe_alarms(), "alarms", ("alarm",)),
        ):
            batch.ask(read, about, blinds, self._keep(name))
        yield from batch.made()
        for name in ("versions", "subscriptions", "schedules"):
            if self.listed[name].get("NextToken"):
                self._refusals.cut(
                    f"{name}: there are more than {reads.LISTED_AT_MOST:,}, and the rest was not read",
                    (name.removesuffix("s"),),
                )

    def _keep(self, name: str) -> Take:
        def take(value: Json) -> None:
            self.listed[name] = value or {}

        return take

    def _details(self) -> Fetching[None]:
        batch = _Batch(self._refusals)
        for url in self.listed["queues"].get("QueueUrls") or []:
            name = url.rpartition("/")[2]
            batch.ask(queue_attributes(url), name, ("queue",), self._queue(url))
            if is_park(name):
                batch.ask(tags_of(url), name, (), self._park(url))
        for one in self.listed["functions"].get("Functions") or []:
            seen, source = told.parse_function(one)
            self.functions[seen.name] = seen
            self.sources.append(source)
            if self._destinations:
                read = reads.list_invoke_configs(seen.name)
                batch.ask(read, seen.name, ("destination",), self._invoke(seen.name))
        if self.functions and not self._destinations:
            self._refusals.cut(
                f"on-failure destinations of {len(self.functions):,} functions were skipped (--skip-destinations)",
                ("destination",),
            )
        self._ask_for_aliases(batch)
        for one in self.listed["mappings"].get("EventSourceMappings") or []:
            mapping, found = told.parse_mapping(one)
            self.mappings += [mapping] if mapping else []
            self.sources += [found] if found else []
        for one in self.listed["subscriptions"].get("Subscriptions") or []:
            # PendingConfirmation and Deleted stand where the ARN would be.
            if str(one["SubscriptionArn"]).startswith("arn:"):
                read = reads.subscription_attributes(one["SubscriptionArn"])
                batch.ask(read, name_in(one["TopicArn"]), ("subscription",), self._subscription(one))
        buses = [one["Name"] for one in self.listed["buses"].get("EventBuses") or []] or [reads.DEFAULT_BUS]
        for name in buses:
            batch.ask(reads.describe_bus(name), name, ("bus",), self._bus(name))
            batch.ask(reads.list_rules(name), name, ("target",), self._rules(name))
        for one in self.listed["schedules"].get("Schedules") or []:
            read = reads.get_schedule(one.get("GroupName", "default"), one["Name"])
            batch.ask(read, one["Name"], ("schedule",), self._schedule(one))
        yield from batch.made()
        self.sources += qualified_sources(self.listed["versions"].get("Functions") or [], self.aliases)

    def _ask_for_aliases(self, batch: _Batch) -> None:
        """Aliases say how a version is invoked; only of versions that have a dead-letter queue of their own."""
        keeping = keeping_versions(self.listed["versions"].get("Functions") or [])
        for name in keeping[:ALIASES_AT_MOST]:
            batch.ask(reads.list_aliases(name), f"aliases of {name}", ("version",), self._alias(name))
        if len(keeping) > ALIASES_AT_MOST:
            left = len(keeping) - ALIASES_AT_MOST
            self._refusals.cut(f"aliases of {left:,} functions were not read", ("version",))
            self.unsure.update(keeping[ALIASES_AT_MOST:])

    def _alias(self, name: str) -> Take:
        def take(value: Json) -> None:
            if value is None:
                self.unsure.add(name)
            else:
                self.aliases[name] = value.get("Aliases") or []

        return take

    def _queue(self, url: str) -> Take:
        def take(value: Json) -> None:
            if value:
                seen = told.parse_seen(url, value)
                self.queues[seen.facts.arn] = seen
                self.sources.append(told.queue_source(seen))
            elif value is None:
                self.unreadable.append(url.rpartition("/")[2])

        return take

    def _park(self, url: str) -> Take:
        def take(value: Json) -> None:
            self.parks[url] = dict((value or {}).get("Tags") or {})

        return take

    def _invoke(self, name: str) -> Take:
        def take(value: Json) -> None:
            if value is None:
                self.unsure.add(name)
            elif value.get("FunctionEventInvokeConfigs"):
                # Somebody set up how it is invoked asynchronously.
                self.invoked.add(name)
                self.configured.update(str(one["FunctionArn"]) for one in value["FunctionEventInvokeConfigs"])
                self.sources += told.destinations(value)

        return take

    def _subscription(self, listed: Json) -> Take:
        def take(value: Json) -> None:
            if value:
                self.sources.append(told.subscription(listed, value))

        return take

    def _bus(self, name: str) -> Take:
        def take(value: Json) -> None:
            if value:
                self.sources.append(told.bus(name, value))

        return take

    def _rules(self, bus: str) -> Take:
        def take(value: Json) -> None:
            for one in (value or {}).get("Rules") or []:
                self.rules[str(one["Arn"])] = (one, bus)

        return take

    def _schedule(self, listed: Json) -> Take:
        def take(value: Json) -> None:
            if value:
                self.sources.append(told.schedule(listed, value))

        return take

    def _targets(self) -> Fetching[None]:
        batch = _Batch(self._refusals)
        for rule, bus in self.rules.values():
            batch.ask(reads.list_targets(rule["Name"], bus), rule["Name"], ("target",), self._target(rule, bus))
        yield from batch.made()

    def _target(self, rule: Json, bus: str) -> Take:
        def take(value: Json) -> None:
            self.sources += [told.target(rule, bus, one) for one in (value or {}).get("Targets") or []]

        return take

    def _measures(self) -> Fetching[dict[Metric, Points]]:
        """Ask for the metrics of what is now known to take failures, and for the topics that do."""
        region = self._region({})
        wanted = list_metrics(region) if self._purpose == "list" else audit_metrics(region)
        batch, answers = _Batch(self._refusals), []
        topics = sorted({one.target for one in self.sources if one.target.split(":")[2:3] == ["sns"]})
        for arn in topics:
            self.topics[arn] = TopicSeen(exists=None)
            if region.is_home(arn):
                batch.ask(reads.topic_attributes(arn), name_in(arn), (), self._topic(arn))
        if self._purpose == "audit":
            for key in self._keys_of_senders():
                batch.ask(reads.describe_key(key), key, (), self._key(key))
        for read in metric_reads(wanted.metrics, start_s=wanted.start_s, end_s=wanted.end_s):
            batch.ask(read, "metrics", ("metric",), lambda value: answers.append(Answer(value=value or None)))
        yield from batch.made()
        return points_of(wanted.metrics, answers)

    def _topic(self, arn: str) -> Take:
        def take(value: Json) -> None:
            if value is not None:
                subscribers = int((value.get("Attributes") or {}).get("SubscriptionsConfirmed", 0))
                self.topics[arn] = TopicSeen(exists=bool(value), subscribers=subscribers)

        return take

    def _keys_of_senders(self) -> list[str]:
        """The keys of queues into which another service sends by itself."""
        keys = {
            self.queues[one.target].facts.key for one in self.sources if one.sender and one.target in self.queues
        }
        return sorted(key for key in keys if key)

    def _key(self, key: str) -> Take:
        def take(value: Json) -> None:
            found = (value or {}).get("KeyMetadata") or {}
            if found.get("KeyManager") == "AWS":
                self.key_policies[key] = ""
            elif found:
                self.keys[key] = str(found["Arn"])

        return take

    def _policies(self) -> Fetching[None]:
        batch = _Batch(self._refusals)
        for key, arn in self.keys.items():
            batch.ask(reads.key_policy(arn), key, (), self._key_policy(key))
        yield from batch.made()

    def _key_policy(self, key: str) -> Take:
        def take(value: Json) -> None:
            if value:
                self.key_policies[key] = str(value.get("Policy", ""))

        return take

    def _region(self, points: dict[Metric, Points]) -> Region:
        return Region(
            account=self._about.account,
            region=self._about.region,
            endpoint=self._about.identity.endpoint,
            reached_by=self._about.identity.reached_by,
            now=self._about.now,
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
            blind=frozenset(self._refusals.blind),
            unknown=self._refusals.lines(),
        )


def read_region(about: Context, purpose: Purpose, *, destinations: bool = True) -> Fetching[Region]:
    """Read everything about dead letters that a list, or an audit, needs.

    Lambda answers 15 control calls a second in an account, so on-failure destinations cost a minute for each
    900 functions; without `destinations` they are left out, and said to be.
    """
    region = yield from _Reading(about, purpose, destinations=destinations).read()
    return region
