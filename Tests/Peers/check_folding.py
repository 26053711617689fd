"""Multiplies weights by masks with numpy and compares with what tare convert --fold-masks wrote.

    check_folding.py write FOLDER SEED          writes model.safetensors
    check_folding.py check FOLDER OUTPUT        multiplies with numpy and compares OUTPUT with it
"""

import sys
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import load_file, save_file

TYPES = [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]


def main(command, folder, argument):
    folder = Path(folder)
    if command == "write":
        random = np.random.default_rng(int(argument))
        tensors = {"plain": random.standard_normal((3, 5)).astype(np.float32)}
        for dtype in TYPES:
            for mask_type in (dtype, np.bool_, np.uint8):
                name = f"{np.dtype(dtype).name}.{np.dtype(mask_type).name}"
                weight = random.standard_normal((37, 53)).astype(dtype)
                weight.reshape(-1)[:5] = np.array([0, -0.0, np.inf, -np.inf, np.nan]).astype(dtype)
                tensors[f"{name}_orig"] = weight
                tensors[f"{name}_mask"] = (random.random(weight.shape) < 0.4).astype(mask_type)
        save_file(tensors, folder / "model.safetensors")
        return
    source, output = load_file(folder / "model.safetensors"), load_file(folder / argument)
    names = ["plain"] + [name[:-5] for name in source if name.endswith("_orig")]
    assert sorted(output) == sorted(names), sorted(output)
    assert output["plain"].tobytes() == source["plain"].tobytes()
    for name in names[1:]:
        weight, mask = source[f"{name}_orig"], source[f"{name}_mask"]
        with np.errstate(invalid="ignore"):
            expected = weight * mask.astype(weight.dtype)
        found = output[name]
        assert found.dtype == expected.dtype and found.shape == expected.shape, name
        nan = np.isnan(expected)
        assert np.array_equal(np.isnan(found), nan), name
        # Bits, so that the signs of zeros count.
        words = f"u{expected.dtype.itemsize}"
        assert np.array_equal(found.view(words)[~nan], expected.view(words)[~nan]), name


main(*sys.argv[1:])
