"""Recordings that the workers of torch's DataLoader load and resample."""

import os
import threading
import time
from pathlib import Path

import pytest

import polyphase
from helpers import RECORDINGS, require

torch = require("torch")
from polyphase import functional as F  # noqa: E402
from polyphase import transforms as T  # noqa: E402

FILES = sorted(str(path) for path in RECORDINGS.iterdir() if path.suffix in (".wav", ".flac", ".mp3", ".ogg"))

# Enough work for threads, if there were any.
LONG = torch.rand(4, 400_000, generator=torch.Generator().manual_seed(0)) - 0.5

# Far more than a loader takes, on a busy machine too: a deadlock takes for ever.
PATIENCE = 120


def pool_threads():
    """Number of threads of the library in this process, or None if the system does not tell."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return None
    return sum("polyphase" in (task / "comm").read_text() for task in tasks.iterdir())


class Recordings(torch.utils.data.Dataset):
    """Each item of 24: a recording at 16 kHz, a sum over a long resampled tensor, and the threads of the worker."""

    def __init__(self):
        self.to_8k = T.Resample(16_000, 8_000)

    def __len__(self):
        return 24

    def __getitem__(self, index):
        samples, _ = polyphase.load(FILES[index % len(FILES)], sr=16_000)
        sums = F.resample(LONG, 48_000, 44_100 - index % 2).double().sum()
        return self.to_8k(torch.from_numpy(samples)), sums, polyphase.get_num_threads(), pool_threads()


def ask_for_two_threads(worker):
    polyphase.set_num_threads(2)


def pad(items):
    clips = [item[0] for item in items]
    return torch.nn.utils.rnn.pad_sequence(clips, batch_first=True), [len(clip) for clip in clips], items


@pytest.fixture(scope="module")
def expected():
    recordings = Recordings()
    return [recordings[index][:2] for index in range(len(recordings))]


@pytest.fixture
def threads_before():
    before = polyphase.get_num_threads()
    polyphase.set_num_threads(3)
    # The parent has threads of its own before it forks. They get their names after they start.
    polyphase.resample(LONG.numpy(), 48_000, 44_100)
    for _ in range(1000):
        if pool_threads() != 0:
            break
        time.sleep(0.01)
    assert pool_threads() != 0
    yield
    polyphase.set_num_threads(before)


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker")
@pytest.mark.parametrize(
    ("method", "asked"), [("fork", None), ("spawn", None), ("forkserver", None), ("fork", ask_for_two_threads)]
)
def test_four_workers_have_one_thread_each_unless_they_ask(method, asked, expected, threads_before):
    if method not in torch.multiprocessing.get_all_start_methods():
        print(f"SKIPPED no start method {method}")
        pytest.skip(f"no start method {method}")
    loader = torch.utils.data.DataLoader(
        Recordings(),
        batch_size=3,
        num_workers=4,
        collate_fn=pad,
        worker_init_fn=asked,
        multiprocessing_context=method,
        timeout=PATIENCE,
    )
    items = []
    for padded, lengths, rows in loader:
        assert padded.shape == (3, max(lengths))
        items += rows
    assert len(items) == len(expected)
    for (clip, sums, threads, started), (wanted_clip, wanted_sums) in zip(items, expected, strict=True):
        assert torch.equal(clip, wanted_clip) and sums == wanted_sums
        if asked is None:
            assert threads == 1 and started in (0, None)
        else:
            # torch's own number, which tensors keep to, is 1 in a worker.
            assert threads == 2 and started in (0, None)


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_workers_start_while_other_threads_load(expected, threads_before):
    stop, loads = threading.Event(), [0, 0]

    def load(index):
        while not stop.is_set():
            polyphase.load(FILES[loads[index] % len(FILES)], sr=16_000 + loads[index] % 5)
            polyphase.resample(LONG.numpy()[:, :50_000], 48_000, 44_100)
            loads[index] += 1

    threads = [threading.Thread(target=load, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            loader = torch.utils.data.DataLoader(
                Recordings(), batch_size=None, num_workers=4, multiprocessing_context="fork", timeout=PATIENCE
            )
            for (clip, *_), (wanted, _) in zip(loader, expected, strict=True):
                assert torch.equal(clip, wanted)
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert min(loads) > 0 and not any(thread.is_alive() for thread in threads)


def test_a_worker_names_the_recording_that_it_cannot_read(tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"RIFF")

    class Bad(torch.utils.data.Dataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return polyphase.load(tmp_path / "bad.wav")

    loader = torch.utils.data.DataLoader(Bad(), num_workers=1, multiprocessing_context="fork", timeout=PATIENCE)
    with pytest.raises(OSError, match="bad.wav"):
        list(loader)
    with pytest.raises(polyphase.AudioFileError):
        list(loader)
