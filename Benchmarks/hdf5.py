#!/usr/bin/env python3
"""Prints how long `tare convert` takes to write and to read HDF5 beside h5py: `hdf5.py FILE.safetensors…`.

The same tensors with the same chunks, and with those that h5py chooses, from memory that is warm; two threads of ours, one of
h5py, which has no more. Time is that of the best of three runs; `TARE_BENCH_CLOCK=cpu` takes processor time, for one thread
on a machine that does other things too.
"""
import os
import resource
import subprocess
import sys
import tempfile
import time

import h5py
import hdf5plugin  # noqa: F401, registers its filters
import ml_dtypes  # noqa: F401, registers its types
import numpy as np
from safetensors.numpy import load_file

TARE = os.environ.get("TARE", ".build/release/tare")
CPU = os.environ.get("TARE_BENCH_CLOCK") == "cpu"
THREADS = "1" if CPU else "2"


def seconds(work):
    times = []
    for _ in range(3):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


def clock():
    if not CPU:
        return time.monotonic()
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def tare(*arguments):
    command = [TARE, "convert", *arguments, "--force", "--quiet", "--threads", THREADS]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def write(path, tensors, chunks, **options):
    """With h5py, and chunks of each tensor from `chunks`."""
    with h5py.File(path, "w") as file:
        for name, array in tensors.items():
            # NumPy's words for what it has no type for.
            words = array if array.dtype.kind in "fiub" else array.view(f"u{array.itemsize}")
            given = dict(options, chunks=chunks(name)) if array.ndim and array.nbytes >= 1024 else {}
            file.create_dataset(name, data=words, **given)


def read(path):
    def visit(_, item):
        if isinstance(item, h5py.Dataset):
            item[()]

    with h5py.File(path) as file:
        file.visititems(visit)


def measure(model, folder):
    tensors = load_file(model)
    ours, theirs = os.path.join(folder, "ours.h5"), os.path.join(folder, "theirs.h5")
    back = os.path.join(folder, "back.safetensors")
    print(f"{os.path.basename(model)}, {os.path.getsize(model) / 1e6:.1f} MB")
    peers = {}
    for level in (4, 6):
        for kind in ("same chunks", "its own chunks"):
            tare(model, ours, "--compression", f"gzip:{level}")
            with h5py.File(ours) as file:
                shapes = {name: file[name].chunks for name in tensors} if kind == "same chunks" else {}
            options = dict(compression="gzip", compression_opts=level, shuffle=True)
            taken = seconds(lambda: write(theirs, tensors, lambda name: shapes.get(name, True), **options))
            peers[level, kind] = (taken, os.path.getsize(theirs))
            line(f"h5py gzip {level}, {kind}", taken, os.path.getsize(theirs))
            if kind == "same chunks":
                peers[level, "read"] = (seconds(lambda: read(ours)), 0)
    for how, level in (("gzip:4", 4), ("gzip:6", 6), ("zstd", 4), ("none", 4)):
        taken = seconds(lambda: tare(model, ours, "--compression", how))
        beside = [f"{peers[level, kind][0] / taken:.1f} × {kind}" for kind in ("same chunks", "its own chunks")]
        line(f"tare {how}", taken, os.path.getsize(ours), f"   h5py gzip {level}: {', '.join(beside)}")
        if how.startswith("gzip"):
            taken = seconds(lambda: tare(ours, back))
            line(f"tare {how}, read and written as safetensors", taken, os.path.getsize(back),
                 f"   h5py reads it in {peers[level, 'read'][0] / taken:.2f} × that")


def line(what, taken, size, beside=""):
    print(f"  {what:<44} {taken:7.3f} s {size / 1e6:9.2f} MB{beside}", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for model in sys.argv[1:]:
            measure(model, folder)
