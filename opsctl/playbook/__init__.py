"""The edge to YAML: playbooks from disk, their faults, and their schema."""
