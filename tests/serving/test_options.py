"""Where the page is served and to whom: what is impossible or unsafe is one sentence."""

import socket

import pytest

from mpviz.core.errors import Refused
from mpviz.serving.options import serve_options


def test_at_home_no_token_is_asked_for_and_only_names_of_home_are_known():
    found = serve_options(8866)
    assert (found.ip, found.token, found.public) == ("127.0.0.1", "", False)
    assert found.hosts == {"localhost", "127.0.0.1", "[::1]"}
    assert found.address == "http://localhost:8866/"


def test_in_public_a_token_is_made_each_time_and_stands_in_the_address():
    one, two = (serve_options(8866, public=True, ip="192.0.2.7") for _ in range(2))
    assert one.token != two.token
    assert len(one.token) >= 32
    assert one.address == f"http://192.0.2.7:8866/?token={one.token}"


def test_all_addresses_of_this_machine_are_names_where_all_are_listened_on():
    names = serve_options(8866, public=True, ip="0.0.0.0", hosts=["Class.Example"]).hosts
    assert {"localhost", "127.0.0.1", "class.example", socket.gethostname().lower()} <= names


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"public": True}, "needs --ip"),
        ({"ip": "0.0.0.0"}, "add --public"),
        ({"ip": "nowhere"}, "is not an address"),
        ({"public": True, "ip": "0.0.0.0", "token": "short"}, "too short"),
        ({"public": True, "ip": "0.0.0.0", "token": "with a space in it, and more"}, "letters"),
        ({"public": True, "ip": "0.0.0.0", "token": "x" * 1000}, "at most"),
        ({"kernels": 0}, "--kernels"),
        ({"idle": float("nan")}, "--idle"),
        ({"hosts": ["a b"]}, "is not a host name"),
        ({"hosts": ["name:8866"]}, "without a port"),
    ],
)
def test_what_is_impossible_or_unsafe_is_refused_in_one_sentence(options, said):
    with pytest.raises(Refused, match=said) as caught:
        serve_options(8866, **options)
    assert len(str(caught.value).splitlines()) == 1


def test_a_token_of_ones_own_and_a_name_of_a_proxy_are_taken():
    found = serve_options(
        80, public=True, ip="::1", token="abcdefghijklmnop", hosts=["[2001:DB8::1]"]
    )
    assert found.token == "abcdefghijklmnop"
    assert {"[::1]", "[2001:db8::1]"} <= found.hosts
    assert found.address == "http://[::1]:80/?token=abcdefghijklmnop"
