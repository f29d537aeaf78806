"""The commands of the capabilities, one a module; `dlq_attach` is a command of the group `dlq`.

Whatever every command shares stands beside this package, and knows none of them.
"""
