"""The one executor: apply, prove, resume, and the inverse of a plan.

Nothing here knows an action, a playbook or a capability: it does what a change says.
"""
