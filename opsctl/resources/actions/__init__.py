"""Typed steps on single resources, one a file: each turns facts and parameters into changes.

None calls AWS, and none makes sense for one capability only.
"""
