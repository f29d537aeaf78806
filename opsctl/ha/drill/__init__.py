"""What a recovery drill sees, measures and says: pure, on answers that somebody else has read."""
