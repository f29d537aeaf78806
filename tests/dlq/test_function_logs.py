"""Lines of functions' logs are understood in both formats, in the shapes that Lambda and its runtimes write."""

import json

import pytest

from opsctl.dlq.function_logs import (
    ERRORS,
    LINES_A_PAGE,
    PAGES_AT_MOST,
    TEXT_AT_MOST,
    LogLine,
    any_of,
    parse_line,
    search,
)
from opsctl.model.reads import Read, Refusal, RefusalKind
from opsctl.model.value import Json
from tests.kit.canned import drive

REQUEST = "4725a167-21a7-5731-99c2-c3d0e3dfd770"


def line(message: str) -> LogLine:
    return parse_line(
        {"message": message, "timestamp": 1_790_000_000_123, "logStreamName": "2026/09/21/[$LATEST]1"}
    )


OF = f"RequestId: {REQUEST}"
SAID: dict[str, tuple[str, ...]] = {
    "platform": (
        f"START {OF} Version: $LATEST\n",
        f"END {OF}\n",
        f"REPORT {OF}\tDuration: 9.10 ms\tMemory Size: 128 MB\tMax Memory Used: 84 MB\n",
        "[WARNING]\t2026-09-21T13:33:20.123Z\t\tLAMBDA_WARNING: Unhandled exception. The most",
        "INIT_START Runtime Version: python:3.12.v1\tRuntime Version ARN: arn:aws:lambda:x\n",
    ),
    "timeout": (
        f"REPORT {OF}\tDuration: 180000.00 ms\tMax Memory Used: 1201 MB\tStatus: timeout\n",
        f"2018-08-26T02:13:13.948Z {REQUEST} Task timed out after 30.02 seconds\n\n",
    ),
    "memory": (
        f"REPORT {OF}\tDuration: 1 ms\tStatus: error\tError Type: Runtime.OutOfMemory\n",
        f"{OF} Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n",
    ),
    "exit": (
        f"{OF} Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n",
        f"{OF} Process exited before completing request\n",
        f"REPORT {OF}\tDuration: 1 ms\tStatus: error\tError Type: Runtime.ExitError\n",
    ),
    "start-up": (
        "[ERROR] Runtime.ImportModuleError: Unable to import module 'a': No module named 'b'\n",
        "INIT_REPORT Init Duration: 3 ms\tPhase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint",
    ),
    "error": (
        "[ERROR] KeyError: 'address'\nTraceback (most recent call last):\n",
        f"[ERROR]\t2026-09-21T13:33:20.123Z\t{REQUEST}\tno such customer\n",
        f'2026-09-21T13:33:20.123Z\t{REQUEST}\tERROR\tInvoke Error \t{{"errorType":"TypeError"}}\n',
        "java.lang.IllegalStateException: closed",
        "panic: runtime error: index out of range [3]",
    ),
    "other": (
        f"[INFO]\t2026-09-21T13:33:20.123Z\t{REQUEST}\tretried after ConnectionError\n",
        f"2026-09-21T13:33:20.123Z\t{REQUEST}\tINFO\tError budget is fine\n",
        "got 3 orders, 0 errors",
        "",
    ),
}


@pytest.mark.parametrize("said", SAID)
def test_a_line_of_the_text_format_is_told_apart(said: str) -> None:
    assert [line(one).said for one in SAID[said]] == [said] * len(SAID[said])


def structured(**told: Json) -> LogLine:
    return line(json.dumps(told))


def report(kind: str, **told: Json) -> LogLine:
    return structured(time="2026-09-21T13:33:20.123Z", type=kind, record={"requestId": REQUEST, **told})


def test_lines_of_the_json_format_are_told_apart() -> None:
    metrics = {"durationMs": 3000.0, "memorySizeMB": 128, "maxMemoryUsedMB": 128}
    assert report("platform.start", version="$LATEST").said == "platform"
    assert report("platform.report", status="success", metrics=metrics).said == "platform"
    timed_out = report("platform.report", status="timeout", metrics=metrics)
    assert (timed_out.said, timed_out.used_mb, timed_out.of_mb, timed_out.request) == (
        "timeout",
        128,
        128,
        REQUEST,
    )
    assert report("platform.report", status="error", errorType="Runtime.OutOfMemory").said == "memory"
    assert report("platform.runtimeDone", status="error", errorType="Runtime.ExitError").said == "exit"
    assert report("platform.initReport", status="error", errorType="Runtime.ImportModuleError").said == "start-up"


