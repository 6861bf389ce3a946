"""The examples for Hugging Face's data sets and WebDataset's shards."""

import importlib.util
import io
import os
import subprocess
import sys
import tarfile

import numpy as np
import pytest

import polyphase
from helpers import RECORDINGS, REPOSITORY, require

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
datasets = require("datasets")
webdataset = require("webdataset")

EXAMPLES = REPOSITORY / "python" / "examples"
FILES = {path.name: path.read_bytes() for path in sorted(RECORDINGS.iterdir()) if path.suffix in (".wav", ".flac")}
FILES["bad.wav"] = FILES["speech-22050.wav"][:1_000]
RATE = 16_000
PATIENCE = 240


def run(name, *arguments, **environment):
    """Runs an example, and returns what it prints."""
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, **environment})
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def wanted(name):
    return polyphase.load(FILES[name], sr=RATE)[0]


@pytest.mark.parametrize("processes", [1, 2])
def test_datasets_map(tmp_path, processes):
    # `audiofolder` needs it, and it needs the libraries of ffmpeg.
    require("torchcodec.encoders")
    source, output = tmp_path / "source", tmp_path / "output"
    source.mkdir()
    for name, data in FILES.items():
        (source / name).write_bytes(data)
    lines = ["file_name,speaker", *(f"{name},of {name}" for name in FILES)]
    (source / "metadata.csv").write_text("\n".join(lines))
    printed = run("hf_datasets.py", source, output, "--processes", processes, HF_HOME=str(tmp_path / "home"))
    assert f"{len(FILES) - 1} recordings, 1 with errors" in printed
    rows = {row["speaker"].removeprefix("of "): row for row in datasets.load_from_disk(str(output))}
    assert sorted(rows) == sorted(FILES)
    for name, row in rows.items():
        assert row["rate"] == RATE
        if name == "bad.wav":
            assert "truncated" in row["error"] and row["samples"] == []
        else:
            assert row["error"] is None and np.array_equal(np.array(row["samples"], np.float32), wanted(name))


@pytest.fixture
def shards(tmp_path):
    """The URLs of three shards, and the file of each key that can be read."""
    names = {}
    for index in range(3):
        with tarfile.open(tmp_path / f"{index}.tar", "w") as tar:
            for name, data in FILES.items():
                stem, _, suffix = name.rpartition(".")
                key = f"{index}-{stem}"
                for member, contents in ((f"{key}.cls", b"3"), (f"{key}.{suffix}", data)):
                    info = tarfile.TarInfo(member)
                    info.size = len(contents)
                    tar.addfile(info, io.BytesIO(contents))
                if name != "bad.wav":
                    names[key] = name
    return f"{tmp_path}/{{0..2}}.tar", names


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker")
def test_webdataset_in_a_dataloader(shards):
    torch = require("torch")
    urls, names = shards
    spec = importlib.util.spec_from_file_location("webdataset_shards", EXAMPLES / "webdataset_shards.py")
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    for workers in (0, 2, 4):
        loader = torch.utils.data.DataLoader(
            example.resampled(urls, RATE),
            batch_size=None,
            num_workers=workers,
            multiprocessing_context="fork" if workers else None,
            timeout=PATIENCE if workers else 0,
        )
        found = [(key, np.asarray(clip)) for key, clip in loader]
        assert sorted(key for key, _ in found) == sorted(names)
        assert all(np.array_equal(clip, wanted(names[key])) for key, clip in found)


def test_webdataset_into_new_shards(shards, tmp_path):
    urls, names = shards
    printed = run("webdataset_shards.py", urls, "--output", tmp_path / "new")
    assert (
        all(f"left out {index}-bad: truncated" in printed for index in range(3))
        and f"{len(names)} recordings" in printed
    )
    found = {}
    for shard in sorted((tmp_path / "new").glob("*.tar")):
        with tarfile.open(shard) as tar:
            found |= {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
    assert sorted(found) == sorted(f"{key}.flac" for key in names)
    for key, name in names.items():
        file = io.BytesIO()
        polyphase.save(file, wanted(name), RATE, container="flac", sample_format="i16")
        assert found[f"{key}.flac"] == file.getvalue()
