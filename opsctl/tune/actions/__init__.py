"""Steps that change the network of instances; one action a file.

An action plans: it yields reads and returns changes, and never calls AWS.
"""
