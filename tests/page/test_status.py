"""What the page says is a sentence, and no "Running…" stays after a failure."""

import pytest

from mpviz.core.errors import Refused
from mpviz.page.status import Status


def test_how_things_stand_has_a_bar_where_there_is_a_total() -> None:
    status = Status()
    status.show("3 of 10 tasks done", 3, 10)
    assert '<progress max="10" value="3" aria-label="tasks done">' in status.line.value
    status.show("Done.")
    assert status.line.value == '<div class="mpviz-status" role="status">Done.</div>'


@pytest.mark.parametrize(
    ("error", "before", "text"),
    [
        (Refused("No <b>."), "", "No &lt;b&gt;."),
        (KeyError("x"), "", "KeyError: &#39;x&#39;"),
        (ValueError("no"), "Not shown.", "Not shown. ValueError: no"),
    ],
)
def test_a_refusal_is_shown_as_it_is_and_another_error_with_its_type(
    error: Exception, before: str, text: str
) -> None:
    status = Status()
    status.show_error(error, before)
    assert f">{text}</p>" in status.error.value
    status.clear_error()
    assert status.error.value == ""


def test_what_leaves_a_block_by_an_exception_is_said() -> None:
    status = Status()
    status.show("Running…")
    with pytest.raises(KeyboardInterrupt), status.on_failure("Stopped."):
        raise KeyboardInterrupt
    assert "Stopped." in status.line.value
    with status.on_failure("Stopped."):
        status.show("Done.")
    assert "Done." in status.line.value


def test_a_notice_goes_when_there_is_nothing_to_say() -> None:
    status = Status()
    status.show_notice(["One.", "Two."])
    assert ">One. Two.</p>" in status.notice.value
    status.show_notice(())
    assert status.notice.value == ""
