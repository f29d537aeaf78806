"""The ways in from the internet as a graph, and what happens to a packet along them.

Knows no kind of node and no decision, and no service but the rules of network ACLs and AWS WAF that it evaluates.
"""
