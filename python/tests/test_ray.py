"""Batches of recordings, and a folder of them on a cluster of three nodes, of which one is killed."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import polyphase
from helpers import RECORDINGS, REPOSITORY, noise, require
from polyphase.ray import Resample

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
ray = require("ray")
import fsspec  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

EXAMPLE = REPOSITORY / "python" / "examples" / "ray_folder.py"
RATE = 16_000

# Far more than a run takes, on a busy machine too: a cluster that hangs does so for ever.
PATIENCE = 240


def saved(samples, rate, container="wav", sample_format="i16"):
    file = io.BytesIO()
    polyphase.save(file, samples, rate, container=container, sample_format=sample_format)
    return file.getvalue()


def outcome(source, **options):
    """The samples of a recording, or the error that a row holds, on this machine."""
    try:
        return polyphase.load(source, RATE, preset="high", **options)[0], None
    except (OSError, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"


# --- batches ---

GOOD = saved(noise(2, 4_410), 44_100)
ALSO_GOOD = saved(noise(1, 4_800, seed=1), 48_000, "flac")
BAD = GOOD[:1000]


@pytest.mark.parametrize("mono", [True, False])
def test_tables_of_bytes(mono):
    table = pa.table({"bytes": [GOOD, BAD, None, ALSO_GOOD], "speaker": ["a", "b", "c", "d"], "error": [1, 2, 3, 4]})
    result = Resample(RATE, mono)(table)
    assert result.column_names == ["speaker", "audio", "rate", "error"]
    assert result["speaker"].to_pylist() == ["a", "b", "c", "d"]
    assert result["rate"].to_pylist() == [RATE, None, None, RATE]
    assert result["error"].to_pylist() == [
        None,
        outcome(BAD)[1],
        "ValueError: there is no recording: the value is null",
        None,
    ]
    assert "truncated" in result["error"][1].as_py()
    audio = result["audio"].to_pylist()
    assert audio[1] is None and audio[2] is None
    for index, source in ((0, GOOD), (3, ALSO_GOOD)):
        expected = outcome(source, mono=mono)[0]
        assert np.array_equal(np.array(audio[index], np.float32), expected)
        assert expected.shape == ((1_600,) if mono else (2 - index // 3, 1_600))
    kind = pa.large_list(pa.float32())
    assert result["audio"].type == (kind if mono else pa.large_list(kind))


def test_an_empty_batch_has_the_same_columns():
    for mono in (True, False):
        resample = Resample(mono=mono)
        table = pa.table({"bytes": pa.array([], pa.binary())})
        assert resample(table).schema == resample(pa.table({"bytes": [GOOD]})).schema
        assert {key: len(value) for key, value in resample({"bytes": np.empty(0, object)}).items()} == {
            "audio": 0,
            "rate": 0,
            "error": 0,
        }


@pytest.mark.parametrize("mono", [True, False])
def test_dicts_of_arrays(mono):
    batch = {"bytes": np.array([GOOD, BAD], object), "speaker": np.array(["a", "b"])}
    result = Resample(RATE, mono)(batch)
    assert list(result) == ["speaker", "audio", "rate", "error"] and list(batch) == ["bytes", "speaker"]
    assert np.array_equal(result["audio"][0], outcome(GOOD, mono=mono)[0])
    assert result["audio"][0].dtype == np.float32 and result["audio"][1].size == 0
    assert result["audio"][1].ndim == result["audio"][0].ndim
    assert list(result["error"]) == [None, outcome(BAD)[1]] and list(result["rate"]) == [RATE, RATE]


def test_paths_and_urls(tmp_path):
    path = str(RECORDINGS / "stereo-44100.flac")
    with fsspec.open("memory://polyphase/test.flac", "wb") as file:
        file.write(Path(path).read_bytes())
    names = [
        path,
        f"file://{path}",
        "memory://polyphase/test.flac",
        str(tmp_path),
        "memory://polyphase/none",
        str(tmp_path / "none.wav"),
        "unheard-of://file",
    ]
    for batch in (pa.table({"path": names}), {"path": np.array(names, object)}, {"path": np.array(names)}):
        result = Resample(RATE)(batch)
        assert list(result["path"].to_pylist() if isinstance(batch, pa.Table) else result["path"]) == names
        for index in range(3):
            audio = result["audio"][index]
            audio = audio.values.to_numpy() if isinstance(batch, pa.Table) else audio
            assert np.array_equal(audio, outcome(path)[0])
        errors = [str(error) for error in result["error"]][3:]
        assert [error.split(":")[0] for error in errors] == [
            "AudioFileError",
            "FileNotFoundError",
            "FileNotFoundError",
            "ValueError",
        ]
        assert names[3] in errors[0] and names[5] in errors[2]


def test_the_structs_of_hugging_face():
    samples = noise(4_410).astype(np.float32)
    rows = [
        {"bytes": GOOD, "path": "gone.wav"},
        {"bytes": None, "path": str(RECORDINGS / "speech-22050.wav")},
        {"bytes": None, "path": None},
    ]
    result = Resample(RATE)(pa.table({"audio": rows}))
    assert result.column_names == ["audio", "rate", "error"]
    assert np.array_equal(result["audio"][0].values, outcome(GOOD)[0])
    assert np.array_equal(result["audio"][1].values, outcome(RECORDINGS / "speech-22050.wav")[0])
    assert not result["audio"][2].is_valid and "no recording" in result["error"][2].as_py()
    rows = [{"array": samples, "sampling_rate": 44_100}, {"array": samples[:100], "sampling_rate": 32_000}]
    expected = [polyphase.resample(row["array"], row["sampling_rate"], RATE, preset="high", threads=1) for row in rows]
    for batch in (pa.table({"audio": rows}), {"audio": np.array(rows, object)}):
        for actual, wanted in zip(Resample(RATE)(batch)["audio"], expected, strict=True):
            assert np.array_equal(getattr(actual, "values", actual), wanted)


def test_arrays_of_samples():
    floats = noise(2, 4_800).astype(np.float32)
    integers = (floats[0] * 32_768).astype(np.int16)
    batch = {"wave": np.empty(4, object), "hz": np.array([48_000, 44_100, 8_000, 0])}
    for index, samples in enumerate((floats, integers, floats[1], floats)):
        batch["wave"][index] = samples
    result = Resample(RATE, column="wave", orig_freq="hz")(batch)
    options = {"preset": "high", "threads": 1}
    assert np.array_equal(result["audio"][0], polyphase.resample(floats.mean(0), 48_000, RATE, **options))
    wanted = polyphase.resample(integers / 32_768, 44_100, RATE, **options).astype(np.float32)
    assert np.array_equal(result["audio"][1], wanted)
    assert np.array_equal(result["audio"][2], polyphase.resample(floats[1], 8_000, RATE, **options))
    assert result["error"][3] == "ValueError: orig_freq is 0: a sampling rate must be at least 1"
    assert "hz" in result and "wave" not in result
    channels = Resample(RATE, False, column="wave", orig_freq=48_000)(batch)["audio"]
    assert np.array_equal(channels[0], polyphase.resample(floats, 48_000, RATE, **options))
    assert channels[1].shape == (1, 1_600)
    lists = pa.table({"wave": [floats[0].tolist(), integers.tolist()], "more": [floats.tolist()] * 2})
    assert np.array_equal(
        Resample(RATE, column="wave", orig_freq=48_000)(lists)["audio"][0].values,
        polyphase.resample(floats[0].astype(np.float64), 48_000, RATE, **options).astype(np.float32),
    )
    more = Resample(RATE, False, column="more", orig_freq=48_000)(lists)["audio"].to_pylist()
    assert np.array(more).shape == (2, 2, 1_600)
    without = Resample(RATE, column="wave")(batch)
    assert all("orig_freq gives it" in error for error in without["error"])


def test_what_is_no_recording_but_a_mistake():
    for arguments in ({"rate": 0}, {"preset": "none"}, {"orig_freq": -1}):
        with pytest.raises(ValueError):
            Resample(**arguments)
    with pytest.raises(ValueError, match="no column bytes or audio or path: its columns are a, b"):
        Resample()(pa.table({"a": [1], "b": [2]}))
    with pytest.raises(ValueError, match="no column wave"):
        Resample(column="wave")({"bytes": np.array([GOOD], object)})
    with pytest.raises(TypeError, match="type bool"):
        Resample(column="wave")({"wave": np.array([True])})
    with pytest.raises(TypeError, match="of type list"):
        Resample()([GOOD])


def test_ray_is_imported_only_by_those_who_use_it():
    code = "import sys, polyphase, polyphase.ray; print([m for m in ('ray', 'pyarrow', 'fsspec') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


# --- parts of the example, without a cluster ---


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE.parent))
    import ray_folder

    return ray_folder


@pytest.fixture
def store():
    """A store that is no local folder, with recordings of one, two and nine channels, and a bad one."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    names = {
        "a/1.wav": saved(noise(1, 8_000), 8_000),
        "a/2.flac": saved(noise(2, 4_800), 48_000, "flac"),
        "9.WAV": saved(noise(9, 4_410), 44_100),
        "bad.mp3": b"",
        "none.txt": b"none",
    }
    for name, data in names.items():
        files.pipe_file(f"/in/{name}", data)
    yield names
    files.store.clear()


