"""From a playbook and its inputs to a plan: facts, guards, steps, permissions.

Reads by the port alone and changes nothing; what is done with a plan is none of its business.
"""
