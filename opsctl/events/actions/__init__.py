"""Steps on deliveries, for playbooks: each turns facts and parameters into changes, one file each.

None calls AWS, and none sends an event.
"""
