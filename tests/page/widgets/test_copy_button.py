"""What is copied is the kernel's text."""

from mpviz.page.widgets.copy_button import CopyButton


def test_the_text_to_copy_is_the_kernels():
    button = CopyButton("Copy", "mpviz.run()")
    button.set_state({"text": "rm -rf"})
    assert button.text == "mpviz.run()"
