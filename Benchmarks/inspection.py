#!/usr/bin/env python3
"""Prints how long `tare inspect` takes beside numpy computing the same of every tensor: `inspection.py FILE.safetensors…`.

One thread each, processor time, the file warm. numpy computes what the JSON holds but for packed sizes: counts, extremes,
mean and deviation, distinct words, entropy by field, quantiles, outliers, norms of rows and columns, zero rows and columns.
`sft stat` of sft-cli is measured where it is installed.
"""
import json
import os
import resource
import shutil
import subprocess
import sys

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import ml_dtypes
import numpy as np

TARE = os.environ.get("TARE", ".build/release/tare")
DTYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}
# Exponent bits, mantissa bits.
LAYOUTS = {"F64": (11, 52), "F32": (8, 23), "F16": (5, 10), "BF16": (8, 7)}
SHARES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]


def processor_seconds(*command):
    """Of the best of three runs, its children's."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def entropy(symbols, bits):
    counts = np.bincount(symbols, minlength=1 << bits)
    share = counts[counts > 0] / symbols.size
    return -(share * np.log2(share)).sum()


def statistics(x, dtype):
    exponent, mantissa = LAYOUTS[dtype]
    words = x.reshape(-1).view(f"u{x.itemsize}")
    values = x if x.dtype == np.float64 else x.astype(np.float32)
    finite = np.isfinite(values)
    zero = values == 0
    tiny = np.abs(values) < float(ml_dtypes.finfo(x.dtype).smallest_normal)
    found = [zero.sum(), (zero & np.signbit(values)).sum(), np.isnan(values).sum(), np.isinf(values).sum(),
             (tiny & ~zero).sum()]
    kept = values if finite.all() else values[finite]
    mean, deviation = kept.mean(dtype=np.float64), kept.std(dtype=np.float64)
    found += [kept.min(), kept.max(), mean, deviation, np.quantile(kept, SHARES)]
    found += [(np.abs(kept - mean) > 6 * deviation).sum(), len(np.unique(words))]
    fields = [(words >> words.dtype.type(exponent + mantissa), 1)]
    fields.append(((words >> words.dtype.type(mantissa)) & words.dtype.type((1 << exponent) - 1), exponent))
    rest = words & words.dtype.type((1 << mantissa) - 1)
    fields += [((rest >> words.dtype.type(place)) & words.dtype.type(255), 8) for place in range(0, mantissa, 8)]
    found += [entropy(field.astype(np.int64), bits) for field, bits in fields]
    if x.ndim > 1:
        matrix = np.where(finite, values, 0).reshape(x.shape[0], -1).astype(np.float64)
        for axis in (0, 1):
            norms = np.sqrt((matrix * matrix).sum(axis=axis))
            found += [norms.min(), np.median(norms), norms.max()]
            found.append(zero.reshape(matrix.shape).all(axis=axis).sum())
    return found


def numpy_of_file(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
    data = np.memmap(path, np.uint8, "r")
    for name, tensor in header.items():
        if name == "__metadata__" or tensor["dtype"] not in DTYPES or 0 in tensor["shape"]:
            continue
        first, last = tensor["data_offsets"]
        statistics(data[start + first:start + last].view(DTYPES[tensor["dtype"]]).reshape(tensor["shape"]), tensor["dtype"])


def main():
    if sys.argv[1] == "--numpy":
        return numpy_of_file(sys.argv[2])
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass
        ours = processor_seconds(TARE, "inspect", "--quiet", "--json", "--threads", "1", path)
        line = f"{os.path.basename(path):<32} tare {ours:7.3f} s"
        peers = [("numpy", [sys.executable, __file__, "--numpy", path])]
        if shutil.which("sft"):
            peers.append(("sft stat", ["sft", "stat", path]))
        for name, command in peers:
            theirs = processor_seconds(*command)
            line += f"   {name} {theirs:8.3f} s, {theirs / ours:6.1f} times"
        print(line, flush=True)


if __name__ == "__main__":
    main()
