"""The command line: parses, calls a workflow, picks a renderer, maps the exit code."""
