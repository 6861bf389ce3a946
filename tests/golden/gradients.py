"""Gradients of torchaudio.functional.resample, for the adjoint.

For each case, random y, and the gradient with respect to x of the sum of resample(x) · y, in float64. The Hann window, since
torchaudio computes that one in float64 throughout.

    pip install torch==2.11.0 torchaudio==2.11.0 numpy
    python gradients.py
"""

import json
from pathlib import Path

import numpy as np
import torch
import torchaudio

HERE = Path(__file__).parent
CASES = [(48000, 44100, 6, 700), (44100, 48000, 6, 500), (44100, 16000, 16, 900), (8000, 16000, 6, 200), (5, 3, 64, 400)]

random = np.random.default_rng(11)
entries = []
for orig_freq, new_freq, width, length in CASES:
    x = torch.zeros(length, dtype=torch.float64, requires_grad=True)
    resampled = torchaudio.functional.resample(x, orig_freq, new_freq, lowpass_filter_width=width)
    y = random.uniform(-1, 1, resampled.shape[-1])
    (resampled * torch.from_numpy(y)).sum().backward()
    name = f"gradient_{orig_freq}_{new_freq}_{width}"
    np.save(HERE / f"{name}.in.npy", y)
    np.save(HERE / f"{name}.out.npy", x.grad.numpy())
    entries.append({"name": name, "orig_freq": orig_freq, "new_freq": new_freq, "width": width})
versions = {"torch": torch.__version__, "torchaudio": torchaudio.__version__}
(HERE / "gradients.json").write_text(json.dumps({"versions": versions, "cases": entries}, indent=1) + "\n")
