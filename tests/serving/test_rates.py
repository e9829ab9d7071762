"""How often anything may happen, by the clock; and who counts as one."""

import pytest

from mpviz.serving import rates
from mpviz.serving.rates import Rate, Rates, network


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_so_many_pass_at_once_then_so_many_a_second():
    clock = Clock()
    rate = Rate(3, 2, clock)
    assert [rate.take() for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    clock.now += 1.5
    assert rate.take() == 0


def test_a_flood_of_hours_is_forgotten_within_a_burst():
    clock = Clock()
    rate = Rate(3, 1, clock)
    for _ in range(10_000):
        rate.take()
    assert rate.left == -3
    clock.now += 5
    assert rate.take() == 0


def test_each_network_has_its_own():
    found = Rates(1, 1, Clock())
    assert found.of("192.0.2.1").take() == 0
    assert found.of("192.0.2.1").take() > 0
    assert found.of("192.0.2.2").take() == 0


def test_many_networks_fill_no_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rates, "MOST_NETWORKS", 10)
    found = Rates(1, 1, Clock())
    for number in range(100):
        found.of(f"192.0.2.{number}").take()
    assert len(found) == 10
    assert found.of("192.0.2.99").take() > 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
        (None, "no address", True),
    ],
)
def test_who_counts_as_one(one, other, same):
    assert (network(one) == network(other)) is same
