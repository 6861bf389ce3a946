"""The Python examples of the READMEs run as they stand."""

import pathlib
import re
import shutil
import types

import numpy
import pytest

from helpers import require

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("document", ["README.md", "python/README.md"])
def test_examples_of_the_readmes_run(document, tmp_path, monkeypatch):
    torch = require("torch")
    require("ray")
    shutil.copy(ROOT / "tests/data/speech-mpeg-22050.mp3", tmp_path / "speech.mp3")
    monkeypatch.chdir(tmp_path)

    def map_batches(function, fn_constructor_kwargs, batch_format):
        """Ray's, but for the batches."""
        return function(**fn_constructor_kwargs)

    names = {
        "x": numpy.zeros(48_000, numpy.float32),
        "waveform": torch.zeros(2, 48_000),
        "clips": [numpy.zeros(480, numpy.float32), numpy.zeros(441, numpy.float32)],
        "orig_freqs": [48_000, 44_100],
        "dataset": types.SimpleNamespace(map_batches=map_batches),
    }
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / document).read_text(), re.M | re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, document, "exec"), names)
    assert names["y"].shape == (16_000,)
