"""The command line: parses, calls a workflow, picks a renderer, maps the exit code.

Alone with typer. No rule about AWS, a plan or a capability stands here, and no text of a result is made here.
"""
