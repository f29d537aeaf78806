"""The long work on messages, with progress, rate, checkpoint and resume, one a file."""
