"""Threads, forks of the process, and workers of DataLoaders."""

import multiprocessing
import os
import pathlib
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import polyphase
from helpers import RECORDINGS, noise, require

# A minute of stereo: enough for several threads.
X = noise(2, 600_000).astype(np.float32)

# Far more than any of these tests takes, on a busy machine too: a deadlock takes for ever.
PATIENCE = 120


def run(code, **environment):
    """Runs a program, and returns what it prints."""
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **environment},
        cwd=os.path.dirname(__file__),
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.split()


@pytest.fixture
def restored_threads():
    before = polyphase.get_num_threads()
    yield
    polyphase.set_num_threads(before)


def test_the_number_of_threads_changes_no_bit(restored_threads):
    results = []
    for threads in (1, 2, 5):
        polyphase.set_num_threads(threads)
        assert polyphase.get_num_threads() == threads
        results.append(polyphase.resample(X, 48_000, 44_100))
    results += [polyphase.resample(X, 48_000, 44_100, threads=threads) for threads in (1, 3, 50)]
    assert all(np.array_equal(result, results[0]) for result in results)
    with pytest.raises(ValueError, match="threads is 0"):
        polyphase.set_num_threads(0)
    with pytest.raises(OverflowError):
        polyphase.set_num_threads(-1)


def test_threads_are_started_only_for_calls_that_need_them():
    code = """
import os, numpy, polyphase
def threads(): return len(os.listdir("/proc/self/task"))
before = threads()
polyphase.resample(numpy.zeros(1000), 48_000, 44_100)
polyphase.resample(numpy.zeros(10_000_000), 3, 2, threads=1)
print(threads() - before)
polyphase.set_num_threads(3)
polyphase.resample(numpy.zeros(1_000_000), 3, 2)
print(threads() - before)
"""
    if not os.path.isdir("/proc/self/task"):
        print("SKIPPED /proc/self/task does not exist here")
        pytest.skip("no /proc")
    assert run(code) == ["0", "3"]


def test_other_threads_run_meanwhile():
    """The global lock is released: a thread of Python counts while another resamples."""
    x = noise(8_000_000).astype(np.float32)
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    begin = time.perf_counter()
    while time.perf_counter() - begin < 0.3 or counted[0] - before < 3:
        polyphase.resample(x, 48_000, 44_100, preset="best", threads=1)
        assert time.perf_counter() - begin < PATIENCE
    stop.set()
    thread.join()
    assert counted[0] - before >= 3


def in_child(target):
    """Runs a function in a forked child, and returns its exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            target()
            code = 0
        finally:
            os._exit(code)
    begin = time.monotonic()
    while time.monotonic() - begin < PATIENCE:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_has_its_own_threads(restored_threads):
    polyphase.set_num_threads(2)
    expected = polyphase.resample(X, 48_000, 44_100)
    polyphase.resample(X[:, :100], 48_000, 44_100, backend="auto")

    def child():
        assert np.array_equal(polyphase.resample(X, 48_000, 44_100), expected)
        assert polyphase.resample(X[:, :100], 48_000, 44_100, backend="auto").shape == (2, 92)
        # Enough work to be divided, if more threads than one were allowed.
        long = polyphase.resample(X, 48_000, 44_100, preset="best", threads=1, backend="auto")
        assert long.shape == expected.shape
        assert in_child(lambda: polyphase.resample(X, 48_000, 44_100)) == 0

    assert in_child(child) == 0
    assert np.array_equal(polyphase.resample(X, 48_000, 44_100), expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forks_in_the_middle_of_calls_of_other_threads(restored_threads):
    """Each fork may come while others hold the locks of the library: of the pool, the plans, or a filter's design."""
    polyphase.set_num_threads(2)
    stop = threading.Event()
    done = [0] * 3

    def work(index):
        rate = 8_000
        while not stop.is_set():
            rate += 1  # a new filter each time
            polyphase.resample(X[:, :50_000], rate + index * 3_000, 8_000)
            polyphase.load(RECORDINGS / "stereo-44100.flac", 8_000 + rate % 7)
            done[index] += 1

    def child():
        for rate in (8_001, 8_002, 48_000):
            polyphase.resample(X, rate, 8_000)
        polyphase.load(RECORDINGS / "stereo-44100.flac", 8_000)

    workers = [threading.Thread(target=work, args=(index,)) for index in range(3)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(20):
            assert in_child(child) == 0
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    assert min(done) > 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_file_object_may_fork():
    import io

    class Forking(io.BytesIO):
        def read(self, size=-1):
            assert in_child(lambda: polyphase.resample(X[:, :100], 3, 2)) == 0
            return super().read(size)

    samples, _ = polyphase.load(Forking((RECORDINGS / "speech-22050.wav").read_bytes()))
    assert samples.size > 0


def of_process(length):
    return polyphase.resample(X[:, :length], 48_000, 16_000).sum()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_pools_of_processes(method):
    if method not in multiprocessing.get_all_start_methods():
        print(f"SKIPPED no start method {method}")
        pytest.skip(f"no start method {method}")
    polyphase.resample(X, 48_000, 44_100)
    lengths = [100_000, 200_000, 300_000, 400_000]
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(of_process, lengths).get(PATIENCE) == [of_process(length) for length in lengths]


def threads_of_the_pool():
    """Number of threads of this process that polyphase has started; None where the system does not tell."""
    tasks = pathlib.Path("/proc/self/task")
    if not tasks.is_dir():
        return None
    return sum((task / "comm").read_text().startswith("polyphase-") for task in tasks.iterdir())


class Clips:
    """A data set whose items tell the threads of the worker."""

    def __init__(self, ask):
        self.ask = ask

    def __len__(self):
        return 16

    def __getitem__(self, index):
        if self.ask:
            polyphase.set_num_threads(2)
        y = polyphase.resample(X[:, : 300_000 + index], 48_000, 44_100)
        return polyphase.get_num_threads(), threads_of_the_pool(), float(y.sum())


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("ask", [False, True])
def test_workers_of_a_dataloader_have_one_thread_unless_they_ask(method, ask, restored_threads):
    torch = require("torch")
    polyphase.set_num_threads(2)
    expected = [float(polyphase.resample(X[:, : 300_000 + index], 48_000, 44_100).sum()) for index in range(16)]
    loader = torch.utils.data.DataLoader(
        Clips(ask),
        batch_size=None,
        num_workers=4,
        multiprocessing_context=method,
        timeout=PATIENCE,
    )
    items = list(loader)
    assert [sums for _, _, sums in items] == expected
    assert {threads for threads, _, _ in items} == {2 if ask else 1}
    # A thread gets its name a moment after it was started.
    assert {started for _, started, _ in items} <= ({0, 1, 2, None} if ask else {0, None})
