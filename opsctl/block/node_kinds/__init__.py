"""What stands on a way in: one kind of node a module, with what it leads to and what it can enforce."""
