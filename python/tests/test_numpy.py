"""Arrays: values, types, strides, shapes and errors."""

import json
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest

import polyphase
from helpers import GOLDEN, error_db, noise, oracle


@pytest.mark.parametrize("case", json.loads((GOLDEN / "cases.json").read_text()), ids=lambda case: case["name"])
def test_golden_outputs_are_met(case):
    x, y = np.load(GOLDEN / case["input"]), np.load(GOLDEN / case["output"])
    options = {key: case[key] for key in ("lowpass_filter_width", "rolloff", "window", "beta")}
    rates = case["orig_freq"], case["new_freq"]
    assert np.abs(polyphase.resample(x, *rates, **options) - y).max() < 1e-11
    assert np.abs(polyphase.resample(x.astype(np.float32), *rates, **options) - y).max() < 1e-6


@pytest.mark.parametrize("rates", [(48_000, 44_100), (2, 1), (1, 3), (7, 5), (5, 5)])
@pytest.mark.parametrize("beta", [None, 9.0])
def test_results_are_those_of_the_definition(rates, beta):
    x = noise(300)
    expected = x if rates == (5, 5) else oracle(x, *rates, width=10, rolloff=0.9, beta=beta)
    window = "hann" if beta is None else "kaiser"
    y = polyphase.resample(x, *rates, lowpass_filter_width=10, rolloff=0.9, window=window, beta=beta)
    assert y.shape == expected.shape
    assert np.abs(y - expected).max() < 1e-12


def test_the_comparison_rejects_what_is_nearly_right():
    x = noise(300)
    y, expected = polyphase.resample(x, 3, 2), oracle(x, 3, 2)
    for wrong in (np.roll(y, 1), y * 1.0001, polyphase.resample(x, 3, 2, rolloff=0.98), y.astype(np.float32)):
        assert np.abs(wrong - expected).max() > 1e-9


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i2", "i4", "c8", "c16"])
def test_results_have_the_type_of_the_samples(dtype):
    scale = {"i2": 2.0**15, "i4": 2.0**31}.get(dtype, 1)
    wide = noise(2, 1000) * 0.5 + (1j * noise(2, 1000, seed=1) if dtype[0] == "c" else 0)
    x = (wide * scale).astype(dtype)
    y = polyphase.resample(x, 48_000, 44_100)
    assert y.dtype == dtype
    exact = x.astype("c16" if dtype[0] == "c" else "f8")
    expected = polyphase.resample(exact, 48_000, 44_100)
    least = {"f2": 70, "i2": 85, "f4": 135, "c8": 135, "i4": 180}.get(dtype, 300)
    assert error_db(expected, y) > least


def test_integers_are_rounded_to_even_and_clamped():
    x = np.where(np.arange(400) // 50 % 2 == 0, 32_767, -32_768).astype(np.int16)
    y = polyphase.resample(x, 1, 2, preset="kaiser_best")
    exact = polyphase.resample(x / 2.0**15, 1, 2, preset="kaiser_best") * 2.0**15
    assert exact.max() > 32_768 and exact.min() < -32_769, "the test clamps nothing"
    assert np.abs(y - np.clip(np.round(exact), -32_768, 32_767)).max() <= 1
    assert y.max() == 32_767 and y.min() == -32_768


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "reversed": lambda x: np.ascontiguousarray(x[..., ::-1])[..., ::-1],
    "every other": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "rows of a larger array": lambda x: np.concatenate([x, x], axis=-1)[..., : x.shape[-1]],
    "permuted": lambda x: np.ascontiguousarray(np.swapaxes(x, 0, 1)).swapaxes(0, 1),
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "read-only": lambda x: _frozen(x.copy()),
    "unaligned": lambda x: _unaligned(x),
    "field of a record": lambda x: _field(x),
}


def _frozen(x):
    x.flags.writeable = False
    return x


def _unaligned(x):
    raw = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    raw[...] = x
    assert not raw.flags.aligned
    return raw


def _field(x):
    records = np.zeros(x.shape, [("samples", x.dtype), ("other", "u2")])
    records["samples"] = x
    return records["samples"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "c8"])
def test_any_layout_gives_the_same_bits(layout, dtype):
    x = (noise(3, 2, 500) * 1000).astype(dtype)
    given = LAYOUTS[layout](x)
    assert given.dtype.newbyteorder("=") == x.dtype and np.array_equal(given, x)
    expected = polyphase.resample(x, 3, 2)
    y = polyphase.resample(given, 3, 2)
    assert y.dtype == x.dtype
    assert np.array_equal(y, expected)
    assert np.array_equal(polyphase.resample(np.moveaxis(given, -1, 0), 3, 2, axis=0), np.moveaxis(expected, -1, 0))


