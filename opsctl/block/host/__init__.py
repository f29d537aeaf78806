"""The firewall of an instance as a last resort: the scripts that are sent, and what they read back.

Sources: nft(8) and iptables-extensions(8). A drop is final in whatever chain it is said, and an accept is not, so
a chain that comes first decides; before connections are tracked (priority -200) it also ends those that are open.
"""
