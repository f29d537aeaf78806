"""The recovery handler of a make-ha group, and what is deployed with it.

The modules that are deployed import nothing else of opsctl: docs/decisions/0004-the-handler-stands-alone.md.
"""
