"""The bench runs, and its errors are those that the README states."""

import re

import pytest

from polyphase import bench


def test_the_bench_prints_times_and_errors(capsys, monkeypatch):
    monkeypatch.setattr(bench, "PAIRS", bench.PAIRS[:1])
    means = bench.main(["--repeats", "2"])
    table = capsys.readouterr().out
    rows = re.findall(r"^(sinc, width \d+|kaiser_\w+) +polyphase (\w+) +([\d.]+) +([\d.]+) +([\d.]+)$", table, re.M)
    assert {name for name, *_ in rows} == set(bench.FILTERS)
    for name, _, milliseconds, error, _ in rows:
        assert 0 < float(milliseconds) < 1000 and float(error) > 138, name
    assert all(ratio > 0 for ratio in means.values())
    assert ("torchaudio" in table) or ("left out: torchaudio" in table)


def test_errors_are_measured():
    x = bench.sweep(8000)
    exact = bench.exact(x, 8000, 16_000, "kaiser_best")
    assert bench.decibels(exact, exact * 1e-3) == pytest.approx(60)
    ideal = bench.sinad(lambda x: x.astype(float), 8000, 8000)
    clipped = bench.sinad(lambda x: x.clip(-0.9, 0.9), 8000, 8000)
    assert ideal > 140 and 15 < clipped < 40
