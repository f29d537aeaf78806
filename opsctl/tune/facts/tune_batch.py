"""Reads a compute environment of AWS Batch, and says what it lacks for EFA and placement."""

from typing import ClassVar, Literal

from pydantic import Field

from opsctl.model.errors import InvalidInput
from opsctl.model.fetching import Fetching, require
from opsctl.model.reads import Answer, Read
from opsctl.model.run import Context, Fact
from opsctl.model.value import Json, Value
from opsctl.resources.ec2 import describe
from opsctl.tune.batch_environment import (
    BatchEnvironment,
    BatchJobs,
    parse_environment,
    parse_job_definitions,
)
from opsctl.tune.batch_findings import BatchFinding, BatchLook, findings_of
from opsctl.tune.facts.tune_surroundings import TuneSurroundings
from opsctl.tune.launch_wish import LaunchWish, weighting_of
from opsctl.tune.surroundings import Surroundings


class BatchFound(Value):
    """An environment, what it lacks, and what of that is to be changed; `unread` are jobs that nobody could list.

    `needs_version` says that a version of its launch template, of the id `template`, is to be made,
    `needs_group` that it needs a security group for them, `places` that it is to launch into another placement
    group.
    """

    environment: BatchEnvironment
    jobs: tuple[BatchJobs, ...]
    queues: tuple[str, ...]
    running: tuple[str, ...]
    template: str
    type: str
    vpc: str
    findings: tuple[BatchFinding, ...]
    refused: tuple[str, ...]
    needs_version: bool
    needs_group: bool
    places: bool
    unread: tuple[str, ...]


