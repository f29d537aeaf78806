"""Errors of SQS with a code of their own."""


def fault(code: str, message: str) -> Exception:
    """An error of SQS."""
    from moto.sqs.exceptions import SQSException

    made: Exception = SQSException(code, message)
    return made
