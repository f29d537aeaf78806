"""What a drill sees, measures and says."""
