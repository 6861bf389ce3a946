"""Resamples a folder of recordings on a Ray cluster, to Parquet or to FLAC files.

    python ray_folder.py s3://bucket/recordings s3://bucket/at-16k --address auto
    python ray_folder.py recordings at-16k --format flac --rate 24000

Source and output are folders that all machines see, or URLs of fsspec. polyphase-resample[ray] is installed on all.

The recordings are divided into parts, in the order of their names. A task converts a part, and then writes
`part-….parquet` under its final name in one step:

    column  path           file                error                                rate    audio
            in the source  in the output       null, or why it could not be read    in Hz   the samples
                           (FLAC only)                                                      (Parquet only)

So a part exists whole or not at all. The task of a worker that dies is run again elsewhere, and writes the same files.
A run that was interrupted goes on when it is started again: recordings that a part holds are not read again, unless
`--retry` asks for those with errors. New recordings get new parts. Only one run may write to an output at a time.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray

import polyphase
from polyphase.ray import Resample

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".aif", ".aiff", ".caf", ".mkv")

# Samples in a group of rows: what a worker holds in memory beside one recording, 64 MiB.
GROUP_SAMPLES = 1 << 24

# Tasks that are handed to Ray at once: enough for the largest cluster to be busy.
TASKS = 1000

# How often a part is tried: a recording that kills its worker each time must not be tried for ever.
RETRIES = 10

TEMPORARY = ".polyphase-"


@dataclass(frozen=True)
class Settings:
    """What decides about the results. One output folder has one."""

    format: str
    sample_format: str
    rate: float
    mono: bool
    preset: str


class Folder:
    """A folder of a file system of fsspec."""

    def __init__(self, url: str) -> None:
        self.files, path = fsspec.core.url_to_fs(url)
        self.path = path.rstrip("/")
        self.is_local = "file" in np.atleast_1d(self.files.protocol)
        # Local files are read by their path, without fsspec.
        self.prefix = self.path if self.is_local else self.files.unstrip_protocol(self.path)

    def names(self) -> list[str]:
        """Names of all files below the folder, relative to it, in order."""
        return sorted(path[len(self.path) + 1 :] for path in self.files.find(self.path))

    def write(self, name: str, data: bytes) -> None:
        """Writes a file that appears when it is whole."""
        folder, _, last = f"{self.path}/{name}".rpartition("/")
        temporary = f"{folder}/{TEMPORARY}{uuid.uuid4().hex}-{last}"
        self.files.makedirs(folder, exist_ok=True)
        with self.files.open(temporary, "wb") as file:
            file.write(data)
            if self.is_local:
                file.flush()
                os.fsync(file.fileno())
        self.files.mv(temporary, f"{self.path}/{name}")

    def remove_temporaries(self) -> None:
        """Removes what workers that died have left."""
        for name in self.names():
            if name.rpartition("/")[2].startswith(TEMPORARY):
                self.files.rm_file(f"{self.path}/{name}")


def convert_part(source: str, output: str, settings: Settings, paths: list[str]) -> tuple[int, int, float]:
    """Converts a part. Returns the number of recordings, of those with errors, and the seconds of audio."""
    recordings, folder = Folder(source), Folder(output)
    resample = Resample(settings.rate, settings.mono, settings.preset, column="url")
    part = Part(settings)
    for path in paths:
        batch = resample({"url": np.array([f"{recordings.prefix}/{path}"], object)})
        samples, error, file = batch["audio"][0], batch["error"][0], None
        if settings.format == "flac" and error is None:
            file = f"{path}.flac"
            try:
                folder.write(file, flac(samples, settings))
            except ValueError as refused:
                # FLAC holds no more than eight channels, for one.
                error, file = f"ValueError: {refused}", None
        part.add(path, file, error, samples)
    folder.write(part_name(paths), part.finish())
    return len(paths), part.errors, part.frames / settings.rate


class Part:
    """The Parquet file of a part."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        samples, samples_path = pa.float32(), "audio"
        for _ in range(1 if settings.mono else 2):
            samples, samples_path = pa.large_list(samples), samples_path + ".list.element"
        columns = {"path": pa.string(), "file": pa.string(), "error": pa.string(), "rate": pa.float64()}
        self.schema = pa.schema({**columns, "audio": samples})
        self.file = io.BytesIO()
        # The bytes of floats compress better when those of each significance are together.
        encoding = {"use_dictionary": False, "use_byte_stream_split": [samples_path]}
        self.writer = pq.ParquetWriter(self.file, self.schema, compression="zstd", **encoding)
        self.rows: list[dict[str, object]] = []
        self.held = self.frames = self.errors = 0

    def add(self, path: str, file: str | None, error: str | None, samples: np.ndarray) -> None:
        """Adds a row."""
        keeps = error is None and self.settings.format == "parquet"
        audio = (samples if self.settings.mono else list(samples)) if keeps else None
        rate = self.settings.rate if error is None else None
        self.rows.append({"path": path, "file": file, "error": error, "rate": rate, "audio": audio})
        self.errors += error is not None
        self.frames += samples.shape[-1]
        self.held += samples.size if keeps else 0
        if self.held >= GROUP_SAMPLES:
            self._write_rows()

    def finish(self) -> bytes:
        """The whole file."""
        self._write_rows()
        self.writer.close()
        return self.file.getvalue()

    def _write_rows(self) -> None:
        self.writer.write_table(pa.Table.from_pylist(self.rows, self.schema))
        self.rows, self.held = [], 0


