"""Typed steps that block, one a file: each turns facts and parameters into changes.

None calls AWS or decides where to block: that is `deciding`'s, and is done when one of these is planned.
"""
