"""Writes random blocks of every ggml block type and what they dequantise to: make_blocks.py FOLDER SEED

For each type TYPE.blocks and TYPE.f32. The numbers are gguf-py's; of types that it does not know, or knows with another
layout, those of the formula in numpy. Scales are NaN and infinite now and then.
"""
import pathlib
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

COUNT = 300
# Where the 16-bit scales of a block lie, and its size in elements and bytes.
SCALES = {
    "Q1_0": [0], "Q2_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q8_1": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ1_S": [0], "IQ2_XXS": [0],
    "IQ2_XS": [0], "IQ2_S": [0], "IQ3_XXS": [0], "IQ3_S": [0], "IQ4_NL": [0], "IQ4_XS": [0], "TQ1_0": [52],
    "TQ2_0": [64],
}
OURS = {"Q1_0": (128, 18), "Q2_0": (64, 18), "Q8_1": (32, 36), "Q8_K": (256, 292)}


def halves(blocks, offset):
    return blocks[:, offset:offset + 2].copy().view("<f2").astype("<f4")


def q1_0(blocks):
    bits = np.unpackbits(blocks[:, 2:], axis=1, bitorder="little")
    d = halves(blocks, 0)
    return np.where(bits == 1, d, -d)


def q2_0(blocks):
    codes = (blocks[:, 2:, None] >> np.array([0, 2, 4, 6], np.uint8)) & 3
    return (codes.reshape(len(blocks), -1).astype(np.int8) - 1).astype("<f4") * halves(blocks, 0)


def q8_1(blocks):
    return blocks[:, 4:].view(np.int8).astype("<f4") * halves(blocks, 0)


def q8_k(blocks):
    return blocks[:, 4:260].view(np.int8).astype("<f4") * blocks[:, :4].copy().view("<f4")


def make(name, random):
    elements, size = OURS.get(name) or gguf.GGML_QUANT_SIZES[T[name]]
    blocks = random.integers(0, 256, (COUNT, size), dtype=np.uint8)
    special = np.array([0x7C00, 0xFC00, 0x7E00, 0xFE01, 0x7C01, 0xFFFF, 0, 0x8000, 1, 0x83FF], "<u2")
    for offset in SCALES.get(name, []):
        rows = np.flatnonzero(random.random(COUNT) < 0.1)
        blocks[rows, offset:offset + 2] = random.choice(special, len(rows)).view(np.uint8).reshape(-1, 2)
    ours = {"Q1_0": q1_0, "Q2_0": q2_0, "Q8_1": q8_1, "Q8_K": q8_k}.get(name)
    numbers = ours(blocks) if ours else gguf.quants.dequantize(blocks, T[name])
    assert numbers.size == COUNT * elements, name
    return blocks, numbers.astype("<f4")


def main():
    folder, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    random = np.random.default_rng(seed)
    np.seterr(all="ignore")
    names = list(SCALES) + ["Q8_K", "IQ1_M", "MXFP4", "NVFP4"]
    for name in names:
        blocks, numbers = make(name, random)
        blocks.tofile(folder / f"{name}.blocks")
        numbers.tofile(folder / f"{name}.f32")
    print(f"{len(names)} types")


main()
