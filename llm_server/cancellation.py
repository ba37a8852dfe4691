"""Tell who is cancelled: this task, or only something in it."""

import asyncio


def is_cancelled() -> bool:
    """Whether somebody wants the current task to end.

    Code that others wrote may raise CancelledError for reasons of its own: then this is false, and
    the task has no reason to end.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
