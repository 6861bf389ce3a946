"""load and save: paths, bytes, file objects, sections, errors."""

import io
import os
import pathlib
import struct

import numpy as np
import pytest

import polyphase
from helpers import RECORDINGS, error_db, noise, require

FILES = sorted(path for path in RECORDINGS.iterdir() if path.suffix in (".wav", ".flac", ".mp3", ".m4a", ".ogg"))


class Pipe(io.RawIOBase):
    """A file object that cannot seek and returns few bytes at a time."""

    def __init__(self, data):
        self.data, self.position = data, 0

    def readable(self):
        return True

    def seekable(self):
        return False

    def read(self, size=-1):
        self.position += min(size, 1000)
        return self.data[self.position - min(size, 1000) : self.position]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_paths_bytes_and_file_objects_give_the_same_samples(path):
    data = path.read_bytes()
    samples, rate = polyphase.load(path, mono=False)
    assert samples.dtype == np.float32 and samples.ndim == 2 and isinstance(rate, int) and np.abs(samples).max() > 0.01
    sources = [str(path), data, bytearray(data), io.BytesIO(data), io.BufferedReader(io.BytesIO(data))]
    if path.suffix != ".m4a":
        sources.append(Pipe(data))
    for source in sources:
        again, rate_again = polyphase.load(source, mono=False)
        assert rate_again == rate and np.array_equal(again, samples)
    with path.open("rb") as file:
        assert np.array_equal(polyphase.load(file, mono=False)[0], samples)
    wide, _ = polyphase.load(path, mono=False, dtype=np.float64)
    assert wide.dtype == np.float64 and error_db(wide, samples) > 90


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_loading_is_decoding_mixing_and_resampling(path):
    samples, rate = polyphase.load(path, mono=False)
    mono, same_rate = polyphase.load(path)
    assert same_rate == rate and mono.shape == samples.shape[1:] and error_db(samples.mean(0), mono) > 120
    resampled, new_rate = polyphase.load(path, 16_000)
    assert new_rate == 16_000 and np.array_equal(resampled, polyphase.resample(mono, rate, 16_000, preset="high"))
    other, _ = polyphase.load(path, sr=8_000, preset="kaiser_fast", lowpass_filter_width=20)
    assert np.array_equal(other, polyphase.resample(mono, rate, 8_000, preset="kaiser_fast", lowpass_filter_width=20))
    section, _ = polyphase.load(path, offset=0.1, duration=0.2)
    begin = int(0.1 * rate)
    assert np.array_equal(section, mono[begin : begin + int(0.2 * rate)])
    assert polyphase.load(path, offset=1e6)[0].shape == (0,)


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8", "f2"])
@pytest.mark.parametrize("container", ["wav", "flac", "npy"])
def test_saved_recordings_are_loaded_again(dtype, container, tmp_path):
    scale = {"i2": 2**15, "i4": 2**31}.get(dtype, 1)
    x = (noise(2, 1000) * 0.9 * scale).astype(dtype)
    path = tmp_path / f"x.{container}"
    for channels in (x, x[0], np.asfortranarray(x), x[:, ::-1], x.astype(x.dtype.newbyteorder(">"))):
        assert polyphase.save(path, channels, 44_100) == 0
        file = io.BytesIO()
        assert polyphase.save(file, channels, 44_100, container=container) == 0
        assert path.read_bytes() == file.getvalue()
        if container == "npy":
            assert np.load(path).shape == np.atleast_2d(channels).shape
            continue
        y, rate = polyphase.load(path, mono=False, dtype="float64")
        expected = np.atleast_2d(channels).astype("f8") / scale
        assert rate == 44_100 and y.shape == expected.shape
        # Floats become 24-bit integers in FLAC; everything else is kept exactly.
        limit = 2.0**-24 if container == "flac" and scale == 1 else 0
        assert np.abs(y - expected).max() <= limit
    assert os.listdir(tmp_path) == [path.name]


def test_saving_with_another_type_dithers_and_counts_clipped_samples(tmp_path):
    x = np.array([0.5, 2.0, -2.0, np.nan], np.float32)
    assert polyphase.save(tmp_path / "x.wav", x, 8000) == 0
    assert np.array_equal(polyphase.load(tmp_path / "x.wav")[0][:3], x[:3])
    assert polyphase.save(tmp_path / "y.wav", x, 8000, sample_format="i16") == 3
    quiet = np.full(1000, 0.3 / 2**15)
    for dither, silent in ((False, True), (True, False)):
        polyphase.save(tmp_path / "z.wav", quiet, 8000, sample_format="i16", dither=dither)
        assert (np.abs(polyphase.load(tmp_path / "z.wav")[0]).max() == 0) == silent


def test_tensors_are_saved(tmp_path):
    torch = require("torch")
    x = torch.rand(2, 100)
    polyphase.save(tmp_path / "x.wav", x, 8000)
    assert np.array_equal(polyphase.load(tmp_path / "x.wav", mono=False)[0], x.numpy())


