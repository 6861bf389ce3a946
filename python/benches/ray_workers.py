"""Throughput of the example `ray_folder.py` with one, two and three workers, each a node of a cluster on this machine.

    python benches/ray_workers.py --count 500

More workers than the machine has cores do not help. Needs polyphase-resample[ray].
"""

import argparse
import io
import os
import sys
import tempfile
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

import polyphase
from polyphase.bench_load import voice

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples"))
import ray_folder  # noqa: E402

# The workers do not find the module under its name.
ray.cloudpickle.register_pickle_by_value(ray_folder)


def main():
    """Runs the bench."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="recordings")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a recording")
    parser.add_argument("--workers", type=int, default=3)
    chosen = parser.parse_args()
    settings = ray_folder.Settings("parquet", "i16", 16_000, True, "high")
    node = {"num_cpus": 1, "object_store_memory": 100 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "num_cpus": 0})
    for _ in range(chosen.workers):
        cluster.add_node(**node)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "source")
        os.mkdir(source)
        recordings = []
        for index in range(min(20, chosen.count)):
            file = io.BytesIO()
            samples = voice(index, chosen.seconds, 44_100, 2)
            polyphase.save(file, samples, 44_100, container=("wav", "flac")[index % 2], sample_format="i16")
            recordings.append(file.getvalue())
        for index in range(chosen.count):
            suffix = ("wav", "flac")[index % 2]
            Path(source, f"{index:04}.{suffix}").write_bytes(recordings[index % len(recordings)])
        names = ray_folder.Folder(source).names()
        parts = [names[first : first + 16] for first in range(0, len(names), 16)]
        for workers in (chosen.workers, *range(1, chosen.workers + 1)):
            output = os.path.join(folder, f"output-{workers}")
            os.makedirs(output, exist_ok=True)
            # The first run, with all workers, starts their processes.
            print(f"{workers} workers: ", end="", flush=True)
            ray_folder.convert_all(parts, source, output, settings, workers)
    ray.shutdown()
    cluster.shutdown()
    print(f"{os.cpu_count()} cores")


if __name__ == "__main__":
    main()
