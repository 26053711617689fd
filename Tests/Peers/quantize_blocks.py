"""Quantises numbers of many kinds with gguf-py: quantize_blocks.py FOLDER SEED

For each type that it makes, TYPE.f32 and the blocks of these numbers in TYPE.blocks.
"""
import pathlib
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T


def numbers(elements, random):
    """Rows of one block: weights, ties, zeros, one sign, powers of two and what lies just below them."""
    rows = [random.standard_normal((200, elements)) * 10.0 ** random.integers(-6, 6, (200, 1)),
            random.integers(-8, 9, (100, elements)), random.integers(-16, 17, (100, elements)) / 2,
            np.zeros((1, elements)), np.full((1, elements), -0.0), np.full((1, elements), 1.5), np.full((1, elements), -3)]
    rows = [np.asarray(row, "<f4") for row in rows]
    powers = np.float32(2.0) ** np.arange(-100, 100, dtype="<f4")
    below = np.nextafter(powers, np.float32(0))
    line = np.linspace(-1, 1, elements, dtype="<f4")
    rows += [below[:, None] * line, powers[:, None] * line]
    return np.concatenate(rows).astype("<f4")


def main():
    folder, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    random = np.random.default_rng(seed)
    np.seterr(all="ignore")
    for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0", "MXFP4"):
        elements = gguf.GGML_QUANT_SIZES[T[name]][0]
        rows = numbers(elements, random)
        rows.tofile(folder / f"{name}.f32")
        gguf.quants.quantize(rows, T[name]).tofile(folder / f"{name}.blocks")


main()