class Broken(io.BytesIO):
    """A file object whose reads or writes fail after the beginning."""

    def read(self, size=-1):
        if self.tell() > 0:
            raise ConnectionResetError("the server went away")
        return super().read(1000)

    def write(self, data):
        raise BlockingIOError("the disk is asleep")


def test_exceptions_of_file_objects_are_raised_again():
    data = (RECORDINGS / "stereo-44100.flac").read_bytes()
    with pytest.raises(ConnectionResetError, match="the server went away"):
        polyphase.load(Broken(data))
    with pytest.raises(BlockingIOError, match="the disk is asleep"):
        polyphase.save(Broken(), np.zeros(10), 8000, container="wav")

    class Interrupted(io.BytesIO):
        def read(self, size=-1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        polyphase.load(Interrupted(data))
    with pytest.raises(TypeError, match="binary mode"):
        polyphase.load(io.StringIO("text"))


def test_errors_of_files_are_oserrors(tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        polyphase.load(tmp_path / "none.wav")
    assert missing.value.filename == str(tmp_path / "none.wav") and missing.value.errno == 2
    with pytest.raises(OSError, match="folder"):
        polyphase.load(tmp_path)
    with pytest.raises(FileNotFoundError) as missing:
        polyphase.save(tmp_path / "none" / "x.wav", np.zeros(3), 8000)
    assert missing.value.filename == str(tmp_path / "none" / "x.wav") and missing.value.errno == 2
    (tmp_path / "text.wav").write_text("no audio, certainly")
    with pytest.raises(polyphase.AudioFileError, match="text.wav: the file is text"):
        polyphase.load(tmp_path / "text.wav")
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.raises(polyphase.AudioFileError, match="empty"):
        polyphase.load(tmp_path / "empty.wav")
    flac = (RECORDINGS / "stereo-44100.flac").read_bytes()
    with pytest.raises(polyphase.AudioFileError):
        polyphase.load(flac[: len(flac) // 2])
    assert issubclass(polyphase.AudioFileError, OSError)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sr": 0}, ValueError, "above 0"),
        ({"sr": "16k"}, TypeError, "real number"),
        ({"offset": -1.0}, ValueError, "at least 0"),
        ({"duration": float("inf")}, ValueError, "finite"),
        ({"dtype": "int16"}, ValueError, "unknown dtype `int16`"),
        ({"sr": 8000, "rolloff": 2.0}, ValueError, "rolloff is 2"),
        ({"quality": "best"}, TypeError, "unexpected keyword argument `quality`"),
    ],
)
def test_wrong_arguments_of_load(options, error, message):
    with pytest.raises(error, match=message):
        polyphase.load(RECORDINGS / "speech-22050.wav", **options)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("x.mp3", np.zeros(3), 8000), {}, ValueError, "names no format"),
        ((io.BytesIO(), np.zeros(3), 8000), {}, ValueError, "needs the argument container"),
        ((io.BytesIO(), np.zeros(3), 8000), {"container": "mp3"}, ValueError, "unknown container `mp3`"),
        (("x.flac", np.zeros(3), 8000), {"sample_format": "f32"}, ValueError, "cannot hold f32"),
        (("x.wav", np.zeros(3), 8000), {"sample_format": "u8"}, ValueError, "unknown sample_format `u8`"),
        (("x.wav", np.zeros(3), 0), {}, ValueError, "above 0"),
        (("x.wav", np.zeros((1, 2, 3)), 8000), {}, ValueError, r"shape \[1, 2, 3\]"),
        (("x.wav", np.zeros((0, 3)), 8000), {}, ValueError, r"shape \[0, 3\]"),
        (("x.wav", np.zeros((1000, 2)), 8000), {}, ValueError, r"\(1000, 2\) may be .frames, channels"),
        (("x.wav", np.zeros(3, complex), 8000), {}, TypeError, "complex"),
        (("x.wav", [0.0], 8000), {}, TypeError, "samples is of type list"),
        ((7, np.zeros(3), 8000), {}, TypeError, "path or a file object"),
    ],
)
def test_wrong_arguments_of_save(arguments, options, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        polyphase.save(*arguments, **options)
    assert os.listdir(tmp_path) == []


def test_fractional_rates_are_floats():
    header = b"FORM" + struct.pack(">I", 4 + 26 + 8 + 8 + 4) + b"AIFF"
    # 11025.5 Hz as an 80-bit float.
    rate = struct.pack(">HQ", 16383 + 13, int(11025.5 * 2**50))
    common = b"COMM" + struct.pack(">IhIh", 18, 1, 2, 16) + rate
    sound = b"SSND" + struct.pack(">III", 12, 0, 0) + struct.pack(">hh", 100, -100)
    samples, sr = polyphase.load(header + common + sound)
    assert sr == 11025.5 and samples.shape == (2,)


def test_pathlike_objects_are_paths(tmp_path):
    class Path(os.PathLike):
        def __fspath__(self):
            return str(tmp_path / "x.wav")

    polyphase.save(Path(), np.zeros(8), 8000)
    assert polyphase.load(Path())[0].shape == (8,) and isinstance(pathlib.Path(Path()), pathlib.Path)
