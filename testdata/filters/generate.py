"""Writes `chunks.tsv`: filtered chunks as HDF5 stores them, with the filter pipelines and masks that stand beside them.

Needs h5py==3.16.0, hdf5plugin==7.1.0, numpy. Each chunk is what the library wrote, and its content what the library reads
back. Without arguments it writes the golden file of this folder; with a path and a seed, chunks of other content and of
other sizes than those, for the tests to compare with.

    generate.py [OUT SEED]
"""

import base64
import sys
import tempfile
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

GZIP, SHUFFLE, FLETCHER32, LZF, LZ4, BITSHUFFLE, ZSTD = 1, 2, 3, 32000, 32004, 32008, 32015
MANDATORY, OPTIONAL = 0, 1
COLUMNS = ["case", "filters", "mask", "bytes", "fnv1a64", "chunk"]


def fnv1a64(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return f"{state:016x}"


def pipelines(dtype):
    """Names and filter lists of (id, flags, parameters), as writers combine them."""
    size = np.dtype(dtype).itemsize
    shuffle = (SHUFFLE, OPTIONAL, ())
    fletcher32 = (FLETCHER32, MANDATORY, ())
    yield "none", []
    yield "shuffle", [shuffle]
    yield "fletcher32", [fletcher32]
    for level in (0, 1, 4, 6, 9):
        yield f"gzip{level}", [(GZIP, OPTIONAL, (level,))]
        yield f"shuffle-gzip{level}", [shuffle, (GZIP, OPTIONAL, (level,))]
    yield "shuffle-gzip6-fletcher32", [shuffle, (GZIP, OPTIONAL, (6,)), fletcher32]
    yield "fletcher32-shuffle-gzip4", [fletcher32, shuffle, (GZIP, OPTIONAL, (4,))]
    yield "lzf", [(LZF, OPTIONAL, ())]
    yield "shuffle-lzf-fletcher32", [shuffle, (LZF, OPTIONAL, ()), fletcher32]
    for block in (0, 64, 1000):
        yield f"lz4-{block}", [(LZ4, MANDATORY, (block,))]
    for codec in (0, 2, 3):
        for block in (0, 64):
            values = (block, codec, 3) if codec == 3 else (block, codec)
            yield f"bitshuffle-{codec}-{block}", [(BITSHUFFLE, MANDATORY, values)]
    for level in (1, 3, 19, -5):
        yield f"zstd{level}", [(ZSTD, MANDATORY, (level % 2**32,))]
    yield "shuffle-zstd3-fletcher32", [shuffle, (ZSTD, MANDATORY, (3,)), fletcher32]
    yield "gzip1-zstd3", [(GZIP, MANDATORY, (1,)), (ZSTD, MANDATORY, (3,))]
    yield "zstd1-lzf", [(ZSTD, MANDATORY, (1,)), (LZF, OPTIONAL, ())]
    if size == 4:
        yield "shuffle-shuffle-bitshuffle", [shuffle, shuffle, (BITSHUFFLE, MANDATORY, (0, 2))]


def contents(rng, dtype, count):
    """What chunks hold: weights, half of them pruned; noise that nothing makes smaller; one repeated element."""
    size = np.dtype(dtype).itemsize
    noise = rng.integers(0, 256, count * size, dtype="u1")
    yield "noise", noise.view(dtype)
    weights = rng.normal(0, 0.02, -(-count * size // 4)).astype("f4")
    weights[rng.random(len(weights)) < 0.5] = 0
    yield "pruned", np.frombuffer(weights.tobytes()[: count * size], dtype)
    yield "constant", np.repeat(noise.view(dtype)[:1], count)


def write(group, name, data, filters):
    """A dataset of one chunk; its pipeline, mask and bytes as the file has them."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(data.shape)
    for number, flags, values in filters:
        if number == SHUFFLE:
            plist.set_shuffle()
        elif number == FLETCHER32:
            plist.set_fletcher32()
        else:
            plist.set_filter(number, flags, values)
    kind = h5py.h5t.py_create(data.dtype)
    space = h5py.h5s.create_simple(data.shape)
    dataset = h5py.h5d.create(group.id, name.encode(), kind, space, plist)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, data)
    group.file.flush()
    stored = dataset.get_create_plist()
    pipeline = [stored.get_filter(n)[:3] for n in range(stored.get_nfilters())]
    mask, chunk = dataset.read_direct_chunk((0,) * data.ndim)
    back = np.empty_like(data)
    dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, back)
    assert back.tobytes() == data.tobytes(), name
    return pipeline, mask, chunk


def rows(rng, dtypes, counts):
    with tempfile.TemporaryDirectory() as folder, h5py.File(Path(folder) / "x.h5", "w") as file:
        for dtype in dtypes:
            count = int(rng.choice(counts))
            for kind, data in contents(rng, dtype, count):
                for name, filters in pipelines(dtype):
                    case = f"{name}.{dtype}.{kind}.{count}"
                    pipeline, mask, chunk = write(file, case, data, filters)
                    text = ";".join(f"{n},{flags},{','.join(map(str, values))}" for n, flags, values in pipeline)
                    yield [case, text or "-", mask, data.nbytes, fnv1a64(data.tobytes()), chunk]


def golden(rows):
    """Of all combinations as few as show everything once: each pipeline in one type, each type in one pipeline or more."""
    seen = set()
    for index, row in enumerate(rows):
        name, dtype, kind, _ = row[0].split(".")
        if (name, kind) in seen or (kind == "noise" and row[2] == 0 and name != "shuffle-gzip0"):
            continue
        if kind == "constant" and name not in ("lzf", "lz4-0", "bitshuffle-2-0", "shuffle-gzip9"):
            continue
        seen.add((name, kind))
        yield row


def main(out=Path(__file__).parent / "chunks.tsv", seed=None):
    rng = np.random.default_rng(int(seed) if seed else 7)
    # Types of 16 bytes stand for complex numbers, those of 3 for none: both go through the general loops.
    if seed:
        found = rows(rng, ["u1", "i2", "f4", "f8", "V3", "c16"], [1, 7, 8, 9, 1000, 4097, 20000])
    else:
        found = golden([row for dtype in ("f4", "i2", "f8") for row in rows(rng, [dtype], [205])])
    lines = ["\t".join(COLUMNS)]
    for row in found:
        lines.append("\t".join(map(str, row[:-1])) + "\t" + base64.b64encode(row[-1]).decode())
    Path(out).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
