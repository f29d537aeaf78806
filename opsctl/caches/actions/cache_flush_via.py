"""Plans the emptying of a cache from inside its VPC: a script on an instance, as one job."""

from typing import ClassVar

from pydantic import Field

from opsctl.caches.cache_script import CacheAccess, closing, opening
from opsctl.caches.elasticache_nodes import CacheNodes
from opsctl.caches.jobs.cache_flush_via import DOCUMENT, CacheFlushVia
from opsctl.model.changes import Change, Grant, Instruction, Irreversible, Proof, Risk, Severity
from opsctl.model.fetching import Fetching
from opsctl.model.run import Action, Context
from opsctl.model.sentences import sentence
from opsctl.resources.ssm_calls import grants_for


class CacheFlushViaAction(Action):
    """Have an instance look at every primary of a cache, and then empty them: FLUSHALL ASYNC, FLUSHDB, flush_all.

    What is emptied cannot be put back. A password is read by the instance itself, from the secret that is named.
    """

    name: ClassVar[str] = "cache.flush_via"

    instance: str = Field(description="Id of the instance: its SSM agent runs the script as root.")
    nodes: CacheNodes = Field(description="The cache, as the fact cache.target has it.")
    database: int = Field(-1, ge=-1, description="The one database to empty; -1: all.")
    user: str = Field("", description="User of the cache, where it knows several.")
    auth_secret: str = Field("", description="Secret with the password: of Secrets Manager, or ssm:PARAMETER.")
    slice_size: int = Field(3000, ge=1, le=3000, description="How many nodes are emptied at a time.")
    every_s: int = Field(0, ge=0, le=86_400, description="Seconds between two slices.")
    watch: tuple[str, ...] = Field((), description="Alarms that stop it between two slices.")
    says: str = Field("", description="What it does to the origin, shown with the risk.")
    risky: bool = Field(default=False, description="Whether the origin gets more than it is used to.")
    why: str = Field(description="Why it is emptied.")

    def plan(self, about: Context) -> Fetching[list[Change]]:
        """Plan one job."""
        yield from ()
        access = CacheAccess(
            engine=self.nodes.engine,
            tls=self.nodes.tls,
            named=self.nodes.named,
            database=self.database if self.database >= 0 else None,
            user=self.user,
            secret=self.auth_secret,
            region=about.region,
        )
        job = CacheFlushVia(
            instance=self.instance,
            region=about.region,
            seeds=self.nodes.seeds,
            cluster=self.nodes.cluster,
            slice_size=self.slice_size,
            every_s=self.every_s,
            watch=self.watch,
            begin=opening(access),
            end=closing(access),
            mark=about.plan_id,
        )
        grants = grants_for([self.instance], DOCUMENT)
        if self.watch:
            grants = (*grants, Grant(service="cloudwatch", operation="DescribeAlarms"))
        do = Instruction(
            kind="job",
            service="opsctl",
            operation=job.name,
            params=job.model_dump(mode="json"),
            grants=grants,
        )
        return [
            Change(
                **dict(do),
                id="flush",
                title=self._title(access),
                why=sentence(self.why),
                expect=(),
                proof=Proof(configured=()),
                undo=Irreversible(because="what a cache held is gone; it fills again from the origin by itself"),
                risk=Risk(
                    severity=Severity.SEVERE if self.risky else Severity.HIGH,
                    affects=(self.nodes.name,),
                    note=self._note(access),
                ),
            )
        ]

    def _title(self, access: CacheAccess) -> str:
        which = (
            "every primary" if self.nodes.cluster else "every node" if len(self.nodes.seeds) > 1 else "the primary"
        )
        which = "the endpoint" if self.nodes.serverless else which
        base = f" of database {self.database}" if self.database >= 0 else ""
        return f"{access.flush}{base} on {which} of {self.nodes.name}, by a script on {self.instance}"

    def _note(self, access: CacheAccess) -> str:
        parts = [f"{self.says[:1].upper()}{self.says[1:]}."] if self.says else []
        parts.append("Every node is asked how much it holds before the first is emptied.")
        if access.engine == "redis":
            parts.append(
                "Sessions, queues and locks that a program keeps there are gone as well; replicas follow."
            )
        if access.secret:
            parts.append(
                f"The instance reads {access.secret} by its own role; the password is in no command line."
            )
        parts.append("The script runs as root; Systems Manager keeps what it says for 30 days.")
        return " ".join(parts)
