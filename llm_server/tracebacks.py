"""What the log is told of an exception. Its message and its values may quote a conversation."""


def account(exc: BaseException) -> str:
    """What was raised, and all the way to where."""
    return "\n  ".join([f"{type(exc).__name__} at", *frames(exc)])


def place_of(exc: BaseException) -> str:
    """What was raised, and where, in one line."""
    return f"{type(exc).__name__} at {(frames(exc) or ['?'])[-1]}"


def frames(exc: BaseException) -> list[str]:
    """The traceback without what it would quote: the file, line and function of each frame."""
    places = []
    trace = exc.__traceback__
    while trace:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    return places
