"""Resamples the recordings of WebDataset's tar shards while they are read, for training or into new shards.

    python webdataset_shards.py 'shards/{000..127}.tar'                   # read them, as a training loop does
    python webdataset_shards.py 'shards/{000..127}.tar' --output at-16k   # write shards of FLAC files

`resampled` is the pipeline for a DataLoader of torch: `DataLoader(resampled(urls, 16_000), num_workers=4)`. Its workers
divide the shards among them, and each resamples on one thread.
"""

import argparse
import functools
import io
import os

import webdataset

import polyphase

SUFFIXES = "flac;wav;mp3;ogg;opus;m4a"


def resampled(urls, rate):
    """Samples of (key, clip of float32 at `rate`). Recordings that cannot be read are named and left out."""
    # A worker of a DataLoader may have no shard.
    data = webdataset.WebDataset(urls, shardshuffle=False, empty_check=False)
    return data.to_tuple("__key__", SUFFIXES).compose(functools.partial(read, rate=rate))


def read(recordings, rate):
    """Reads and resamples recordings."""
    for key, recording in recordings:
        try:
            clip, _ = polyphase.load(recording, sr=rate, mono=True)
        except (OSError, ValueError) as error:
            print(f"left out {key}: {error}", flush=True)
        else:
            yield key, clip


def main(arguments=None):
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", help="shards, with braces for many")
    parser.add_argument("--output", help="folder for new shards")
    parser.add_argument("--rate", type=int, default=16_000)
    chosen = parser.parse_args(arguments)
    clips = frames = 0
    writer = None
    if chosen.output is not None:
        os.makedirs(chosen.output, exist_ok=True)
        writer = webdataset.ShardWriter(os.path.join(chosen.output, "%06d.tar"), maxcount=1000, verbose=0)
    for key, clip in resampled(chosen.urls, chosen.rate):
        clips, frames = clips + 1, frames + len(clip)
        if writer is not None:
            file = io.BytesIO()
            polyphase.save(file, clip, chosen.rate, container="flac", sample_format="i16")
            writer.write({"__key__": key, "flac": file.getvalue()})
    if writer is not None:
        writer.close()
    print(f"{clips} recordings, {frames / chosen.rate:.1f} seconds at {chosen.rate} Hz")


if __name__ == "__main__":
    main()
