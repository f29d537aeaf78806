"""Every dead-letter queue of a region: what waits in it, and what is wrong with it or lacks one.

Looks and judges; nothing here changes or plans anything, or opens a message.
"""
