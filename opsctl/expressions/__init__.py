"""JMESPath with its one hole closed: typed offline, and null is an error where a value is needed.

Knows neither playbooks nor AWS: shapes and values are handed in.
"""
