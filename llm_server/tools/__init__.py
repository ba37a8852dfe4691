"""Tools that run in the server, in a loop between model and tools. Simli Auto has none of its own.

`with_tools` is the loop, a `Toolbox` holds all tools of one model.
"""
