"""Checks `tare convert` against numpy, ml_dtypes and safetensors: check_conversion.py TARE SEED

- Every float type cast to every other: all patterns of 16 bits and less, random ones and those around the target's numbers
  of f64 and f32. Narrow targets are compared with the nearest number found by search, even patterns first; where numpy or
  ml_dtypes round once, with them too. NaNs must stay NaNs, with their sign where the target has one.
- A file is what Python's safetensors writes for the same tensors and one key of metadata, byte for byte.
- Shards are cut as huggingface_hub cuts them.

Exits 1 with one line per disagreement.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
from safetensors.numpy import load_file, save_file

TYPES = {
    "F64": np.dtype(np.float64), "F32": np.dtype(np.float32), "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16), "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2), "F8_E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "F8_E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
}
failures = []


def fail(text):
    failures.append(text)
    print(text)


def word(dtype):
    return np.dtype(f"u{dtype.itemsize}")


def file_of(path, name, bits, dtype_name):
    """A file of one tensor, written without any library: no peer knows all types."""
    header = {name: {"dtype": dtype_name, "shape": [bits.size], "data_offsets": [0, bits.nbytes]}}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bits.tobytes())


def bits_of(path, dtype):
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    return np.frombuffer(raw[start:], word(dtype))


def finite_table(dtype):
    """The finite numbers from 0 up, in order of their patterns."""
    patterns = np.arange(1 << (8 * dtype.itemsize - 1), dtype=np.uint32).astype(word(dtype))
    with np.errstate(invalid="ignore"):
        numbers = patterns.view(dtype).astype(np.float64)
    return numbers[np.isfinite(numbers)]


def nearest(numbers, dtype):
    """The patterns of magnitudes, rounded once: to nearest, ties to even; one past the table's end is overflow."""
    table = finite_table(dtype)
    # Where the next number would lie if the exponent had no end.
    table = np.append(table, table[-1] + (table[-1] - table[-2]))
    above = np.searchsorted(table, numbers)
    above = np.clip(above, 1, table.size - 1)
    low, high = table[above - 1], table[above]
    middle = low + (high - low) / 2
    up = (numbers > middle) | ((numbers == middle) & (above % 2 == 0))
    return np.where(up, above, above - 1)


def patterns(source, target, generator):
    if source.itemsize <= 2:
        return np.arange(1 << (8 * source.itemsize), dtype=np.uint32).astype(word(source))
    close = target if target.itemsize <= 2 else TYPES["BF16"]
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = finite_table(close).astype(source)
        middles = (numbers[1:] + numbers[:-1]) / 2
    near = np.concatenate([numbers, middles]).view(word(source))
    near = np.concatenate([near, near + 1, near - 1])
    top = np.iinfo(word(source)).max
    free = generator.integers(0, top, 50000, dtype=word(source), endpoint=True)
    signed = near | (word(source).type(1) << word(source).type(8 * source.itemsize - 1))
    return np.concatenate([near, signed, free])


def check_cast(found, source_bits, names):
    source, target = TYPES[names[0]], TYPES[names[1]]
    with np.errstate(all="ignore"):
        numbers = source_bits.view(source).astype(np.float64)
    sign_bit = word(target).type(1 << (8 * target.itemsize - 1))
    is_fnuz = "FNUZ" in names[1]
    is_nan = np.isnan(numbers)
    negative = np.signbit(numbers)
    with np.errstate(all="ignore"):
        values = found.view(target).astype(np.float64)
    if not np.isnan(values[is_nan]).all():
        fail(f"{names}: a NaN became a number")
    if not is_fnuz and "FNUZ" not in names[0]:
        source_sign = source_bits >> word(source).type(8 * source.itemsize - 1) == 1
        if ((found & sign_bit != 0) != source_sign)[is_nan].any():
            fail(f"{names}: a NaN changed its sign")
    known = ~is_nan
    if target.itemsize <= 2:
        magnitude = nearest(np.abs(numbers[known]), target).astype(word(target))
        over = magnitude >= finite_table(target).size
        overflow = {"F8_E4M3": 0x7F, "F8_E5M2": 0x7C, "F16": 0x7C00, "BF16": 0x7F80}.get(names[1], 0)
        expected = np.where(over, word(target).type(overflow), magnitude)
        keeps_sign = negative[known] & ((expected != 0) | (not is_fnuz))
        expected = np.where(keeps_sign, expected | sign_bit, expected)
        if is_fnuz:
            expected = np.where(over, sign_bit, expected)
        report(found[known], expected, source_bits[known], names, "the nearest number")
    # ml_dtypes takes f64 through f32, which rounds twice.
    if names[0] != "F64" or names[1] in ("F32", "F16"):
        with np.errstate(all="ignore"):
            peer = source_bits.view(source).astype(target).view(word(target))
        report(found[known], peer[known], source_bits[known], names, "numpy and ml_dtypes")