@pytest.mark.parametrize("group", [1, 1 << 24])
@pytest.mark.parametrize("mono", [True, False])
@pytest.mark.parametrize("kind", ["parquet", "flac"])
def test_a_part_in_a_store(example, store, monkeypatch, tmp_path, kind, mono, group):
    monkeypatch.setattr(example, "GROUP_SAMPLES", group)
    settings = example.Settings(kind, "i24", RATE, mono, "high")
    source, output = example.Folder("memory://in"), example.Folder("memory://out")
    parts = example.plan(source, output, 3, False)
    assert parts == [["9.WAV", "a/1.wav", "a/2.flac"], ["bad.mp3"]]
    frames = [RATE, 1_600, 1_600]
    assert example.convert_part("memory://in", "memory://out", settings, parts[0]) == (
        3,
        kind == "flac" and not mono,
        pytest.approx(sum(frames) / RATE),
    )
    # What a worker that died has left is no result, and is removed.
    output.files.pipe_file(f"/out/a/{example.TEMPORARY}1-1.wav.flac", b"fLaC")
    output.remove_temporaries()
    assert example.plan(source, output, 3, False) == [["bad.mp3"]]
    assert example.convert_part("memory://in", "memory://out", settings, ["bad.mp3"]) == (1, 1, 0)
    assert example.plan(source, output, 3, False) == []
    bad = [["bad.mp3"]] if kind == "parquet" or mono else [["bad.mp3"], parts[0]]
    assert sorted(example.plan(source, output, 3, True)) == sorted(bad)
    output.files.get("/out", str(tmp_path), recursive=True)
    found = rows(next(tmp_path.rglob("part-*")).parent)
    files = {name for name in output.names() if not name.startswith("part-")}
    for name in ("9.WAV", "a/1.wav", "a/2.flac"):
        samples = outcome(store[name], mono=mono)[0]
        if kind == "parquet":
            actual = np.array(found[name]["audio"].as_py(), np.float32)
            assert actual.shape == samples.shape and np.array_equal(actual, samples)
        elif samples.ndim == 1 or len(samples) <= 8:
            files.remove(f"{name}.flac")
            assert output.files.cat_file(f"/out/{name}.flac") == saved(samples, RATE, "flac", "i24")
        else:
            assert "ValueError" in found[name]["error"].as_py() and found[name]["file"].as_py() is None
    assert files == set()
    # The same recording in two parts is noticed.
    example.convert_part("memory://in", "memory://out", settings, parts[0][:1])
    with pytest.raises(SystemExit, match="two parts hold the same recording"):
        example.plan(source, output, 3, False)


