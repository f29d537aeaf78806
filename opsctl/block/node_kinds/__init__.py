"""What stands on a way in: one kind of node a module, with what it leads to and what it can enforce.

No kind judges: whether a block belongs at a node is said by `layers`, what happens to a packet by `topology`.
"""
