"""One use case a module: plan, approve, run, resume, verify, undo.

Everything outside arrives as an argument: nothing here is built, printed, or asked of an environment.
"""