def report(found, expected, source_bits, names, peer):
    wrong = np.flatnonzero(found != expected)
    if wrong.size:
        at = wrong[0]
        fail(
            f"{names}: {wrong.size} differ from {peer}, the first {source_bits[at]:#x}: "
            f"{found[at]:#x}, expected {expected[at]:#x}")


def convert(tare, *arguments):
    done = subprocess.run([tare, "convert", "--quiet", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        fail(f"convert {arguments}: exit {done.returncode}: {done.stderr}")


def check_types(tare, folder, seed):
    generator = np.random.default_rng(seed)
    for source in TYPES:
        for target in TYPES:
            if source == target:
                continue
            bits = patterns(TYPES[source], TYPES[target], generator)
            file_of(folder / "in", "x", bits, source)
            convert(tare, folder / "in", folder / "out.safetensors", "--dtype", target.lower(), "--force")
            check_cast(bits_of(folder / "out.safetensors", TYPES[target]), bits, (source, target))


def random_model(generator):
    kinds = [np.float64, np.int64, np.float32, ml_dtypes.bfloat16, np.float16, np.int16, np.uint8, np.bool_]
    model = {}
    for number in range(60):
        shape = tuple(generator.choice([0, 1, 2, 5, 33], generator.choice([0, 1, 2, 3])))
        name = generator.choice(["w", "é", "model.layers.", "\t\"\\", "z\u007f"]) + str(number)
        kind = np.dtype(kinds[generator.choice(len(kinds))])
        model[name] = np.asarray(generator.standard_normal(shape) * 50).astype(kind)
    return model


def check_bytes(tare, folder, seed):
    generator = np.random.default_rng(seed)
    for _ in range(4):
        model = random_model(generator)
        save_file(model, folder / "peer", {"format": "np"})
        convert(tare, folder / "peer", folder / "shards/", "--shard", "2K")
        convert(tare, folder / "shards", folder / "out.safetensors", "--force")
        if (folder / "out.safetensors").read_bytes() != (folder / "peer").read_bytes():
            fail("a file that was cut and joined is not what safetensors writes")
        check_shards(folder, in_file_order(folder / "peer"))
        subprocess.run(["rm", "-r", folder / "shards"], check=True)
        cast = {name: x.astype(np.float16) if x.dtype.kind not in "iub" else x for name, x in model.items()}
        save_file(cast, folder / "peer16", {"format": "np"})
        convert(tare, folder / "peer", folder / "out.safetensors", "--dtype", "f16", "--force")
        if (folder / "out.safetensors").read_bytes() != (folder / "peer16").read_bytes():
            fail("a file of halves is not what safetensors writes")


def in_file_order(path):
    """The names and tensors by their places; those without bytes as the header has them."""
    raw = path.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    tensors = load_file(path)
    return [(name, tensors[name]) for name in header if name != "__metadata__"]


def check_shards(folder, tensors, limit=2048):
    """The greedy walk over the tensors in the order of the file."""
    shards, current, size = [], [], 0
    for name, tensor in tensors:
        if tensor.nbytes > limit:
            shards.append([name])
            continue
        if size + tensor.nbytes > limit:
            shards.append(current)
            current, size = [], 0
        current.append(name)
        size += tensor.nbytes
    shards.append(current)
    if len(shards) == 1:
        # One file needs no index.
        if [path.name for path in (folder / "shards").iterdir()] != ["model.safetensors"]:
            fail("what fits in one shard is not one file")
        elif sorted(load_file(folder / "shards/model.safetensors")) != sorted(shards[0]):
            fail("the only shard holds other tensors")
        return
    names = [f"model-{n + 1:05d}-of-{len(shards):05d}.safetensors" for n in range(len(shards))]
    index = json.loads((folder / "shards/model.safetensors.index.json").read_text())
    if index["metadata"]["total_size"] != sum(tensor.nbytes for _, tensor in tensors):
        fail("total_size is not the bytes of all tensors")
    if list(index["weight_map"].items()) != [(t, n) for n, shard in zip(names, shards) for t in shard]:
        fail("the shards are cut in another way")
    for name, shard in zip(names, shards):
        if sorted(load_file(folder / "shards" / name)) != sorted(shard):
            fail(f"{name} holds other tensors than its index says")


def main():
    tare, seed = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_types(tare, folder, seed)
        check_bytes(tare, folder, seed)
    print(f"seed {seed}, {len(failures)} disagreements")
    sys.exit(bool(failures))


main()
