"""Facts about caches, for playbooks and commands.

One file each; they yield reads and never call AWS.
"""
