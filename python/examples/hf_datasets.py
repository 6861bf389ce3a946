"""Resamples an audio data set of Hugging Face with `datasets.map`, and saves it.

    python hf_datasets.py recordings resampled --rate 16000 --processes 4

The folder may have a `metadata.csv` with a column `file_name` and others, as `audiofolder` reads it. For a data set of
the hub, replace `load_dataset("audiofolder", …)`: the column `audio` is the same. The result has a column `samples` of
float32 and a column `error`: null, or the reason why a recording could not be read.
"""

import argparse

import datasets
import numpy

import polyphase


def resample(example, rate):
    """Reads and resamples the recording of an example."""
    audio = example["audio"]
    try:
        samples, _ = polyphase.load(audio["bytes"] or audio["path"], sr=rate, mono=True)
    except (OSError, ValueError) as error:
        return {"samples": numpy.zeros(0, numpy.float32), "rate": rate, "error": str(error)}
    return {"samples": samples, "rate": rate, "error": None}


def main(arguments=None):
    """Runs the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="folder of recordings")
    parser.add_argument("output", help="folder for the data set")
    parser.add_argument("--rate", type=int, default=16_000)
    parser.add_argument("--processes", type=int, default=1)
    chosen = parser.parse_args(arguments)
    data = datasets.load_dataset("audiofolder", data_dir=chosen.source, split="train", drop_labels=True)
    # The recordings are left as they are: polyphase decodes them.
    data = data.cast_column("audio", datasets.Audio(decode=False))
    features = datasets.Features(
        {name: feature for name, feature in data.features.items() if name != "audio"}
        | {
            "samples": datasets.List(datasets.Value("float32")),
            "rate": datasets.Value("int32"),
            "error": datasets.Value("string"),
        }
    )
    data = data.map(
        resample,
        fn_kwargs={"rate": chosen.rate},
        remove_columns="audio",
        features=features,
        num_proc=chosen.processes,
        # Recordings are long: groups of rows stay small.
        writer_batch_size=32,
    )
    data.save_to_disk(chosen.output)
    good = data.filter(lambda error: error is None, input_columns="error")
    print(f"{len(good)} recordings, {len(data) - len(good)} with errors")


if __name__ == "__main__":
    main()
