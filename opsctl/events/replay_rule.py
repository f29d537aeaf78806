"""EventBridge: a rule for one replay into one queue, made before it and taken away after it.

Sources: PutRule, PutTargets, RemoveTargets, DeleteRule (EventBridge API); EventBridge guide, "Using resource-based
policies: Amazon SQS permissions".
"""

import json

from opsctl.events.arns import rule_arn
from opsctl.model.changes import Change, Check, Instruction, Irreversible, Proof, Retry, Risk
from opsctl.model.reads import Read
from opsctl.model.run import Context, Identity
from opsctl.model.value import Json, Value, fingerprint
from opsctl.resources.jobs.time_pause import TimePause
from opsctl.resources.marks import described, tag_list, with_mark
from opsctl.resources.queue_policy_calls import edit_policy, policy_has

SETTLES_S = 60
_CONCURRENT = "ConcurrentModificationException"
_PASSES = Retry(codes=(_CONCURRENT,), within_s=60)
_JUST_MADE = Retry(codes=("ResourceNotFoundException", _CONCURRENT), within_s=60)
_TARGET = "opsctl"
_OWN = Irreversible(because="it was there for this replay alone", only_reads=True)


class ReplayRule(Value):
    """The rule, its bus, and the queue that is its only target."""

    bus: str
    name: str
    queue: str
    url: str

    def arn(self, who: Identity) -> str:
        """The ARN of the rule."""
        return rule_arn(self.bus, self.name, partition=who.partition, region=who.region, account=who.account)

    def made(self, pattern: dict[str, Json], about: Context) -> list[Change]:
        """Plan the queue's permission, the rule, its target, and the time until it is in effect."""
        return [
            self._permission(about),
            self._rule(pattern, about),
            self._target(),
            _settles(),
        ]

    def taken_away(self, about: Context, *, after: str) -> list[Change]:
        """Plan the removal of target, rule and permission."""
        statement = self._statement(about.identity)
        name = self.queue.rpartition(":")[2]
        gone = "the replay has ended, and nothing else needs it"
        return [
            Change(
                **dict(self._remove_target()),
                id="target-away",
                title=f"Remove the target of rule {self.name}",
                why=gone,
                expect=(self._target_is(there=True),),
                proof=Proof(configured=(self._target_is(there=False),), within_s=60),
                undo=_OWN,
                depends_on=(after,),
            ),
            Change(
                **dict(self._delete_rule()),
                id="rule-away",
                title=f"Delete rule {self.name}",
                why=gone,
                expect=(self._rule_is(about),),
                proof=Proof(configured=(self._no_rule(),), within_s=60),
                undo=_OWN,
                depends_on=("target-away",),
            ),
            Change(
                **dict(edit_policy(self.url, "remove", statement)),
                id="permission-away",
                title=f"Let that rule no longer write to queue {name}",
                why=gone,
                expect=(policy_has(self.url, name, statement, present=True),),
                proof=Proof(configured=(policy_has(self.url, name, statement, present=False),), within_s=60),
                undo=_OWN,
                depends_on=("rule-away",),
            ),
        ]

    def _permission(self, about: Context) -> Change:
        statement, name = self._statement(about.identity), self.queue.rpartition(":")[2]
        return Change(
            **dict(edit_policy(self.url, "add", statement)),
            id="permission",
            title=f"Let the rule of the replay write to queue {name}",
            why="EventBridge drops at once what a queue's policy does not let in.",
            expect=(policy_has(self.url, name, statement, present=False),),
            proof=Proof(configured=(policy_has(self.url, name, statement, present=True),), within_s=60),
            undo=edit_policy(self.url, "remove", statement),
            risk=Risk(note="It is for this rule alone, and goes with it."),
        )

    def _rule(self, pattern: dict[str, Json], about: Context) -> Change:
        params = {
            **self._named("Name"),
            "EventPattern": json.dumps(pattern, sort_keys=True),
            "State": "ENABLED",
            "Description": self._description(about),
            "Tags": tag_list(with_mark(about.plan_id, {})),
        }
        return Change(
            kind="call",
            service="events",
            operation="PutRule",
            params=params,
            retry=_PASSES,
            id="rule",
            title=f"Create rule {self.name} for this replay alone",
            why="Its pattern asks for the replay's name, so that nothing else ever matches it.",
            expect=(self._no_rule(),),
            proof=Proof(configured=(self._rule_is(about),), within_s=60),
            undo=self._delete_rule(),
            goes_back=("LimitExceededException",),
            depends_on=("permission",),
        )

    def _target(self) -> Change:
        params = {**self._named("Rule"), "Targets": [{"Id": _TARGET, "Arn": self.queue}]}
        return Change(
            kind="call",
            service="events",
            operation="PutTargets",
            params=params,
            retry=_JUST_MADE,
            id="target",
            title=f"Give it queue {self.queue.rpartition(':')[2]} as its target",
            why="One queue gets what is replayed, and no other consumer.",
            expect=(self._target_is(there=False),),
            proof=Proof(configured=(self._target_is(there=True),), within_s=60),
            undo=self._remove_target(),
            depends_on=("rule",),
        )

    def _named(self, member: str) -> dict[str, Json]:
        return {member: self.name, **({} if self.bus == "default" else {"EventBusName": self.bus})}

    def _description(self, about: Context) -> str:
        return described(about.plan_id, "one replay into one queue, can be deleted")

    def _remove_target(self) -> Instruction:
        params = {**self._named("Rule"), "Ids": [_TARGET]}
        return Instruction(kind="call", service="events", operation="RemoveTargets", params=params, retry=_PASSES)

    def _delete_rule(self) -> Instruction:
        named = self._named("Name")
        return Instruction(kind="call", service="events", operation="DeleteRule", params=named, retry=_PASSES)

    def _described_rule(self) -> Read:
        return Read(service="events", operation="DescribeRule", params=self._named("Name"))

    def _no_rule(self) -> Check:
        return Check(read=self._described_rule(), query="Name", op="empty", says=f"there is no rule {self.name}")

    def _rule_is(self, about: Context) -> Check:
        return Check(
            read=self._described_rule(),
            query="Description",
            op="equals",
            value=self._description(about),
            says=f"rule {self.name} is this plan's",
        )

    def _target_is(self, *, there: bool) -> Check:
        return Check(
            read=Read(service="events", operation="ListTargetsByRule", params=self._named("Rule")),
            query=f"Targets[?Id=='{_TARGET}'].Arn | [0]",
            op="equals" if there else "empty",
            value=self.queue if there else None,
            says=f"rule {self.name} {'sends to the queue' if there else 'has no target'}",
        )

    def _statement(self, who: Identity) -> dict[str, Json]:
        arn = self.arn(who)
        return {
            "Sid": f"OpsctlReplay{fingerprint([self.queue, arn])[7:19]}",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": arn}},
        }


def _settles() -> Change:
    # Source: PutRule ("a short period of time").
    job = TimePause(seconds=SETTLES_S, what="the rule comes into effect")
    return Change(
        kind="job",
        service="opsctl",
        operation=job.name,
        params=job.model_dump(mode="json"),
        id="settled",
        title=f"Give the rule {SETTLES_S} s to be in effect",
        why="A rule that was just made misses events for a short period.",
        expect=(),
        proof=Proof(configured=()),
        undo=Irreversible(because="waiting changes nothing", only_reads=True),
        depends_on=("target",),
    )
