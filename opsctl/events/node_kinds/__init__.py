"""The kinds of resources that events pass, one a file: how each is read, and where it hands events to.

Nothing here judges whether an event arrives; that needs both ends of an edge.
"""
