"""A handler's exceptions are logged and shown, wherever it runs."""

import asyncio
import threading

from mpviz.page.widgets.handlers import guarded


def test_an_exception_reaches_stderr_and_the_callback(stderr):
    errors = []
    guarded(lambda: 1 / 0, errors.append)()
    assert isinstance(errors[0], ZeroDivisionError)
    assert "ZeroDivisionError" in stderr.getvalue()


def test_a_callback_that_fails_itself_is_errors_too(stderr):
    def fail(error):
        raise RuntimeError("second")

    guarded(lambda: 1 / 0, fail)()
    assert "second" in stderr.getvalue()


def test_the_callback_is_errors_when_stderr_is_closed(stderr):
    stderr.close()
    errors = []
    guarded(lambda: 1 / 0, errors.append)()
    assert len(errors) == 1


def test_a_coroutine_runs_as_a_task_and_its_exception_is_errors():
    errors = []

    async def handler():
        await asyncio.sleep(0)
        raise ValueError("late")

    async def main():
        guarded(handler, errors.append)()
        for _ in range(5):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert [str(error) for error in errors] == ["late"]


def test_a_call_on_another_thread_hops_to_the_loop():
    seen = []

    async def main():
        call = guarded(lambda: seen.append(threading.get_ident()), seen.append)
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        assert seen == []
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert seen == [threading.get_ident()]
