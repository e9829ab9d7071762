"""A module of a user's, with globals that a program sets at run time."""

import decimal

DIVISOR = decimal.Decimal(3)
limit = -1
chosen = "a"
names = {"one", "two", "three"}
options = {"depth": 1}
connection = None
table = b""


class Level:
    def __init__(self):
        self.level = 1


current = Level()


def choose(value):
    global chosen  # noqa: PLW0603  as a user does
    chosen = value


def limited(value):
    return limit * value


def connected(value):
    return connection is not None


def looked_up(value):
    return len(table)
