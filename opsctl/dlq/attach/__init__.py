"""Giving a source the dead-letter queue that it lacks: which, who may send to it, and how.

Pure: on what facts have read. What is wrong with queues that are there is not judged here: the audit does.
"""