class TuneBatch(Fact):
    """Check a compute environment of AWS Batch and its job definitions against what EFA needs there.

    `findings` are told by the ids of `opsctl explain`; `refused` is what keeps it from being changed as wished.
    """

    name: ClassVar[str] = "tune.batch"
    Result: ClassVar[type[Value]] = BatchFound

    environment: str = Field(description="Name or ARN of the compute environment.")
    jobs: tuple[str, ...] = Field(
        (), description="Job definitions that run there; none: the multi-node ones of the Region."
    )
    efa: bool = Field(False, description="Launch with an EFA on every network card that takes one.")
    ena_express: bool = Field(False, description="Launch with ENA Express on.")
    ena_express_udp: bool = Field(False, description="For UDP as well.")
    queues: int = Field(0, ge=0, description="ENA queues of every interface; 0: as it is.")
    weighting: Literal["keep", "default", "vpc-1", "ebs-1"] = Field(
        "keep", description="How bandwidth is shared: the network (vpc-1), or EBS (ebs-1); keep: as it is."
    )
    placement_group: str = Field("", description="Launch into this placement group.")

    def read(self, about: Context) -> Fetching[Value]:
        """Read the environment, then what it names; then the jobs that run.

        Raises:
            InvalidInput: there is no such environment or placement group.
        """
        if self.ena_express_udp and not self.ena_express:
            hint = "give --ena-express as well"
            raise InvalidInput.one("ENA Express itself is not asked for", source="ena_express_udp", hint=hint)
        environment = yield from self._environment()
        around = yield from TuneSurroundings(
            types=tuple(name for name in environment.types if "." in name),
            subnets=environment.subnets,
            groups=environment.groups,
        ).read(about)
        assert isinstance(around, Surroundings)  # noqa: S101 - the fact's own result
        template, number, data = yield from _template(environment)
        strategy = yield from self._strategy(environment, about)
        jobs, queues, running, unread = yield from self._jobs(environment)
        wish = LaunchWish(
            efa=self.efa,
            ena_express=self.ena_express,
            ena_express_udp=self.ena_express_udp,
            queues=self.queues,
            weighting=self.weighting,
        )
        look = BatchLook(
            environment=environment,
            jobs=jobs,
            around=around,
            interfaces=tuple(data.get("NetworkInterfaces", [])),
            weighting=weighting_of(data),
            number=number,
            strategy=strategy,
            running=running,
            wish=wish,
            region=about.region,
        )
        return self._found(look, template, queues, unread)

    def _found(
        self, look: BatchLook, template: str, queues: tuple[str, ...], unread: tuple[str, ...]
    ) -> BatchFound:
        environment, around = look.environment, look.around
        findings = findings_of(look)
        wishes = look.wish.any or bool(self.placement_group)
        takers = [name for name, of in around.types.items() if look.wish.fits(of)]
        ruled = any(around.self_ruled.get(group) for group in environment.groups)
        stops = [one.says for one in findings if one.kind == "refuse"]
        if self.efa:
            not_alone = ("families", "no-efa", "types-unread", "several-types", "zones", "no-template", "latest")
            stops += [one.says for one in findings if one.id in not_alone]
        elif look.wish.any:
            not_so = ("families", "types-unread", "no-template", "latest")
            stops += [one.says for one in findings if one.id in not_so]
        if self.placement_group and not self.efa:
            stops += [one.says for one in findings if one.id == "zones"]
        return BatchFound(
            environment=environment,
            jobs=look.jobs,
            queues=queues,
            running=look.running,
            template=template,
            type=next(iter(takers), ""),
            vpc=next((one.vpc for one in around.subnets.values()), ""),
            findings=findings,
            refused=tuple(stops) if wishes else (),
            needs_version=look.lacks(look.wish),
            needs_group=self.efa and bool(environment.groups) and not ruled,
            places=bool(self.placement_group) and self.placement_group != environment.placement_group,
            unread=(*around.unknown, *unread),
        )

    def _refuse_missing(self, known: tuple[BatchJobs, ...], *, read: bool) -> None:
        """Refuse a job definition that is not there: what was not looked at would look right."""
        there = {one.name for one in known} | {one.name.rpartition(":")[0] for one in known}
        missing = [name for name in self.jobs if name.rpartition("/")[2] not in there]
        if read and missing:
            raise InvalidInput.one(f"no active job definition is called {', '.join(missing)}", source="jobs")

    def _environment(self) -> Fetching[BatchEnvironment]:
        params = {"computeEnvironments": [self.environment]}
        answer = yield from require(Read(service="batch", operation="DescribeComputeEnvironments", params=params))
        found = answer.get("computeEnvironments", [])
        if not found:
            raise InvalidInput.one(
                f"there is no compute environment {self.environment!r} here", source="environment"
            )
        return parse_environment(found[0])

    def _strategy(self, environment: BatchEnvironment, about: Context) -> Fetching[str]:
        """Return the strategy of the placement group that is in question; one that is wished has to be there."""
        name = self.placement_group or environment.placement_group
        if not name:
            yield []
            return ""
        answer = yield from require(describe("DescribePlacementGroups", about.region, {"group-name": [name]}))
        found = answer.get("PlacementGroups", [])
        strategy = str(found[0].get("Strategy", "")) if found else ""
        if self.placement_group and strategy != "cluster":
            make = ("ec2", "create-placement-group", "--group-name", name, "--strategy", "cluster")
            what = (
                f"placement group {name!r} is {strategy}"
                if found
                else f"there is no placement group {name!r} here"
            )
            raise InvalidInput.one(what, source="placement_group", hint=f"make one: {about.commands.aws(*make)}")
        return strategy

    def _jobs(
        self, environment: BatchEnvironment
    ) -> Fetching[tuple[tuple[BatchJobs, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
        """Read definitions and queues side by side, then what runs: what may not be read is named."""
        params: dict[str, Json] = {"status": "ACTIVE"}
        if self.jobs:
            params = {"jobDefinitions": list(self.jobs)}
        answers: list[Answer] = list(
            (
                yield [
                    Read(service="batch", operation="DescribeJobDefinitions", params=params),
                    Read(service="batch", operation="DescribeJobQueues"),
                ]
            )
        )
        refused = [str(one.refusal) for one in answers if one.refusal]
        definitions, queued = (one.value if one.refusal is None else {} for one in answers)
        known = parse_job_definitions(definitions)
        self._refuse_missing(known, read=answers[0].refusal is None)
        jobs = known if self.jobs else tuple(one for one in known if one.multi_node)
        queues = tuple(
            one["jobQueueName"]
            for one in queued.get("jobQueues", [])
            if any(
                each["computeEnvironment"].rpartition("/")[2] == environment.name
                for each in one.get("computeEnvironmentOrder", [])
            )
        )
        listed: list[Answer] = list((yield [_running(queue) for queue in queues]))
        refused += [str(one.refusal) for one in listed if one.refusal]
        running = tuple(
            f"{one['jobName']} ({one['jobId']})"
            for answer in listed
            if answer.refusal is None
            for one in answer.value.get("jobSummaryList", [])
        )
        return jobs, queues, running, tuple(dict.fromkeys(refused))


def _running(queue: str) -> Read:
    return Read(service="batch", operation="ListJobs", params={"jobQueue": queue, "jobStatus": "RUNNING"})


def _template(environment: BatchEnvironment) -> Fetching[tuple[str, str, Json]]:
    """Return the id of the launch template, and number and data of the version that is named."""
    named = {"LaunchTemplateId": environment.template} if environment.template else {}
    if environment.template_name:
        named = {"LaunchTemplateName": environment.template_name}
    if not named:
        yield []
        return "", "", {}
    params: dict[str, Json] = {**named, "Versions": [environment.version]}
    answer = yield from require(Read(service="ec2", operation="DescribeLaunchTemplateVersions", params=params))
    found = answer["LaunchTemplateVersions"][0]
    return found["LaunchTemplateId"], str(found["VersionNumber"]), found["LaunchTemplateData"]
