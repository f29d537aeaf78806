"""Jobs: long client-side work with progress, rate, checkpoint and resume, one a file."""