def test_a_broadcast_array_is_read_without_its_copies():
    x = np.broadcast_to(noise(1, 50), (4, 50))
    assert np.array_equal(polyphase.resample(x, 3, 2), np.broadcast_to(polyphase.resample(x[:1], 3, 2), (4, 34)))


def test_out_is_filled_whatever_its_strides():
    x = noise(2, 300)
    expected = polyphase.resample(x, 3, 2)
    for out in (np.empty((2, 200)), np.empty((200, 2)).T, np.empty((2, 400))[:, ::2], np.empty((2, 200))[:, ::-1]):
        out[...] = np.nan
        assert polyphase.resample(x, 3, 2, out=out) is out
        assert np.array_equal(out, expected)


def test_wrong_outs_are_refused():
    x = noise(2, 300)
    with pytest.raises(ValueError, match=r"shape \[2, 199\]: this input gives \[2, 200\]"):
        polyphase.resample(x, 3, 2, out=np.empty((2, 199)))
    with pytest.raises(ValueError, match=r"shape \[200\]"):
        polyphase.resample(x, 3, 2, out=np.empty(200))
    with pytest.raises(TypeError, match="float32: it must be an array of float64"):
        polyphase.resample(x, 3, 2, out=np.empty((2, 200), np.float32))
    with pytest.raises(ValueError, match="out"):
        polyphase.resample(x, 3, 2, out=_frozen(np.empty((2, 200))))
    with pytest.raises(ValueError, match="out"):
        same = np.zeros(300)
        polyphase.resample(same[:200], 1, 1, out=same[100:])


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 5), (0, 0)])
def test_arrays_without_samples_give_such(shape):
    assert polyphase.resample(np.zeros(shape, np.float32), 3, 2).shape == (*shape[:-1], -(-shape[-1] * 2 // 3))
    assert polyphase.resample(np.zeros(shape), 3, 2, output_length=7).shape == (*shape[:-1], 7)


@pytest.mark.parametrize("padding", ["edge", "reflect"])
def test_padding_is_numpys(padding):
    x = noise(400)
    plan = polyphase.Plan(3, 2, padding=padding)
    margin = 3 * (-(-plan.look_ahead // 3))
    wide = np.pad(x, plan.look_ahead, mode=padding)
    wide = np.pad(wide, margin - plan.look_ahead)
    expected = oracle(wide, 3, 2)[margin * 2 // 3 :][: plan.output_len(400)]
    assert np.abs(plan.resample(x) - expected).max() < 1e-12


def test_options_that_are_given_replace_those_of_the_preset():
    for window in ("kaiser", "kaiser_window"):
        assert polyphase.Plan(3, 2, preset="kaiser_fast", window=window) == polyphase.Plan(3, 2, preset="kaiser_fast")
    plan = polyphase.Plan(3, 2, window="kaiser", preset="kaiser_fast", beta=5, rolloff=None, lowpass_filter_width=9)
    assert plan.options["beta"] == 5 and plan.options["rolloff"] == 0.85 and plan.options["lowpass_filter_width"] == 9
    assert polyphase.Plan(3, 2, preset="kaiser_fast", window="hann").options["window"] == "hann"
    assert polyphase.Plan(3, 2, window="kaiser").options["beta"] == 14.769656459379492
    assert polyphase.Plan(3, 2, preset="torchaudio") == polyphase.Plan(np.int32(6), np.float32(4))


def test_lengths_and_rates():
    assert polyphase.resample(np.zeros(100), 3, 2, output_length="floor").shape == (66,)
    assert polyphase.resample(np.zeros(100), 3, 2, output_length=80).shape == (80,)
    # Rates are exact: 48000/1.001 to nine decimals, half hertz, and whole floats.
    assert polyphase.Plan(11_025.5, 44_100).stride == 22_051
    assert polyphase.Plan(48_000.0, 16_000) == polyphase.Plan(3, 1)
    assert polyphase.resample(np.zeros(47_561), 16_000, 44_100).shape == (131_090 + 1,)  # wrong in torchaudio


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((np.zeros(5), 0, 1), {}, ValueError, "orig_freq is 0"),
        ((np.zeros(5), 1, -1), {}, ValueError, "above 0"),
        ((np.zeros(5), 1, float("nan")), {}, ValueError, "not NaN"),
        ((np.zeros(5), "1", 2), {}, TypeError, "real number"),
        ((np.zeros(5), 1, 2), {"rolloff": 1.5}, ValueError, "rolloff is 1.5"),
        ((np.zeros(5), 1, 2), {"rolloff": "x"}, TypeError, "rolloff is of type str"),
        ((np.zeros(5), 1, 2), {"preset": "x"}, ValueError, "unknown preset `x`"),
        ((np.zeros(5), 1, 2), {"window": "x"}, ValueError, "unknown window `x`"),
        ((np.zeros(5), 1, 2), {"beta": 3.0}, ValueError, "beta is 3"),
        ((np.zeros(5), 1, 2), {"padding": "x"}, ValueError, "unknown padding `x`"),
        ((np.zeros(5), 1, 2), {"output_length": "x"}, ValueError, "unknown output_length `x`"),
        ((np.zeros(5), 1, 2), {"width": 3}, TypeError, "unexpected keyword argument `width`"),
        ((np.zeros(5), 1, 2), {"axis": 1}, ValueError, "axis 1 does not exist in an array of 1"),
        ((np.zeros(5), 1, 2), {"backend": "x"}, ValueError, "unknown backend `x`"),
        ((np.zeros(5), 1, 2), {"threads": 0}, ValueError, "threads is 0"),
        ((np.zeros(5), 1, 2000), {}, ValueError, "ratio"),
        ((np.float64(5), 1, 2), {}, TypeError, "numpy.float64"),
        ((np.array(5.0), 1, 2), {}, ValueError, "axis -1 does not exist in an array of 0"),
        (([1.0], 1, 2), {}, TypeError, "x is of type list"),
        ((np.zeros(5, np.uint8), 1, 2), {}, TypeError, "uint8"),
        ((np.zeros(5, np.int64), 1, 2), {}, TypeError, "int64"),
        ((np.zeros(5, object), 1, 2), {}, TypeError, "object"),
        ((np.zeros((1,) * 33), 1, 2), {}, ValueError, "33 dimensions"),
        ((np.zeros(5), 1, 2), {"output_length": 1 << 62}, (ValueError, MemoryError), None),
        ((np.zeros(5), 1, 2), {"output_length": 1 << 50}, MemoryError, None),
    ],
)
def test_errors_are_exceptions_of_python(arguments, options, error, message):
    with pytest.raises(error, match=message):
        polyphase.resample(*arguments, **options)


def test_plans_are_compared_hashed_pickled_and_described():
    plan = polyphase.Plan(48_000, 44_100, preset="kaiser_best", padding="edge", output_length=9)
    again = pickle.loads(pickle.dumps(plan))
    assert plan == again and hash(plan) == hash(again) and plan.options == again.options
    assert plan != polyphase.Plan(48_000, 44_100, preset="kaiser_best") and plan != 1
    assert repr(plan).startswith("Plan(160, 147, lowpass_filter_width=64")
    assert (plan.stride, plan.phases, plan.taps, plan.output_len(100)) == (160, 147, 148, 9)
    assert polyphase.Plan(16_001, 16_000, max_filter_bytes=100_000).filter_form == "interpolated"
    response = plan.response()
    assert response.pass_band_ripple(0.8) < 1e-5 and abs(response.edge(6.02) - 0.9476) < 1e-3
    assert plan.impulse_response_density == 147
    assert abs(plan.impulse_response().sum() / 147 - 1) < 1e-6


def test_the_adjoint_is_the_transpose():
    plan = polyphase.Plan(3, 2, padding="reflect", normalize_phases=True)
    x, y = noise(2, 300), noise(2, 200, seed=1)
    assert abs((plan.resample(x) * y).sum() - (x * plan.adjoint(y, 300)).sum()) < 1e-11
    assert np.array_equal(plan.adjoint(y.T, 300, axis=0).T, plan.adjoint(y, 300))
    with pytest.raises(ValueError, match="this input gives"):
        plan.adjoint(y, 299 - 3)


def test_phase_taps_are_the_rows_of_the_filter():
    plan = polyphase.Plan(5, 7, normalize_phases=True)
    starts, taps = plan.phase_taps(0, 14)
    x = noise(100)
    for output, (start, row) in enumerate(zip(starts, taps, strict=True)):
        inside = [(start + k, tap) for k, tap in enumerate(row) if 0 <= start + k < 100]
        assert abs(sum(x[i] * tap for i, tap in inside) - plan.resample(x)[output]) < 1e-13


def test_batches_are_their_clips():
    clips = [noise(1000), noise(2, 0), noise(3, 2, 77).transpose(1, 0, 2), noise(5)[::2]]
    rates = [48_000, 44_100, 8_000, 16_000]
    for dtype in (np.float32, np.float64, np.int16):
        typed = [(clip * 1000).astype(dtype) for clip in clips]
        batch = polyphase.resample_batch(typed, rates, 16_000, preset="high")
        for clip, rate, y in zip(typed, rates, batch, strict=True):
            assert np.array_equal(y, polyphase.resample(clip, rate, 16_000, preset="high"))
            assert y.dtype == dtype
    assert polyphase.resample_batch([], 1, 2) == []
    rows = polyphase.resample_batch(noise(2, 50), np.array([3, 2]), np.int64(2))
    assert [row.shape for row in rows] == [(34,), (50,)]
    with pytest.raises(ValueError, match="holds 1 rates for 2 clips"):
        polyphase.resample_batch([np.zeros(3)] * 2, np.array([1]), 2)
    with pytest.raises(TypeError, match="clip 1 holds float64 and clip 0 float32"):
        polyphase.resample_batch([np.zeros(3, np.float32), np.zeros(3)], 1, 2)
    with pytest.raises(ValueError, match="holds 1 rates for 2 clips"):
        polyphase.resample_batch([np.zeros(3)] * 2, [1], 2)
    with pytest.raises(ValueError, match="clip 1 has no dimension"):
        polyphase.resample_batch([np.zeros(3), np.array(1.0)], 1, 2)


def test_rows_without_samples_cost_nothing():
    began = time.monotonic()
    empty, y = polyphase.resample_batch([np.zeros((10**9, 0), np.float32), np.ones((2, 50), np.float32)], 2, 1)
    assert (empty.shape, empty.dtype, y.shape) == ((10**9, 0), np.float32, (2, 25))
    assert np.array_equal(y, polyphase.resample(np.ones((2, 50), np.float32), 2, 1))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int16", "int32", "complex64", "complex128"])
def test_chunks_give_the_bits_of_the_whole(dtype):
    x = (noise(2, 3000) * 1000).astype(dtype)
    stream = polyphase.Stream(48_000, 44_100, channels=2, dtype=dtype, preset="kaiser_fast")
    whole = polyphase.resample(x, 48_000, 44_100, preset="kaiser_fast")
    for _ in range(2):  # a stream can be used again
        parts = [stream.push(x[:, :1]), stream.push(x[:, 1:1]), stream.push(x[:, 1:1700]), stream.push(x[:, 1700:])]
        y = np.concatenate([*parts, stream.finish()], axis=1)
        assert y.dtype == x.dtype and np.array_equal(y, whole)


def test_streams_of_one_channel_and_wrong_chunks():
    x = noise(1000).astype(np.float32)
    stream = polyphase.Stream(3, 2)
    flat = np.concatenate([stream.push(x[:300]), stream.push(x[300:]), stream.finish()])
    assert np.array_equal(flat, polyphase.resample(x, 3, 2))
    stream.push(x[:10])
    stream.reset()
    planar = np.concatenate([stream.push(x[None]), stream.finish()], axis=1)
    assert np.array_equal(planar, flat[None])
    with pytest.raises(TypeError, match="holds float64, the stream float32"):
        stream.push(noise(3))
    with pytest.raises(ValueError, match=r"shape \[2, 3\]: it must be \(frames,\) or \(1, frames\)"):
        stream.push(np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="at least one channel"):
        polyphase.Stream(3, 2, channels=0)
    with pytest.raises(ValueError, match="unknown dtype `int8`"):
        polyphase.Stream(3, 2, dtype="int8")


def test_backends_agree():
    x = noise(4, 20_000).astype(np.float32)
    expected = polyphase.resample(x, 48_000, 16_000)
    assert error_db(expected, polyphase.resample(x, 48_000, 16_000, backend="auto")) > 130
    out = np.empty_like(expected)
    assert polyphase.resample(x, 48_000, 16_000, backend="auto", out=out) is out and error_db(expected, out) > 130
    with pytest.raises(ValueError, match="shape"):
        polyphase.resample(x, 48_000, 16_000, backend="auto", out=np.empty((4, 3), np.float32))
    for y, row in zip(polyphase.resample_batch(list(x), 48_000, 16_000, backend="auto"), expected, strict=True):
        assert error_db(row, y) > 130


def test_input_is_not_copied():
    """Reading 400 MB, contiguous or in rows of a larger array, takes little more memory than the result."""
    code = """
import resource, numpy, polyphase
x = numpy.zeros((4, 25_000_001), numpy.float32)
x += 1
polyphase.resample(x[:, :1000], 100, 1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
polyphase.resample(x, 100, 1)
polyphase.resample(x[:, :-1], 100, 1)
polyphase.resample(x[::-1], 100, 1)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert int(run.stdout) < 60, f"{run.stdout} MiB"
