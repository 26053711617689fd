"""Peak memory of every command: check_memory.py TARE FOLDER [options]

Makes a sparse file of zeros, and files of dense and of pruned weights, in FOLDER, each with one tensor that is far
larger than what a command may hold; runs each command on each, and prints time and peak of resident memory. Pages of
mapped files count as resident. Exits 1 where a peak is above its limit.

The kernel's own record is read (ru_maxrss of wait4), so that no peak falls between two looks; this process is small
beside the limits, which matters, as the record of a child starts at its parent's size.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import time

MIB = 1 << 20


WIDTH = {"BF16": 2, "F64": 8}


def safetensors(path, dtype, rows, columns, write):
    """A file of one matrix and a small vector behind it."""
    matrix = rows * columns * WIDTH[dtype]
    header = json.dumps({
        "weight": {"dtype": dtype, "shape": [rows, columns], "data_offsets": [0, matrix]},
        "norm": {"dtype": "F32", "shape": [64], "data_offsets": [matrix, matrix + 256]},
    }).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        write(file)
        file.truncate(8 + len(header) + matrix + 256)


def make(path, byte_count, dtype, pruned):
    """Normal weights, some MiB at a time; `pruned` sets half of them to -0 or +0, None makes a sparse file."""
    columns = 4096
    rows = byte_count // (columns * WIDTH[dtype])

    def weights(file):
        import numpy as np

        random = np.random.default_rng(7)
        for start in range(0, rows, 1024):
            block = random.standard_normal((min(1024, rows - start), columns), dtype=np.float32) * np.float32(0.02)
            if pruned:
                block *= np.abs(block) > 0.0135
            values = block.astype(np.float64) if dtype == "F64" else (block.view(np.uint32) >> 16).astype("<u2")
            file.write(values.tobytes())

    # In a process of its own: this one must stay small.
    child = os.fork()
    if child == 0:
        safetensors(path, dtype, rows, columns, (lambda file: None) if pruned is None else weights)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit("the file could not be made")


def run(tare, arguments):
    """Seconds, peak bytes; ends the process where the command fails."""
    start = time.monotonic()
    child = subprocess.Popen([tare, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"tare {' '.join(arguments)} ended with {child.returncode}")
    return time.monotonic() - start, usage.ru_maxrss * 1024


def check(tare, path, options, most):
    """Runs every command on the file; gives how many passed the limit."""
    packed, back = path + ".tare", path + ".back"
    # A file of zeros shrinks more than unpack takes from strangers.
    believing = ["--max-expansion", "1000000000"]
    commands = [
        ["pack", path, "-o", packed], ["unpack", packed, "-o", back, *believing],
        ["convert", path, back, "--to", "safetensors", "--dtype", "f32", "--verify", "--force"],
        ["convert", packed, back, "--to", "tare", "--dtype", "f16", "--force", *believing],
        ["convert", path, back, "--to", "hdf5", "--compression", "zstd", "--force"],
        ["inspect", back],
        ["verify", path], ["verify", packed], ["verify", path, packed], ["inspect", path], ["inspect", packed],
    ]
    wrong = 0
    for arguments, own in [(command, options) for command in commands] + [
        (["cat", path, "weight", "--format", "raw", "-o", back, "--force"], []),
        (["cat", packed, "weight", "--format", "raw", "-o", back, "--force"], []),
    ]:
        seconds, peak = run(tare, arguments + own)
        # Decoded chunks of HDF5 are kept beside what --memory counts.
        limit = most + (40 * MIB if arguments == ["inspect", back] else 0)
        words = " ".join(os.path.basename(word) for word in arguments if word != "--force")
        print(f"{'ok  ' if peak < limit else 'OVER'} {peak / MIB:7.1f} MiB of {limit / MIB:.0f}, {seconds:6.1f} s: {words}")
        wrong += peak >= limit
    for name in (path, packed, back):
        os.unlink(name)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tare")
    parser.add_argument("folder")
    parser.add_argument("--sparse", type=float, default=20, help="GB of the file of zeros; 0 leaves it out")
    parser.add_argument("--weights", type=float, default=2, help="GB of each file of weights; 0 leaves them out")
    parser.add_argument("--dtype", choices=WIDTH, default="BF16")
    parser.add_argument("--sparse-limit", type=int, default=512, help="MiB that the file of zeros may take")
    parser.add_argument("--memory", type=int, default=128, help="MiB given to --memory for weights")
    parser.add_argument("--limit", type=int, help="MiB that weights may take; default as --memory")
    given = parser.parse_args()
    wrong = 0
    if given.sparse:
        path = os.path.join(given.folder, "sparse.safetensors")
        make(path, int(given.sparse * 1e9), given.dtype, None)
        wrong += check(given.tare, path, [], given.sparse_limit * MIB)
    for name, pruned in (("dense", False), ("pruned", True)) if given.weights else ():
        path = os.path.join(given.folder, f"{name}.safetensors")
        make(path, int(given.weights * 1e9), given.dtype, pruned)
        wrong += check(given.tare, path, ["--memory", f"{given.memory}M"], (given.limit or given.memory) * MIB)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
