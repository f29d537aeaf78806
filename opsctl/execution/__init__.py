"""The one executor: apply, prove, resume, and the inverse of a plan."""
