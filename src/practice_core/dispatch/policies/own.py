"""A policy of one's own, from a Python file."""

from __future__ import annotations

import importlib.util
import pickle
import sys
from hashlib import blake2b
from importlib.abc import ExecutionLoader
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

from practice_core.dispatch.contract import Fitted, Policy
from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from practice_core.dispatch.contract import Decision, Draw, View
    from practice_core.orders import Order
    from practice_core.units import Duration

__all__ = ["FromFile", "load_policy"]

_LARGEST = 1 << 20
"""No policy needs a longer file, in bytes."""


def load_policy(text: str) -> Policy:
    """Load a policy from a Python file of one's own.

    This runs the file, with all the rights of whoever asks: name a file that you trust. Its text
    travels with the policy, so that worker processes, on other machines too, run the same text
    without the file; what it imports they must have.

    Parameters
    ----------
    text
        ``file.py:Name``. The name is a class that is made without arguments, or a policy.

    Returns
    -------
    Policy
        It pickles if what it holds pickles, and is `Fitted` if the policy is.

    Raises
    ------
    DefinitionError
        If the file cannot be read or run, or the name is no policy.

    Examples
    --------
    >>> load_policy("nearest.py")
    Traceback (most recent call last):
    practice_core.errors.DefinitionError: policy: 1 fault
      nearest.py: no colon; expected file.py:Name; name the policy in the file
    """
    path, colon, name = text.rpartition(":")
    if not colon:
        _refuse(text, "no colon", "file.py:Name", "name the policy in the file")
    source = _read(path)
    found: Any = _found(path, source, name)
    faults = tuple(_faults(f"{path}:{name}", found))
    if faults:
        raise DefinitionError("policy", faults)
    return _carried(path, source, found)


@attrs.frozen
class FromFile:
    """A policy and the text of the file it comes from; it decides as the policy does.

    Parameters
    ----------
    path, source
        The file, and its text when it was read.
    policy
        What was found in it.
    """

    path: str
    source: str = attrs.field(repr=False)
    policy: Policy

    @property
    def period(self) -> Duration:
        """How often it is asked."""
        return self.policy.period

    def choose(self, orders: Sequence[Order], view: View, draw: Draw) -> Sequence[Decision]:
        """Decide as the policy does."""
        return self.policy.choose(orders, view, draw)

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self.path, self.source, pickle.dumps(self.policy))


class FittedFromFile(FromFile):
    """The same, of a policy that is `Fitted`."""

    __slots__ = ()

    def fitted(self, *, eta: float, kd_per_km: float, kl: float, kn: float) -> Policy:
        """Give the policy's own copy with these coefficients."""
        fitted = self.policy.fitted  # type: ignore[attr-defined]  # see _carried
        copy = fitted(eta=eta, kd_per_km=kd_per_km, kl=kl, kn=kn)
        return _carried(self.path, self.source, copy)


def _carried(path: str, source: str, policy: Policy) -> FromFile:
    kind = FittedFromFile if isinstance(policy, Fitted) else FromFile
    return kind(path, source, policy)


def _restored(path: str, source: str, pickled: bytes) -> FromFile:
    _module(path, source)
    return _carried(path, source, pickle.loads(pickled))  # noqa: S301 - trusted as the file is


class _Loader(ExecutionLoader):
    """Loads a module from text, which need not be on this machine."""

    def __init__(self, path: str, source: str) -> None:
        self._path = path
        self._source = source

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - importlib's signature
        return self._path

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 - importlib's signature
        return self._source

    def is_package(self, fullname: str) -> bool:  # noqa: ARG002 - importlib's signature
        return False


def _module(path: str, source: str) -> ModuleType:
    """Give the module that a text makes: once in a process, under the same name in each."""
    digest = blake2b(f"{path}\n{source}".encode(), digest_size=16).hexdigest()
    name = f"practice_core_policy_{digest}"
    if name not in sys.modules:
        loader = _Loader(path, source)
        module = importlib.util.module_from_spec(ModuleSpec(name, loader, origin=path))
        module.__file__ = path
        sys.modules[name] = module
        try:
            loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST + 1)
        source = importlib.util.decode_source(content)
    except (OSError, ValueError, SyntaxError) as error:
        _refuse(path, f"cannot be read: {error}", "a Python file", "name another")
    if len(content) > _LARGEST:
        _refuse(path, f"more than {_LARGEST} bytes", "a file with a policy", "name another")
    return source


def _found(path: str, source: str, name: str) -> object:
    try:
        module = _module(path, source)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's file may raise
        _refuse(path, f"raises {_said(error)}", "a file that can be imported", "mend it")
    if name not in vars(module):
        known = ", ".join(sorted(n for n, each in vars(module).items() if _is_policy(each)))
        place = f"{path}:{name}"
        _refuse(place, f"no {name!r} in it", f"one of: {known or 'none'}", "name a policy")
    found = vars(module)[name]
    if not isinstance(found, type):
        return found
    try:
        return found()
    except Exception as error:  # noqa: BLE001 - as above
        made = f"raises {_said(error)} when made without arguments"
        _refuse(f"{path}:{name}", made, "defaults for all", "give them, or name an instance")


def _is_policy(found: object) -> bool:
    return isinstance(found, Policy)


def _faults(place: str, found: object) -> Iterator[Fault]:
    period = getattr(found, "period", None)
    if not isinstance(period, int) or period < 0:
        remedy = "give it one: 0 to be asked about each order"
        yield Fault(f"{place}: period", repr(period), "whole ms, 0 or more", remedy)
    choose = getattr(found, "choose", None)
    if not callable(choose):
        expected = "choose(orders, view, draw)"
        yield Fault(f"{place}: choose", repr(choose), expected, "write it")


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _refuse(place: str, found: str, expected: str, remedy: str) -> NoReturn:
    raise DefinitionError("policy", (Fault(place, found, expected, remedy),))
