"""The long work of make-ha: watching a drill.

A job here looks and waits, and changes nothing: that is done by the calls of its plan.
"""
