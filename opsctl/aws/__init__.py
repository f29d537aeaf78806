"""The edge to AWS: sessions, reads, writes, error translation and service models.

Alone with boto3 and botocore. Nothing here knows what a call is good for: no capability, no plan, no decision.
"""
