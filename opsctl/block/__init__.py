"""Shutting addresses and countries out: the ways in to a workload, where to block, and the block itself.

`deciding` says where, `decision` is the answer, `layers` what can be done at each; the rest puts AWS WAF's rules,
a network ACL's entries or a distribution's restriction in place. Pure: nothing here calls AWS, and nothing here is
about messages or recovery.
"""