def test_what_the_example_refuses(example, tmp_path, capsys):
    for arguments, words in (
        ([tmp_path / "none", tmp_path / "out"], "is no folder"),
        ([tmp_path, tmp_path / "out"], "is inside of the source"),
        ([tmp_path, tmp_path], "is inside of the source"),
        ([tmp_path, tmp_path, "--rate", "0"], "a sampling rate is above 0"),
        ([tmp_path, tmp_path, "--part", "0"], "must be at least 1"),
        ([tmp_path, tmp_path, "--preset", "none"], "none"),
    ):
        with pytest.raises(SystemExit) as error:
            example.main(list(map(str, arguments)))
        assert error.value.code == 2 and words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# --- a cluster ---


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """500 recordings in folders: WAV and FLAC, a few of them long, some damaged; and a file that is none."""
    folder = tmp_path_factory.mktemp("recordings")
    for index in range(500):
        rate, channels = [(44_100, 2), (48_000, 1), (22_050, 1), (8_000, 2)][index % 4]
        seconds = 30 if index % 50 == 7 else 0.2 + index % 7 / 10
        t = np.arange(round(rate * seconds)) / rate
        samples = 0.3 * np.sin(t * (index + 500)) + 0.01 * noise(channels, len(t), seed=index)
        container = "flac" if index % 3 == 0 else "wav"
        data = saved(samples, rate, container)
        if index % 41 == 5:
            middle = len(data) // 2
            flipped = data[:middle] + b"\xff" * 9 + data[middle + 9 :] if container == "flac" else data[:30]
            data = [data[:middle], b"", b"not a recording", flipped][index // 41 % 4]
        path = folder / f"{index % 10}" / f"{index:03}.{container}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    (folder / "readme.txt").write_text("none")
    return folder


@pytest.fixture(scope="module")
def expected(recordings):
    """What one machine makes of the recordings."""
    paths = sorted(path for path in recordings.rglob("*") if path.suffix in (".wav", ".flac"))
    return {path.relative_to(recordings).as_posix(): outcome(str(path)) for path in paths}


NODE = {"num_cpus": 1, "object_store_memory": 100 << 20}
WORKER = {**NODE, "resources": {"worker": 2}}


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.fixture
def three_nodes(cluster):
    """The cluster, with the nodes that a test has killed replaced."""
    while len(cluster.worker_nodes) < 2:
        cluster.add_node(**WORKER)
    return cluster


def children(process):
    """Processes that a process has started, and the title of each."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"\nPPid:\t{process}\n" in (entry / "status").read_text():
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            pass
    return found


def kill_in_the_middle(cluster, title):
    """Kills a node and its workers while one of them runs a task. The head is spared."""
    deadline = time.monotonic() + PATIENCE
    while True:
        for node in cluster.worker_nodes:
            workers = children(node.all_processes["raylet"][0].process.pid)
            busy = [text.strip() for text in workers.values() if title in text]
            if busy:
                cluster.remove_node(node, allow_graceful=False)
                for worker in workers:
                    try:
                        os.kill(worker, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                print(f"killed a node in the middle of {busy[0]}")
                return
        assert time.monotonic() < deadline, f"no node runs {title}"
        time.sleep(0.002)


def start(cluster, *arguments):
    command = [sys.executable, str(EXAMPLE), *map(str, arguments), "--address", cluster.address]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def end(process, code):
    output, _ = process.communicate(timeout=PATIENCE)
    print(output)
    assert process.returncode == code, output
    return output


def rows(folder):
    """The rows of all parts, by path: each is there once."""
    found = {}
    for part in folder.glob("part-*.parquet"):
        table = pq.read_table(part)
        for index, path in enumerate(table["path"].to_pylist()):
            assert path not in found
            found[path] = {name: table[name][index] for name in table.column_names}
    return found


def check_parquet(folder, expected):
    found = rows(folder)
    assert sorted(found) == sorted(expected)
    for path, (samples, error) in expected.items():
        row = found[path]
        assert row["error"].as_py() == error
        if samples is None:
            assert not row["audio"].is_valid and not row["rate"].is_valid
        else:
            assert row["audio"].values.to_numpy().tobytes() == samples.tobytes() and row["rate"].as_py() == RATE
    assert not list(folder.rglob(".polyphase-*"))


def test_the_recordings_are_what_the_tests_need(expected):
    errors = [error for _, error in expected.values() if error is not None]
    assert len(expected) == 500 and len(set(errors)) == 13


def test_a_folder_becomes_parquet_although_a_node_dies(three_nodes, recordings, expected, tmp_path):
    process = start(three_nodes, recordings, tmp_path, "--part", 20)
    kill_in_the_middle(three_nodes, "convert_part")
    assert "500 recordings in" in end(process, 1)
    assert len(list(tmp_path.glob("part-*.parquet"))) == 25
    check_parquet(tmp_path, expected)


def test_a_folder_becomes_flac_although_a_node_dies(three_nodes, recordings, expected, tmp_path):
    process = start(three_nodes, f"file://{recordings}", tmp_path, "--part", 20, "--format", "flac")
    kill_in_the_middle(three_nodes, "convert_part")
    assert "13 with errors" in end(process, 1)
    found = rows(tmp_path)
    assert sorted(found) == sorted(expected)
    files = set()
    for path, (samples, error) in expected.items():
        row = {name: value.as_py() for name, value in found[path].items()}
        # The paths of errors are URLs here.
        assert (row["error"] is None) == (error is None) and row["audio"] is None
        assert row["file"] == (f"{path}.flac" if error is None else None)
        if error is None:
            files.add(row["file"])
            assert (tmp_path / row["file"]).read_bytes() == saved(samples, RATE, "flac")
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.flac")} == files
    assert not list(tmp_path.rglob(".polyphase-*"))


def test_a_run_goes_on_where_it_was_interrupted(three_nodes, recordings, expected, tmp_path):
    process = start(three_nodes, recordings, tmp_path, "--part", 20)
    deadline = time.monotonic() + PATIENCE
    while len(list(tmp_path.glob("part-*.parquet"))) < 3:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.communicate()
    interrupted = len(list(tmp_path.glob("part-*.parquet")))
    assert interrupted < 25
    (tmp_path / ".polyphase-left-part").write_bytes(b"a part")
    output = end(start(three_nodes, recordings, tmp_path, "--part", 20), 1)
    assert int(output.split()[0]) >= 20 * interrupted
    check_parquet(tmp_path, expected)
    # Nothing is left to do, and other settings are refused.
    assert "500 recordings are done, 0 are new, 0 are tried again" in end(start(three_nodes, recordings, tmp_path), 0)
    assert "other settings" in end(start(three_nodes, recordings, tmp_path, "--rate", 8_000), 1)
    # A recording is repaired.
    path = next(path for path, (_, error) in expected.items() if error is not None)
    original = (recordings / path).read_bytes()
    try:
        (recordings / path).write_bytes(GOOD)
        assert "500 recordings are done" in end(start(three_nodes, recordings, tmp_path, "--retry"), 1)
        check_parquet(tmp_path, {**expected, path: outcome(GOOD)})
    finally:
        (recordings / path).write_bytes(original)


def test_a_data_set_of_ray_although_a_node_dies(three_nodes, recordings, expected):
    ray.init(address=three_nodes.address, log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().enable_progress_bars = False
    data = ray.data.read_binary_files(str(recordings), include_paths=True, file_extensions=["wav", "flac"])
    # Workers run beyond the head, and one node is enough for both.
    data = data.map_batches(
        Resample,
        fn_constructor_kwargs={"rate": RATE},
        batch_format="pyarrow",
        batch_size=16,
        concurrency=2,
        num_cpus=0.5,
        resources={"worker": 1},
    )
    killer = threading.Thread(target=kill_in_the_middle, args=(three_nodes, "(Resample)).submit"), daemon=True)
    killer.start()
    found = data.take_all()
    killer.join(10)
    assert len(three_nodes.worker_nodes) == 1
    assert sorted(os.path.relpath(row["path"], recordings) for row in found) == sorted(expected)
    for row in found:
        samples, error = expected[os.path.relpath(row["path"], recordings)]
        assert (row["error"] is None) == (error is None)
        if samples is not None:
            assert np.array_equal(np.asarray(row["audio"], np.float32), samples)
