"""The examples of docstrings, and the annotations."""

import doctest
import importlib
import inspect
import pkgutil

import numpy
import pytest

import polyphase
from helpers import require

GLOBALS = {"polyphase": polyphase, "numpy": numpy}
MODULES = ["polyphase", *(f"polyphase.{module.name}" for module in pkgutil.iter_modules(polyphase.__path__))]

NEED_TORCH = {"_device", "_function", "_torch", "functional", "transforms"}


def examples_of(name):
    """The examples of a docstring."""
    item = eval(name, GLOBALS)
    return doctest.DocTestParser().get_doctest(inspect.getdoc(item) or "", GLOBALS, name, None, None)


PUBLIC = [f"polyphase.{name}" for name in polyphase.__all__]
# A GPU may be missing; an exception has nothing to show; the others are shown by what returns them.
WITHOUT = {"polyphase.GpuResampler", "polyphase.AudioFileError", "polyphase.Response", "polyphase.get_num_threads"}


@pytest.mark.parametrize("name", PUBLIC)
def test_examples_of_the_api_are_right(name):
    threads = polyphase.get_num_threads()
    test = examples_of(name)
    assert test.examples or name in WITHOUT, f"{name} has no example"
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    polyphase.set_num_threads(threads)
    assert result.failed == 0


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith(("_native", "__main__"))])
def test_examples_of_modules_are_right(name):
    if name.split(".")[-1] in NEED_TORCH:
        require("torch")
    module = importlib.import_module(name)
    assert module.__doc__
    tests = [test for test in doctest.DocTestFinder().find(module, name, extraglobs=GLOBALS) if test.examples]
    if name.split(".")[-1] in ("functional", "transforms", "polyphase"):
        assert tests
    for test in tests:
        assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_is_documented(name):
    item = eval(name, GLOBALS)
    assert inspect.getdoc(item)
    if inspect.isclass(item):
        for key, member in vars(item).items():
            if not key.startswith("_"):
                assert inspect.getdoc(member), f"{name}.{key}"
