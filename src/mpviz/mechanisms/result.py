"""A result, or the exception in its place, so that either can travel."""


def attempt(task, item):
    """Run the task; an exception becomes the result, so that the worker lives on."""
    try:
        return task(item)
    except Exception as error:
        return error


def unwrap(result):
    """Give the result; raise it where it is an exception, so that no failure passes unseen."""
    if isinstance(result, Exception):
        raise result
    return result
