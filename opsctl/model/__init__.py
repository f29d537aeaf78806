"""The vocabulary of opsctl: frozen values, errors and ports, known to every other layer.

Imports nothing of opsctl. Nothing here reads, calls, prints, or knows a capability.
"""
