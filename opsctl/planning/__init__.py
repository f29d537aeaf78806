"""From a playbook and its inputs to a plan."""
