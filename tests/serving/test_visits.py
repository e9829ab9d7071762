"""Who is here, on a clock of the test's own."""

import pytest

from mpviz.serving.visits import ARRIVE, LEAVE, LOADING, MOST_SOCKETS, Visits


class Clock:
    """Seconds, moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_there_are_as_many_places_as_were_asked_for(clock):
    visits = Visits(2, clock=clock)
    first, second = visits.enter(), visits.enter()
    assert first is not None
    assert second is not None
    assert visits.enter() is None
    visits.end(first)
    assert visits.enter() is not None


def test_a_page_that_is_open_stays_however_long_nobody_looks_at_it(clock):
    visits = Visits(1, clock=clock)
    visit = visits.enter()
    visits.sent(visit, whole=True)
    assert visits.connected(visit, "socket")
    clock.now = 1e6
    assert visits.over() == []


def test_a_page_whose_socket_is_gone_has_a_while_to_come_back(clock):
    visits = Visits(1, clock=clock)
    visit = visits.enter()
    visits.connected(visit, 1)
    visits.disconnected(visit, 1)
    clock.now = LEAVE - 0.1
    assert visits.over() == []
    visits.connected(visit, 2)
    clock.now += 100
    assert visits.over() == []
    visits.disconnected(visit, 2)
    clock.now += LEAVE
    assert visits.over() == [visit]


@pytest.mark.parametrize(("whole", "patience"), [(True, ARRIVE), (False, 0.0)])
def test_a_page_that_never_connects_is_over(clock, whole, patience):
    visits = Visits(1, clock=clock)
    visit = visits.enter()
    clock.now = LOADING / 2
    assert visits.over() == []
    visits.sent(visit, whole=whole)
    clock.now += patience
    assert visits.over() == [visit]


def test_a_page_that_never_ends_loading_is_over(clock):
    visits = Visits(1, clock=clock)
    visit = visits.enter()
    clock.now = LOADING
    assert visits.over() == [visit]


def test_a_page_that_nobody_used_for_long_is_over_where_that_is_wanted(clock):
    visits = Visits(1, idle=60, clock=clock)
    visit = visits.enter()
    visits.connected(visit, 1)
    clock.now = 59
    visits.spoke(visit)
    clock.now = 100
    assert visits.over() == []
    clock.now = 119
    assert visits.over() == [visit]


def test_a_page_has_few_sockets(clock):
    visits = Visits(1, clock=clock)
    visit = visits.enter()
    assert all(visits.connected(visit, n) for n in range(MOST_SOCKETS))
    assert not visits.connected(visit, "one more")


def test_a_visit_that_is_over_gets_no_socket(clock):
    visits = Visits(1, clock=clock)
    visit = visits.enter()
    visits.end(visit)
    assert not visits.connected(visit, 1)


@pytest.mark.process
def test_the_patience_and_the_dead_connections_fit_into_a_minute():
    from mpviz.serving.handlers import PING

    closing = 5  # seconds that tornado waits for a goodbye
    assert PING + PING + closing + LEAVE < 40
    assert ARRIVE < 60
