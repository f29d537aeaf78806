"""Errors of EC2 with a code of their own."""


def fault(code: str, message: str) -> Exception:
    """An error of EC2."""
    from moto.ec2.exceptions import EC2ClientError

    made: Exception = EC2ClientError(code, message)
    return made
