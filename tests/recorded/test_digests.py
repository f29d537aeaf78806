"""Digests that SQS computed, and the same computed here."""

import base64

import pytest

from opsctl.dlq.transfer.digests import attributes_digest, body_digest, intact
from opsctl.model.value import Json
from tests.recorded.shapes import binary, text

TRACEPARENT = b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
GENERAL, HELLO, HELP = text("Kenobi"), text("There"), text("Me")

BODIES = [
    ("sqs/test_sqs.test_dead_letter_queue_message_attributes: 1", "message-1", "3d6b824fd8c1520e9a047d21fee6fb1f"),
    ("sqs/test_sqs.test_dead_letter_queue_message_attributes: 2", "message-2", "95ef155b66299d14edf7ed57c468c13b"),
    ("sqs/test_sqs.test_fifo_message_attributes", "message-body-1", "19c9e282d65f9733bc6b35d50062c7ee"),
    ("sqs/test_sqs.test_fifo_empty_message_groups: 1", "Message 1", "68390233272823b7adf13a1db79b2cd7"),
    ("sqs/test_sqs.test_fifo_empty_message_groups: 2", "Message 2", "88ef8f31ed540f1c4c03d5fdb06a7935"),
    ("sqs/test_sqs.test_fifo_delete_after_visibility_timeout", "foobar", "3858f62230ac3c915f300c664312c63f"),
    ("sqs/test_sqs.test_send_message_with_binary_attributes", "test", "098f6bcd4621d373cade4e832627b4f6"),
    ("sqs/test_sqs.test_sqs_fifo_same_dedup_id", "Test", "0cbc6611f5540bd0809a388dc95a615b"),
    ("sqs/test_sqs.test_receive_message_attribute_names_filters", "msg", "6e2baaf3b97dbeef01c0043275f9a0e7"),
    ("sqs/test_sqs.test_fair_queue_with_message_group_id", "message", "78e731027d8fd50ed642340b7c9a63b3"),
    ("sqs/test_sqs.test_fifo_group_visibility: 1", "foo", "acbd18db4cc2f85cedef654fccc4a4d8"),
    ("sqs/test_sqs.test_fifo_group_visibility: 2", "bar", "37b51d194a7513e45b56f6524f2d51f2"),
    ("sqs/test_sqs.test_fifo_group_visibility: 3", "baz", "73feffa4b7f6bb68e44cf984c85f6e88"),
    (
        "sqs/test_sqs.test_send_message_batch_with_oversized_contents: 1",
        "a" * 2040,
        "f44facf5a7ee0af446ecf3e0f854441e",
    ),
    ("sqs/test_sqs.test_send_message_batch_with_oversized_contents: 2", "a", "0cc175b9c0f1b6a831c399e269772661"),
    (
        "lambda_/test_lambda_destinations.test_dead_letter_queue",
        '{"raise_error": 1}',
        "ba08269cbd0ce515889bfba6593731e1",
    ),
    ("SQS API reference, SendMessage", "This is a test message", "fafb00f5732ab283681e124bf8747ed1"),
]

ATTRIBUTES = [
    (
        "sqs/test_sqs.test_send_message_batch_with_oversized_contents",
        {"k": text("x")},
        "a45daa70926828a2f0a1db3418e6feb4",
    ),
    (
        "sqs/test_sqs.test_send_message_with_binary_attributes",
        {"attr1": binary(base64.b64encode(TRACEPARENT).decode())},
        "8cbe4db156db8a94db8b801b7addb984",
    ),
    (
        "sqs/test_sqs.test_dead_letter_queue_message_attributes",
        {"MyAttribute": text("foobar")},
        "adb59cd4678ea5a855436b949cd07ab6",
    ),
    (
        "sqs/test_sqs.test_receive_message_message_attribute_names_filters: all",
        {"Help.Me": HELP, "Hello": HELLO, "General": GENERAL},
        "4c360f3fdafd970e05fae2f149d997f5",
    ),
    (
        "sqs/test_sqs.test_receive_message_message_attribute_names_filters: two",
        {"General": GENERAL, "Hello": HELLO},
        "fca026605781cb4126a1e9044df24232",
    ),
    (
        "sqs/test_sqs.test_receive_message_message_attribute_names_filters: one",
        {"Hello": HELLO},
        "a311262e065454b75da111d535b8dacd",
    ),
    (
        "sqs/test_sqs.test_receive_message_message_attribute_names_filters: by prefix",
        {"Hello": HELLO, "Help.Me": HELP},
        "83fee93c1bcd8b9a5a923ffacdc636c7",
    ),
    (
        "sqs/test_sqs.test_receive_message_attribute_names_filters",
        {"Foo": text("Bar")},
        "ae7155c6026991b6d54b11589678bf9c",
    ),
    (
        "sqs/test_sqs.test_aws_trace_header_propagation",
        {"timestamp": text("1493147359900", "Number")},
        "235c5c510d26fb653d073faed50ae77c",
    ),
    (
        "sns/test_sns.test_publish_sqs_from_sns",
        {"attr1": text("99.12", "Number")},
        "d302007e9aa062660afc85fd0a482472",
    ),
    (
        "sns/test_sns.test_publish_batch_messages_from_sns_to_sqs: one",
        {"attr1": text("19.12", "Number")},
        "1f07082409022a373fa2a2601f82b3cb",
    ),
    (
        "sns/test_sns.test_publish_batch_messages_from_sns_to_sqs: two",
        {"attr2": text("109.12", "Number"), "attr1": text("99.12", "Number")},
        "9b720b3af309c1c4b0d395c53b08c502",
    ),
    (
        "lambda_/test_lambda_integration_sqs.test_message_body_and_attributes_passed_correctly",
        {"WeeksOn": text("6", "Number"), "Author": text("John Grisham"), "Title": text("The Whistler")},
        "d25a6aea97eb8f585bfa92d314504a92",
    ),
    (
        "sqs/test_sqs.test_system_attributes_have_no_effect_on_attr_md5",
        {"AWSTraceHeader": text(TRACE)},
        "5ae4d5d7636402d80f4eb6d213245a88",
    ),
]


@pytest.mark.parametrize(("body", "digest"), [pytest.param(*row, id=name) for name, *row in BODIES])
def test_a_body_has_the_digest_that_sqs_computed(body: str, digest: str) -> None:
    assert body_digest(body) == digest
    assert intact({"Body": body, "MD5OfBody": digest})
    assert not intact({"Body": f"{body} ", "MD5OfBody": digest})


@pytest.mark.parametrize(("attributes", "digest"), [pytest.param(*row, id=name) for name, *row in ATTRIBUTES])
def test_attributes_have_the_digest_that_sqs_computed(attributes: dict[str, Json], digest: str) -> None:
    assert attributes_digest(attributes) == digest
    message = {"Body": "a", "MD5OfBody": body_digest("a"), "MessageAttributes": attributes}
    assert intact({**message, "MD5OfMessageAttributes": digest})
    assert not intact({**message, "MD5OfMessageAttributes": digest[::-1]})
