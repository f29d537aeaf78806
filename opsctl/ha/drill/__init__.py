"""What a recovery drill sees, measures and says: pure, on answers that somebody else has read.

It replaces nothing and waits for nothing: the action plans the failure, the job watches.
"""
