"""The long work on messages, one a file: what to do with each, with progress, checkpoint and resume.

How a message is moved without losing it is `transfer`'s, and stands nowhere else.
"""
