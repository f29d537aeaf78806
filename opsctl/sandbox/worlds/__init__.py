"""The accounts that the sandbox begins with, made through AWS's own API.

Nothing is put in place behind the API, so that every world could be one in AWS.
"""