def flac(samples: np.ndarray, settings: Settings) -> bytes:
    """A FLAC file."""
    file = io.BytesIO()
    polyphase.save(file, samples, settings.rate, container="flac", sample_format=settings.sample_format)
    return file.getvalue()


def part_name(paths: list[str]) -> str:
    """Name of a part, which its recordings decide."""
    return f"part-{hashlib.sha256(json.dumps(paths).encode()).hexdigest()[:20]}.parquet"


def finished_parts(folder: Folder) -> list[dict[str, list[str | None]]]:
    """Paths and errors of the parts that exist."""

    def read(name: str) -> dict[str, list[str | None]]:
        with folder.files.open(f"{folder.path}/{name}", "rb") as file:
            return pq.read_table(file, columns=["path", "error"]).to_pydict()

    names = [name for name in folder.names() if name.startswith("part-") and name.endswith(".parquet")]
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(read, names))


def plan(source: Folder, output: Folder, size: int, retry: bool) -> list[list[str]]:
    """The parts that are to be converted."""
    parts = finished_parts(output)
    held = [path for part in parts for path in part["path"]]
    if len(set(held)) < len(held):
        raise SystemExit(f"{output.path}: two parts hold the same recording, as after two runs at the same time")
    done = set(held)
    paths = [name for name in source.names() if name.lower().endswith(SUFFIXES) and name not in done]
    again = [part["path"] for part in parts if retry and any(part["error"])]
    print(f"{len(done)} recordings are done, {len(paths)} are new, {sum(map(len, again))} are tried again", flush=True)
    return again + [paths[first : first + size] for first in range(0, len(paths), size)]


def check_settings(folder: Folder, settings: Settings) -> None:
    """Writes the settings into a new output folder; refuses one with others."""
    path = f"{folder.path}/polyphase.json"
    if folder.files.exists(path):
        there = json.loads(folder.files.cat_file(path))
        if there != asdict(settings):
            raise SystemExit(f"{path} has other settings: {there}, not {asdict(settings)}")
    else:
        folder.write("polyphase.json", json.dumps(asdict(settings)).encode())


def convert_all(parts: list[list[str]], source: str, output: str, settings: Settings, tasks: int) -> bool:
    """Converts parts on the cluster. Returns false if a recording has an error or a part has failed."""
    convert = ray.remote(num_cpus=1, max_retries=RETRIES)(convert_part)
    begin = last = time.monotonic()
    recordings, errors, seconds, failed = 0, 0, 0.0, 0
    waiting, running = parts[::-1], []
    while waiting or running:
        while waiting and len(running) < tasks:
            running.append(convert.remote(source, output, settings, waiting.pop()))
        ended, running = ray.wait(running, num_returns=1)
        try:
            counts = ray.get(ended[0])
            recordings, errors, seconds = recordings + counts[0], errors + counts[1], seconds + counts[2]
        except ray.exceptions.RayError as error:
            failed += 1
            print(f"a part failed: {error}", file=sys.stderr)
        if time.monotonic() - last > 10 or not (waiting or running):
            last = time.monotonic()
            speed = f"{recordings / (last - begin):.1f} recordings/s, {seconds / (last - begin):.0f} x real time"
            print(f"{recordings} recordings in {last - begin:.1f} s ({speed}), {errors} with errors", flush=True)
    if failed:
        print(f"{failed} parts failed: start again to go on", file=sys.stderr)
    return not errors and not failed


def main(arguments: list[str] | None = None) -> int:
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="folder of recordings, or its URL")
    parser.add_argument("output", help="folder for the results, or its URL")
    parser.add_argument("--format", choices=("parquet", "flac"), default="parquet")
    parser.add_argument("--sample-format", choices=("i16", "i24"), default="i16", help="samples in FLAC files")
    parser.add_argument("--rate", type=float, default=16_000)
    parser.add_argument("--all-channels", action="store_true", help="do not mix them into one")
    parser.add_argument("--preset", default="high", help="filter")
    parser.add_argument("--part", type=int, default=64, help="recordings in a part")
    parser.add_argument("--retry", action="store_true", help="try recordings with errors again")
    parser.add_argument("--tasks", type=int, default=TASKS, help="largest number of tasks at a time")
    parser.add_argument("--address", help="Ray cluster; default: start one on this machine")
    chosen = parser.parse_args(arguments)
    if chosen.part < 1 or chosen.tasks < 1:
        parser.error("--part and --tasks must be at least 1")
    settings = Settings(chosen.format, chosen.sample_format, chosen.rate, not chosen.all_channels, chosen.preset)
    try:
        Resample(settings.rate, settings.mono, settings.preset)
    except ValueError as error:
        parser.error(str(error))
    # Workers run in folders of their own.
    urls = [url if "://" in url else os.path.abspath(url) for url in (chosen.source, chosen.output)]
    source, output = map(Folder, urls)
    if not source.files.isdir(source.path):
        parser.error(f"{chosen.source} is no folder")
    if f"{output.prefix}/".startswith(f"{source.prefix}/"):
        parser.error(f"{chosen.output} is inside of the source: its files would be resampled again")
    output.files.makedirs(output.path, exist_ok=True)
    output.remove_temporaries()
    check_settings(output, settings)
    parts = plan(source, output, chosen.part, chosen.retry)
    if not parts:
        return 0
    ray.init(address=chosen.address, log_to_driver=False)
    is_complete = convert_all(parts, *urls, settings, chosen.tasks)
    output.remove_temporaries()
    return 0 if is_complete else 1


if __name__ == "__main__":
    sys.exit(main())
