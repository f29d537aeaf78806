"""Typed steps of make-ha and its drill: each turns facts and parameters into changes and never calls AWS.

Steps on Auto Scaling groups and instances stand here only if their undo looks for what make-ha has made.
"""