def test_an_error_in_json_says_its_type_its_words_and_where_it_was_raised() -> None:
    python = structured(
        timestamp="2026-09-21T13:33:20Z",
        level="ERROR",
        errorType="KeyError",
        errorMessage="'address'",
        stackTrace=['  File "/var/task/app.py", line 3, in handler\n    return ship(event)\n',
                    '  File "/var/task/ship.py", line 8, in ship\n    event["address"]\n'],
        requestId=REQUEST,
    )  # fmt: skip
    assert (python.said, python.text, python.place, python.request) == (
        "error",
        "KeyError: 'address'",
        "ship.py:8",
        REQUEST,
    )
    node = structured(
        timestamp="2026-09-21T13:33:20Z",
        level="ERROR",
        requestId=REQUEST,
        message={
            "errorType": "TypeError",
            "errorMessage": "x is undefined",
            "stackTrace": [
                "TypeError: x is undefined",
                "    at ship (/var/task/index.mjs:7:3)",
                "    at async Runtime",
            ],
        },
    )
    assert (node.said, node.text, node.place) == ("error", "TypeError: x is undefined", "index.mjs:7")


def test_a_level_decides_over_what_the_words_of_a_json_line_say() -> None:
    assert structured(level="INFO", message="recovered from ConnectionError").said == "other"
    assert structured(level="ERROR", message="no such customer").said == "error"
    assert structured(anything=1).said == "other"


def test_a_line_is_cut_and_keeps_its_first_line_with_where_the_code_failed() -> None:
    long = line("[ERROR] ValueError: " + "x" * 10_000 + '\nTraceback (most recent call last):\n'
                '  File "/var/lang/lib/python3.12/json/decoder.py", line 355, in raw\n'
                '  File "/var/task/app.py", line 12, in handler\n    raise\n')  # fmt: skip
    assert len(long.text) == TEXT_AT_MOST
    assert long.place == "app.py:12"
    assert (long.at, long.stream) == (1_790_000_000.123, "2026/09/21/[$LATEST]1")


def pages(count: int) -> list[Read]:
    def page(read: Read) -> Json:
        number = int(read.params.get("nextToken", "0"))
        event = {"message": f"ERROR {number}", "timestamp": 10 - number}
        return {"events": [event], "nextToken": str(number + 1)} if number < count - 1 else {"events": [event]}

    found, reader = drive(search("g", ERRORS, 1, 2), {"logs.FilterLogEvents": page})
    assert [one.at for one in found.lines] == sorted(one.at for one in found.lines)
    assert found.whole is (count <= PAGES_AT_MOST)
    return reader.made


def test_a_search_reads_on_while_there_is_more_and_ends_whatever_the_log_holds() -> None:
    assert len(pages(3)) == 3
    assert len(pages(500)) == PAGES_AT_MOST


def test_a_search_asks_for_the_newest_lines_of_a_span_and_never_for_masked_data() -> None:
    (first, *_) = pages(1)
    assert first.params == {
        "logGroupName": "g",
        "startTime": 1000,
        "endTime": 2000,
        "limit": LINES_A_PAGE,
        "startFromHead": False,
        "filterPattern": ERRORS,
    }


def test_what_came_before_a_refusal_is_kept_and_the_refusal_is_told() -> None:
    refusal = Refusal(
        kind=RefusalKind.THROTTLED, code="ThrottlingException", message="slow", api="logs.FilterLogEvents"
    )
    answers = {"logs.FilterLogEvents": {"events": [], "nextToken": "t"}, "logs.FilterLogEvents t": refusal}
    found, _ = drive(search("g", "", 1, 2), answers)
    assert (found.whole, found.refusal) == (False, refusal)


def test_a_request_id_cannot_leave_its_place_in_a_pattern() -> None:
    assert any_of([REQUEST, 'a" -b ?"c']) == f'?"{REQUEST}" ?"a-bc"'
