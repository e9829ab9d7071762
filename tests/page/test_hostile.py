"""What a browser sets is checked again in the kernel before a process starts."""

import asyncio

import pytest

from mpviz.core.errors import Refused
from mpviz.page.app import Page
from mpviz.page.controls import PASTE, most_workers


@pytest.fixture
def started() -> list[object]:
    return []


@pytest.fixture
def page(started: list[object]) -> Page:
    def start(plan: object) -> object:
        started.append(plan)
        raise Refused("started")

    return Page(start)


@pytest.mark.parametrize(
    ("control", "state"),
    [
        ("workers", {"max": 99_999, "value": 99_999}),
        ("workers", {"min": -5, "value": -5}),
        ("chunk_size", {"max": 10**12, "value": 10**12}),
        ("deadline", {"max": 1e9, "value": 1e9}),
        ("deadline", {"min": -1, "value": -1}),
        ("count", {"max": 10**9, "value": 10**9}),
        ("size", {"max": 10**15, "value": 10**15}),
    ],
)
def test_a_value_beyond_its_range_is_refused_in_one_sentence(
    page: Page, started: list[object], control: str, state: dict[str, object]
):
    if control in ("count", "size"):
        page.controls.input_set.value = "Generate numbers…"
    getattr(page.controls, control).set_state(state)
    with pytest.raises(Refused) as caught:
        page.controls.plan()
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(Refused):
        asyncio.run(page.measure(lambda: [page.controls.plan()]))
    assert started == []


def test_options_that_a_browser_adds_are_no_choices(page: Page):
    controls = page.controls
    controls.mechanism.set_state({"_options_labels": ["evil"], "index": 0})
    assert controls.mechanism.value in ("sequential", "pool.map")
    controls.input_set.set_state({"_options_labels": ["../../etc/passwd"], "index": 0})
    assert controls.plan().input_set != "../../etc/passwd"


def test_a_pasted_text_that_is_too_large_is_refused(page: Page):
    page.controls.input_set.value = PASTE
    page.controls.pasted.set_state({"value": "7\n" * 1_500_000})
    with pytest.raises(Refused, match="Your numbers"):
        page.controls.plan()


def test_the_most_workers_are_at_least_sixteen():
    assert most_workers() >= 16


def test_a_refusal_is_a_sentence_on_the_page_and_the_page_is_ready_again(page: Page):
    async def press() -> None:
        page.run_button.click()
        await asyncio.sleep(0.05)

    page.controls.input_set.value = PASTE
    page.controls.pasted.value = "3\nfive"
    asyncio.run(press())
    assert page.copy_python.disabled
    assert not page.run_button.disabled
