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

from collections.abc import Sequence
from typing import Literal, TypeAlias

from opsctl.dlq.audit import sources as told
from opsctl.dlq.audit.known import Known, Take
from opsctl.dlq.audit.metric_batches import Metric, Points, metric_reads, points_of
from opsctl.dlq.audit.metrics import audit_metrics, list_metrics
from opsctl.dlq.audit.refusals import Refusals
from opsctl.dlq.audit.region import Region, TopicSeen, name_in
from opsctl.dlq.park_queues import is_park, tags_of
from opsctl.dlq.qualified import keeping_versions, qualified_sources
from opsctl.model.fetching import Fetching
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context
from opsctl.resources import dead_letter_reads as reads
from opsctl.resources.queue_facts import queue_attributes

ALIASES_AT_MOST = 200
Purpose: TypeAlias = Literal["list", "audit"]


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
    """Which reads follow from what is known, round after round."""

    def __init__(self, about: Context, purpose: Purpose, *, destinations: bool) -> None:
        self._about = about
        self._destinations = destinations
        self._purpose = purpose
        self._refusals = Refusals()
        self._known = Known()

    def read(self) -> Fetching[Region]:
        """Read round after round."""
        yield from self._lists()
        yield from self._details()
        yield from self._targets()
        points = yield from self._measures()
        if self._purpose == "audit":
            yield from self._policies()
        return self._known.region(self._about, self._refusals, points)

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
            batch.ask(read, about, blinds, self._known.keep(name))
        yield from batch.made()
        for name in ("versions", "subscriptions", "schedules"):
            if self._known.listed[name].get("NextToken"):
                self._refusals.cut(
                    f"{name}: there are more than {reads.LISTED_AT_MOST:,}, and the rest was not read",
                    (name.removesuffix("s"),),
                )

    def _details(self) -> Fetching[None]:
        batch = _Batch(self._refusals)
        for url in self._known.listed["queues"].get("QueueUrls") or []:
            name = url.rpartition("/")[2]
            batch.ask(queue_attributes(url), name, ("queue",), self._known.queue(url))
            if is_park(name):
                batch.ask(tags_of(url), name, (), self._known.park(url))
        for one in self._known.listed["functions"].get("Functions") or []:
            seen, source = told.parse_function(one)
            self._known.functions[seen.name] = seen
            self._known.sources.append(source)
            if self._destinations:
                read = reads.list_invoke_configs(seen.name)
                batch.ask(read, seen.name, ("destination",), self._known.invoke_configs(seen.name))
        if self._known.functions and not self._destinations:
            self._refusals.cut(
                f"on-failure destinations of {len(self._known.functions):,} functions were skipped "
                "(--skip-destinations)",
                ("destination",),
            )
        self._ask_for_aliases(batch)
        for one in self._known.listed["mappings"].get("EventSourceMappings") or []:
            mapping, found = told.parse_mapping(one)
            self._known.mappings += [mapping] if mapping else []
            self._known.sources += [found] if found else []
        for one in self._known.listed["subscriptions"].get("Subscriptions") or []:
            # PendingConfirmation and Deleted stand where the ARN would be.
            if str(one["SubscriptionArn"]).startswith("arn:"):
                read = reads.subscription_attributes(one["SubscriptionArn"])
                batch.ask(read, name_in(one["TopicArn"]), ("subscription",), self._known.subscription(one))
        buses = [one["Name"] for one in self._known.listed["buses"].get("EventBuses") or []] or [reads.DEFAULT_BUS]
        for name in buses:
            batch.ask(reads.describe_bus(name), name, ("bus",), self._known.bus(name))
            batch.ask(reads.list_rules(name), name, ("target",), self._known.rules_of(name))
        for one in self._known.listed["schedules"].get("Schedules") or []:
            read = reads.get_schedule(one.get("GroupName", "default"), one["Name"])
            batch.ask(read, one["Name"], ("schedule",), self._known.schedule(one))
        yield from batch.made()
        self._known.sources += qualified_sources(
            self._known.listed["versions"].get("Functions") or [], self._known.aliases
        )

    def _ask_for_aliases(self, batch: _Batch) -> None:
        """Aliases say how a version is invoked; only of versions that have a dead-letter queue of their own."""
        keeping = keeping_versions(self._known.listed["versions"].get("Functions") or [])
        for name in keeping[:ALIASES_AT_MOST]:
            batch.ask(reads.list_aliases(name), f"aliases of {name}", ("version",), self._known.alias(name))
        if len(keeping) > ALIASES_AT_MOST:
            left = len(keeping) - ALIASES_AT_MOST
            self._refusals.cut(f"aliases of {left:,} functions were not read", ("version",))
            self._known.unsure.update(keeping[ALIASES_AT_MOST:])

    def _targets(self) -> Fetching[None]:
        batch = _Batch(self._refusals)
        for rule, bus in self._known.rules.values():
            batch.ask(
                reads.list_targets(rule["Name"], bus), rule["Name"], ("target",), self._known.target(rule, bus)
            )
        yield from batch.made()

    def _measures(self) -> Fetching[dict[Metric, Points]]:
        """Ask for the metrics of what is now known to take failures, and for the topics that do."""
        region = self._known.region(self._about, self._refusals, {})
        wanted = list_metrics(region) if self._purpose == "list" else audit_metrics(region)
        batch, answers = _Batch(self._refusals), []
        topics = sorted({one.target for one in self._known.sources if one.target.split(":")[2:3] == ["sns"]})
        for arn in topics:
            self._known.topics[arn] = TopicSeen(exists=None)
            if region.is_home(arn):
                batch.ask(reads.topic_attributes(arn), name_in(arn), (), self._known.topic(arn))
        if self._purpose == "audit":
            for key in self._keys_of_senders():
                batch.ask(reads.describe_key(key), key, (), self._known.key(key))
        for read in metric_reads(wanted.metrics, start_s=wanted.start_s, end_s=wanted.end_s):
            batch.ask(read, "metrics", ("metric",), lambda value: answers.append(Answer(value=value or None)))
        yield from batch.made()
        return points_of(wanted.metrics, answers)

    def _keys_of_senders(self) -> list[str]:
        """The keys of queues into which another service sends by itself."""
        known = self._known
        keys = {
            known.queues[one.target].facts.key
            for one in known.sources
            if one.sender and one.target in known.queues
        }
        return sorted(key for key in keys if key)

    def _policies(self) -> Fetching[None]:
        batch = _Batch(self._refusals)
        for key, arn in self._known.keys.items():
            batch.ask(reads.key_policy(arn), key, (), self._known.key_policy(key))
        yield from batch.made()


def read_region(about: Context, purpose: Purpose, *, destinations: bool = True) -> Fetching[Region]:
    """Read everything about dead letters that a list, or an audit, needs.

    Lambda answers 15 control calls a second in an account, so on-failure destinations cost a minute for each
    900 functions; without `destinations` they are left out, and said to be.
    """
    region = yield from _Reading(about, purpose, destinations=destinations).read()
    return region
