#!/usr/bin/env python3
"""Prints how large versions of a model become, beside zstd -3 and the entropy bounds: `sizes.py [MODEL.safetensors]`.

The model is a checkpoint of f32 matrices, or weights made up: normal ones, each row with a deviation of its own. Versions of it are cast, pruned by magnitude, multiplied with masks (which
leaves -0), pruned 2:4 and by blocks, put on grids and palettes; each is written, packed at the levels 1, 3 and 9, and
verified. Sizes are fractions of the whole file. The bound is of order 0, by tensor: the mask at its entropy, then sign,
exponent and leading mantissa of what is stored, or whole words, whichever is less; it is no floor, since rows differ.
"""
import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import zstandard

BF16 = ml_dtypes.bfloat16


def read(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start = file.tell()
        header.pop("__metadata__", None)
        for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
            begin, end = entry["data_offsets"]
            file.seek(start + begin)
            data = file.read(end - begin)
            if entry["dtype"] == "F32":
                yield name, np.frombuffer(data, "<f4").reshape(entry["shape"])


def made_up(matrices=8, side=1024):
    random = np.random.default_rng(1)
    for number in range(matrices):
        deviations = 0.02 + 0.03 * random.random((side, 1), "f4")
        yield f"layers.{number}.weight", random.standard_normal((side, side), "f4") * deviations


def write(path, tensors):
    names = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
    header, at = {}, 0
    for name, array in tensors:
        header[name] = {"dtype": names[array.dtype.name], "shape": array.shape,
                        "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, array in tensors:
            file.write(array.tobytes())


# ------------------------------------------------------------ versions


def is_weight(name, array):
    return array.ndim == 2 and array.size >= 4096


def kept_by_magnitude(array, share):
    """The largest `1 - share` of the elements."""
    magnitude = np.abs(array).ravel()
    kept = np.ones(array.size, bool)
    kept[np.argsort(magnitude, kind="stable")[: int(array.size * share)]] = False
    return kept.reshape(array.shape)


def pruned(share):
    return lambda array: np.where(kept_by_magnitude(array, share), array, np.float32(0))


def masked(share):
    return lambda array: array * kept_by_magnitude(array, share).astype("f4")


def two_four(array):
    if array.shape[1] % 4:
        return array
    groups = np.abs(array).reshape(-1, 4)
    kept = np.zeros(groups.shape, "f4")
    np.put_along_axis(kept, np.argsort(-groups, axis=1, kind="stable")[:, :2], 1, axis=1)
    return array * kept.reshape(array.shape)


def blocks(array, side=16, share=0.75):
    rows, columns = array.shape
    if rows % side or columns % side:
        return array
    norms = np.square(array.astype("f8")).reshape(rows // side, side, columns // side, side).sum(axis=(1, 3))
    kept = np.ones(norms.size, "f4")
    kept[np.argsort(norms.ravel(), kind="stable")[: int(norms.size * share)]] = 0
    return array * np.repeat(np.repeat(kept.reshape(norms.shape), side, 0), side, 1)


def int4(array, group=128):
    if array.shape[1] % group:
        return array
    parts = array.reshape(-1, group)
    scale = (np.abs(parts).max(axis=1, keepdims=True) / 7).astype("f4")
    codes = np.rint(parts / np.where(scale == 0, 1, scale)).clip(-8, 7)
    return (codes * scale).astype("f4").reshape(array.shape)


def ternary(array):
    scale = np.abs(array).mean(dtype="f8").astype("f4")
    return (np.rint(array / scale).clip(-1, 1) * scale).astype("f4")


def palette(array, size=16):
    """The nearest of evenly filled quantiles."""
    values = np.quantile(array, (np.arange(size) + 0.5) / size).astype("f4")
    middles = (values[1:] + values[:-1]) / 2
    return values[np.searchsorted(middles, array)]


CASES = [("dense-bf16", None, BF16), ("dense-f16", None, np.float16), ("dense-f32", None, np.float32)]
CASES += [(f"pruned{round(100 * s)}-bf16", pruned(s), BF16) for s in (0.5, 0.75, 0.9, 0.99)]
CASES += [(f"pruned{round(100 * s)}-f32", pruned(s), np.float32) for s in (0.5, 0.9)]
CASES += [("masked50-bf16", masked(0.5), BF16), ("masked50-f32", masked(0.5), np.float32),
          ("two-four-bf16", two_four, BF16), ("block16-75-bf16", blocks, BF16),
          ("int4g128-bf16", int4, BF16), ("int4g128-f32", int4, np.float32),
          ("ternary-bf16", ternary, BF16), ("palette16-f32", palette, np.float32)]


# ------------------------------------------------------------ bounds


def entropy(values):
    """Bits that the values hold together, of order 0."""
    _, counts = np.unique(values, return_counts=True)
    return float(-(counts * np.log2(counts / counts.sum())).sum())


def bound(array):
    """Bits of a tensor: see the head of this file."""
    width = array.dtype.itemsize
    words = np.ascontiguousarray(array).view(f"<u{width}").ravel()
    exponent_bits = {"float32": 8, "bfloat16": 8, "float16": 5}[array.dtype.name]
    mantissa_bits = 8 * width - 1 - exponent_bits
    zero = (words & np.array((1 << 8 * width - 1) - 1, words.dtype)) == 0
    bits = entropy(zero) + entropy(words[zero])
    kept = words[~zero]
    top = min(5, mantissa_bits)
    leading = (kept >> (mantissa_bits - top)) & ((1 << exponent_bits + top) - 1)
    bits += entropy(leading) + kept.size * (8 * width - exponent_bits - top)
    return min(bits, entropy(words)) if width == 2 else bits


# ------------------------------------------------------------ the table


def size_packed(tare, path, level):
    out = path + ".tare"
    subprocess.run([tare, "pack", "--quiet", "--force", "--level", str(level), path, "-o", out], check=True,
                   stdout=subprocess.DEVNULL)
    size = os.path.getsize(out)
    subprocess.run([tare, "verify", "--quiet", path, out], check=True, stdout=subprocess.DEVNULL)
    os.remove(out)
    return size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?")
    parser.add_argument("--tare", default=".build/release/tare")
    parser.add_argument("--levels", default="1,3,9")
    options = parser.parse_args()
    levels = options.levels.split(",")
    model = list(read(options.model) if options.model else made_up())
    if not model:
        sys.exit("sizes.py: no tensor of F32 in this file")
    print(f"{'case':<18}{'zstd -3':>9}" + "".join(f"{'level ' + level:>9}" for level in levels) + f"{'bound':>9}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        for name, change, dtype in CASES:
            tensors = [(key, (change(array) if change and is_weight(key, array) else array).astype(dtype))
                       for key, array in model]
            write(path, tensors)
            size = os.path.getsize(path)
            with open(path, "rb") as file:
                zstd = len(zstandard.ZstdCompressor(level=3).compress(file.read()))
            sizes = [size_packed(options.tare, path, level) for level in levels]
            least = sum(bound(array) for _, array in tensors) / 8
            print(f"{name:<18}" + "".join(f"{value / size:>9.4f}" for value in [zstd, *sizes, least]), flush=True)


if __name__ == "__main__":
    main()
