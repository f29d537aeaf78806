"""Carries out the invocations that wait, one at a time, with Lambda's retries and dead-letter queues."""

import json
import threading
from dataclasses import replace
from typing import Any

from opsctl.sandbox.engine.callers import open_session
from opsctl.sandbox.engine.conditions import Conditions, Invocation, PendingInvocation, conditions
from opsctl.sandbox.engine.deliveries import send_message
from opsctl.sandbox.engine.lambda_log import FunctionLog
from opsctl.sandbox.engine.lambda_metrics import keep_metrics, keep_throttle
from opsctl.sandbox.engine.lambda_work import InvocationOutcome, Work, run
from opsctl.sandbox.engine.turns import turn
from opsctl.sandbox.rules.iam import role_allows

RETRY_S = (60, 120)
THROTTLED_RETRY_S = 60
MAX_AGE_S = 21_600
KEPT = 1000
_RUNNING = threading.Lock()


def function_named(account: str, region: str, name: str, version: str) -> Any | None:
    """moto's function of that name and version."""
    from moto.awslambda.models import lambda_backends

    backend, latest = lambda_backends[account][region], "$LATEST"
    # Among all versions moto lists a copy of the latest, whose log nobody would find again.
    known = backend.list_functions() if version == latest else backend.list_functions("ALL")
    found = (one for one in known if one.function_name == name.split(":")[-1])
    return next((one for one in found if str(one.version) == version), None)


def run_due(account: str) -> int:
    """Run every invocation that is due; returns how many were run. Never call it with the timeline's lock held."""
    about, ran = conditions(account), 0
    with _RUNNING, turn():
        while (job := _next(about)) is not None:
            function = function_named(account, job.region, job.function, job.version)
            if function is not None:
                _run(about, account, function, job)
                ran += 1
    return ran


def tick(account: str) -> None:
    """Let everything happen that is due by now, and forget what is long past."""
    about = conditions(account)
    with turn():
        about.timeline.catch_up()
    run_due(account)
    for kept in (about.events, about.invocations, about.function_calls, about.denied, about.trail):
        del kept[:-KEPT]


def next_job_due(about: Conditions) -> float | None:
    """When the next invocation is due."""
    return min((job.due for job in list(about.jobs)), default=None)


def _next(about: Conditions) -> PendingInvocation | None:
    with about.timeline.lock:
        due = [job for job in about.jobs if job.due <= about.now()]
        found = min(due, key=lambda job: job.due, default=None)
        if found is not None:
            about.jobs.remove(found)
        return found


def _run(about: Conditions, account: str, function: Any, job: PendingInvocation) -> None:
    if function.reserved_concurrency is not None and int(function.reserved_concurrency) == 0:
        keep_throttle(function, about.now())
        _again(
            about,
            account,
            function,
            job,
            InvocationOutcome(error={"errorMessage": "Rate exceeded", "errorType": "Throttled"}),
        )
        return
    outcome = invoke(about, function, job.payload, job.request)
    if outcome.error is not None:
        _again(about, account, function, job, outcome)


def invoke(about: Conditions, function: Any, payload: str, request: str) -> InvocationOutcome:
    """Run a function now, and keep what came of it."""
    session = open_session(function.account_id, function.role, function.function_name)
    own = {name: str(value) for name, value in function.environment_vars.items()}
    env = {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
    }
    began, denied, log = about.now(), len(about.denied), FunctionLog(function, request)
    work = Work(
        code=function.code_bytes,
        handler=function.handler,
        env=own | env,
        arn=function.function_arn,
        payload=payload,
        timeout_s=float(function.timeout),
        memory_mb=int(function.memory_size),
        request=request,
    )
    log.begin()
    outcome = run(work, about, log.line)
    # AWS leaves it to the function to tell; who rehearses should not have to search.
    for line in [one for one in about.denied[denied:] if session.arn in one]:
        log.line(f"denied: {line}")
    log.end(outcome, about.now() - began)
    keep_metrics(function, began, about.now() - began, failed=outcome.error is not None)
    error = json.dumps(outcome.error) if outcome.error else None
    about.invocations.append(Invocation(began, function.function_name, payload, error, tuple(outcome.logs)))
    return outcome


def _again(
    about: Conditions, account: str, function: Any, job: PendingInvocation, outcome: InvocationOutcome
) -> None:
    """Try again after one minute and after two; then it is a dead letter."""
    config = function.event_invoke_config[-1].config if function.event_invoke_config else {}
    most = int(config.get("MaximumRetryAttempts", 2))
    oldest = float(config.get("MaximumEventAgeInSeconds", MAX_AGE_S))
    throttled = (outcome.error or {}).get("errorType") == "Throttled"
    wait = THROTTLED_RETRY_S if throttled else RETRY_S[min(job.attempt, len(RETRY_S) - 1)]
    if (throttled or job.attempt < most) and about.now() + wait - job.born <= oldest:
        attempt = job.attempt + (not throttled)
        due = about.now() + wait
        about.jobs.append(replace(job, due=due, attempt=attempt))
        return
    message = str((outcome.error or {}).get("errorMessage", ""))
    dead = function.dead_letter_target
    if dead and _may_send(account, function, dead):
        told = {"RequestID": job.request, "ErrorCode": "200", "ErrorMessage": message}
        send_message(account, job.region, dead, job.payload, told)
    failed = ((config.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if failed and _may_send(account, function, failed):
        record = {
            "version": "1.0",
            "timestamp": about.moment().isoformat(),
            "requestContext": {
                "requestId": job.request,
                "functionArn": f"{':'.join(function.function_arn.split(':')[:7])}:{job.version}",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": job.attempt + 1,
            },
            "requestPayload": json.loads(job.payload),
            "responseContext": {"statusCode": 200, "executedVersion": job.version, "functionError": "Unhandled"},
            "responsePayload": outcome.error,
        }
        send_message(account, job.region, failed, json.dumps(record))


def _may_send(account: str, function: Any, arn: str) -> bool:
    """Lambda sends as the function's role; without a permission the event is lost (Lambda guide, async errors)."""
    return role_allows(account, function.role, "sns:Publish" if ":sns:" in arn else "sqs:SendMessage", arn)
