"""Caches in front of a workload: what each holds, what emptying it costs the origin, and how it can be emptied.

Each does what AWS lets it, and says plainly what is not possible. Nothing here is about events or blocking.
"""
