"""The edge to YAML: playbooks from disk, their faults, their schema and their reference.

Everything here works offline. What a playbook means for an account is not judged here but in `planning`.
"""
