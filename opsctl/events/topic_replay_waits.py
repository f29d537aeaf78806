"""SNS: what follows a replay to a subscription: seeing that it is complete, and reading what failed."""

from opsctl.events.jobs.events_topic_counts import EventsTopicCounts
from opsctl.events.topic_replay_calls import status_is
from opsctl.model.changes import ANY_REFUSAL, Change, Grant, Irreversible, Proof
from opsctl.model.value import Json

REFUSED = (ANY_REFUSAL, "ReplayLimitExceeded", "AuthorizationError")
WAITED = Irreversible(because="waiting changes nothing", only_reads=True)


def replay_completed(subscription: Json, *, passing: bool) -> Change:
    """Plan to see that a replay is complete; where it failed, what was made for it is taken back."""
    return Change(
        kind="wait",
        service="sns",
        operation="GetSubscriptionAttributes",
        id="completed",
        title="See that the replay is complete",
        why="One that failed has sent only a part.",
        expect=(status_is(subscription, "Failed", there=False),),
        proof=Proof(configured=(status_is(subscription, "Completed"),), within_s=60, passing=passing),
        undo=WAITED,
        depends_on=("watch",),
        goes_back=REFUSED,
    )


def replay_counted(topic: str, subscription: str, *, since: str, after: str) -> Change:
    """Plan to read what CloudWatch counted of a replay that began after `since`."""
    job = EventsTopicCounts(topic=topic, subscription=subscription, since=since)
    return Change(
        kind="job",
        service="opsctl",
        operation=job.name,
        params=job.model_dump(mode="json"),
        grants=(
            Grant(service="cloudwatch", operation="ListMetrics"),
            Grant(service="cloudwatch", operation="GetMetricData"),
        ),
        id="counted",
        title="Read what of it could not be delivered",
        why="Complete means sent: what the queue refused went to the dead-letter queue, or nowhere.",
        expect=(),
        proof=Proof(configured=()),
        undo=WAITED,
        depends_on=(after,),
    )
