#!/usr/bin/env python3
"""Prints the speed of whole commands beside those of others, as ratios to memcpy: `commands.py FILE.safetensors…`.

Every command reads a warm file and writes to the folder of temporary files; what writes is followed by a sync of what it
wrote. zipnn and lmz are measured where Python has them. Figures are bytes of the dense file a second.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np

TARE = os.environ.get("TARE", ".build/release/tare")


def best(body, runs=3):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return min(times)


def memcpy():
    source, target = np.ones(256 << 20, np.uint8), np.full(256 << 20, 2, np.uint8)
    return source.nbytes / best(lambda: np.copyto(target, source), 5)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def synced(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def written(path, *command):
    """A job that makes `path`, from nothing, and brings it to the disk."""
    def job():
        if os.path.exists(path):
            os.remove(path)
        run(*command)
        synced(path)
    return job


def jobs(model, folder):
    packed, back = os.path.join(folder, "m.tare"), os.path.join(folder, "back")
    copied, zst = os.path.join(folder, "copy"), os.path.join(folder, "m.zst")
    yield "tare pack", written(packed, TARE, "pack", "--quiet", model, "-o", packed)
    yield "tare unpack", written(back, TARE, "unpack", "--quiet", packed, "-o", back)
    yield "cp", written(copied, "cp", "--reflink=never", model, copied)
    yield "tare inspect", lambda: run(TARE, "inspect", "--quiet", model)
    yield "tare verify A B", lambda: run(TARE, "verify", "--quiet", model, copied)
    yield "cmp A B", lambda: run("cmp", model, copied)
    if shutil.which("zstd"):
        yield "zstd -3", written(zst, "zstd", "-q", "-3", "-T1", model, "-o", zst)
        yield "zstd -3, back", written(back, "zstd", "-q", "-d", zst, "-o", back)
    yield from python_peers(model)


def python_peers(model):
    with open(model, "rb") as file:
        data = file.read()
    try:
        import zipnn
        coder = zipnn.ZipNN(bytearray_dtype="bfloat16", input_format="byte", threads=1)
        coded = coder.compress(data)
        yield "zipnn", lambda: coder.compress(data)
        yield "zipnn, back", lambda: coder.decompress(coded)
    except ImportError:
        pass
    if shutil.which("lmz"):
        out = model + ".lmz"
        yield "lmz", written(out, "lmz", "compress", model, out)
        if os.path.exists(out):
            os.remove(out)


def main():
    unit = memcpy()
    print(f"memcpy: {unit / 1e6:.0f} MB/s")
    for model in sys.argv[1:]:
        print(os.path.basename(model))
        with tempfile.TemporaryDirectory() as folder:
            size = os.path.getsize(model)
            for name, job in jobs(model, folder):
                seconds = best(job)
                print(f"  {name:<18}{size / seconds / unit:>7.3f} × memcpy {size / seconds / 1e6:>8.0f} MB/s", flush=True)


if __name__ == "__main__":
    main()
