"""Batches on a GPU, or on a driver that computes in software."""

import os

import numpy as np
import pytest

import polyphase
from helpers import error_db, noise


def gpu():
    try:
        return polyphase.GpuResampler(allow_software=True)
    except RuntimeError as error:
        if os.environ.get("POLYPHASE_REQUIRE_GPU") == "1":
            raise
        print(f"SKIPPED no GPU: {error}")
        pytest.skip(str(error))


def test_a_gpu_agrees_with_the_cpu():
    resampler = gpu()
    clips = [noise(length, seed=length).astype(np.float32) for length in (10_000, 0, 333)]
    rates = [48_000, 44_100, 8_000]
    batch = resampler.resample_batch(clips, rates, 16_000, preset="high")
    assert "3 clips on the GPU" in resampler.report and resampler.adapter
    for clip, rate, y in zip(clips, rates, batch, strict=True):
        expected = polyphase.resample(clip, rate, 16_000, preset="high")
        assert y.shape == expected.shape and (y.size == 0 or error_db(expected, y) > 130)


def test_a_gpu_that_does_not_exist_is_an_error():
    with pytest.raises(RuntimeError, match="no GPU"):
        polyphase.GpuResampler("no such adapter")


def test_software_drivers_need_permission():
    if "llvmpipe" not in gpu().adapter:
        print("SKIPPED a GPU is no software driver")
        pytest.skip("a GPU is no software driver")
    with pytest.raises(RuntimeError, match=r"computes? in software.*: GpuResampler\(allow_software=True\)$"):
        polyphase.GpuResampler("llvmpipe")
