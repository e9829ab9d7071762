"""What the caller's modules hold that a fresh import would not: globals set at run time.

A run begins in a clean process, which imports the workload's module anew. With plain
`multiprocessing` the workers of the fork start method, threads and the caller itself see the
module as the caller has left it. So the globals that the workload's code names, in modules of the
user's own, travel along, and those that differ from a fresh import's are set in the host. Spawned
workers import anew with plain `multiprocessing` as well: there nothing is set.

Not looked at: what is named only as a text (``getattr``, ``globals()``), and the modules of the
standard library and of installed packages. Standard library only.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pickle
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

_INSTALLED = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_PACKAGES = ("site-packages", "dist-packages")


class NotCarried(Exception):
    """A global that can't be carried, and is another one after a fresh import."""


class Global(NamedTuple):
    """A global of the caller's: where it is, its type, and its pickle or why it has none."""

    module: str
    name: str
    kind: str
    data: bytes
    why: str


def pack_state(function: Callable[..., Any], dump: Callable[[Any], bytes]) -> list[Global]:
    """The globals that a function names, pickled one by one for `restore`.

    Parameters
    ----------
    function
        The workload.
    dump
        Pickles a value.
    """
    packed = []
    for module, name, value in globals_of(function):
        if module == "__main__":
            continue  # travels with the function, by value
        data, why = b"", ""
        try:
            data = dump(value)
        except Exception as error:
            why = str(error)
        packed.append(Global(module, name, _kind(value), data, why))
    return packed


def restore(packed: Iterable[Global]) -> None:
    """Set the globals that differ here from the caller's.

    Raises
    ------
    NotCarried
        For one that can't be carried and is of another type here, in a sentence.
    """
    for module, name, kind, data, why in packed:
        here = vars(importlib.import_module(module))
        fresh = here.get(name)
        if data:
            value = pickle.loads(data)
            if name not in here or not _same(fresh, value):
                here[name] = value
        elif _kind(fresh) != kind:
            raise NotCarried(
                f"{module}.{name} is a {kind} in the caller and a {_kind(fresh)} after a fresh"
                f" import, and it can't be carried to a clean process ({why})"
            )


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    try:
        return pickle.dumps(one) == pickle.dumps(other)
    except Exception:
        return False


def _kind(value: Any) -> str:
    return type(value).__qualname__


def globals_of(function: Callable[..., Any]) -> Iterator[tuple[str, str, Any]]:
    """Each global, as (module, name, value), that is data and named by what the function runs.

    Followed are functions, classes, methods, partials and callable objects of the user's own
    modules and of `__main__`.
    """
    seen: set[int] = set()
    to_do: list[Any] = [function]
    found: dict[tuple[str, str], Any] = {}
    while to_do:
        code = to_do.pop()
        if id(code) in seen:
            continue
        seen.add(id(code))
        to_do += _parts(code)
        if not inspect.isfunction(code) or not _is_own(code.__globals__.get("__name__")):
            continue
        names = list(_names(code.__code__))
        for name in names:
            if name in code.__globals__:
                _sort(code.__globals__, name, names, to_do, found)
    yield from ((module, name, value) for (module, name), value in found.items())


def _sort(
    where: dict[str, Any],
    name: str,
    names: list[str],
    to_do: list[Any],
    found: dict[tuple[str, str], Any],
) -> None:
    """Put a global with the code to be followed or the data that was found."""
    value, module = where[name], where["__name__"]
    if isinstance(value, ModuleType):
        if _is_own(value.__name__) and value.__name__ != module:
            inside = vars(value)
            for inner in names:
                if inner in inside and not isinstance(inside[inner], ModuleType):
                    _sort(inside, inner, names, to_do, found)
    elif inspect.isroutine(value) or isinstance(value, type):
        to_do.append(value)
    elif not (name.startswith("__") and name.endswith("__")):
        found[module, name] = value
        to_do.append(value if callable(value) else type(value))


def _parts(code: Any) -> list[Any]:
    """What a piece of code consists of, besides its own instructions."""
    if isinstance(code, functools.partial):
        return [code.func, *code.args, *code.keywords.values()]
    if inspect.ismethod(code):
        return [code.__func__, type(code.__self__)]
    if isinstance(code, type):
        if not _is_own(code.__module__):
            return []
        return [*vars(code).values(), *code.__bases__]
    if isinstance(code, (staticmethod, classmethod)):
        return [code.__func__]
    if isinstance(code, property):
        return [one for one in (code.fget, code.fset, code.fdel) if one]
    if inspect.isfunction(code):
        cells = [cell.cell_contents for cell in code.__closure__ or () if _filled(cell)]
        return [one for one in cells if callable(one)] + [getattr(code, "__wrapped__", None)]
    if inspect.isroutine(code):  # lru_cache, say
        return [getattr(code, "__wrapped__", None)]
    if callable(code):
        return [type(code), *filter(callable, getattr(code, "__dict__", {}).values())]
    return []


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


@functools.cache
def _is_own(name: str | None) -> bool:
    """Whether a module is the user's own: a file, not of the standard library nor installed."""
    if name == "__main__":
        return True
    file = getattr(sys.modules.get(name or ""), "__file__", None)
    if not file or (name or "").partition(".")[0] == "mpviz":
        return False
    path = Path(file)
    return not (
        any(path.is_relative_to(folder) for folder in _INSTALLED)
        or any(part in _PACKAGES for part in path.parts)
    )
