"""Typed steps on dead letters, one a file: each turns facts and parameters into changes.

None calls AWS, and none moves a message: it plans the job that does.
"""
