"""ParallelCluster files: what they say, what is wrong there, and the edits."""
