"""Steps on caches, for playbooks: each turns facts and parameters into changes, one file each.

None calls AWS, and none empties anything by itself.
"""
