"""Prunes with numpy and compares with what tare convert --prune wrote, bit for bit.

    check_pruning.py write FOLDER SEED          writes model.safetensors and norms.safetensors
    check_pruning.py check FOLDER OUTPUT SPEC   prunes the model with numpy and compares OUTPUT with it
"""

import json
import struct
import sys

import ml_dtypes
import numpy as np

DTYPES = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16,
    "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2,
    "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz, "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
}
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
SHAPES = [("proj.weight", (48, 75)), ("conv.weight", (10, 12, 3, 3)), ("experts.weight", (3, 8, 33))]


def write(path, tensors):
    header, data = {}, b""
    for name, array in tensors.items():
        header[name] = {
            "dtype": NAMES[array.dtype], "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        # The length is odd on purpose in half of the files: nothing may rely on alignment.
        file.write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    with open(path, "rb") as file:
        bytes = file.read()
    (length,) = struct.unpack("<Q", bytes[:8])
    tensors = {}
    for name, entry in json.loads(bytes[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(bytes[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def random_weights(random, dtype, shape):
    """Weights of which some are zeros of either sign, and in every third row infinite or NaN."""
    weights = (random.standard_normal(shape) * 0.3).astype(dtype)
    weights[random.random(shape) < 0.1] = 0
    weights[random.random(shape) < 0.05] *= -0.0
    special = (random.random(shape) < 0.02) & (np.arange(shape[0]) % 3 == 0).reshape(-1, *[1] * (len(shape) - 1))
    weights[special] = random.choice([np.nan, np.inf, -np.inf], special.sum()).astype(dtype)
    return weights


def write_model(folder, seed):
    random = np.random.default_rng(seed)
    model, norms = {}, {}
    for number, dtype in enumerate(DTYPES.values()):
        for name, shape in SHAPES:
            name = f"layers.{number}.{name}"
            model[name] = random_weights(random, dtype, shape)
            columns = matrix(name, model[name]).shape[1]
            norms[name + (".input_norm" if number % 2 else "")] = random.random(columns).astype(np.float32)
    write(folder + "/model.safetensors", model)
    write(folder + "/norms.safetensors", norms)


def matrix(name, weights):
    """The weights with one row for each output."""
    return weights.reshape(-1, weights.shape[-1]) if "expert" in name else weights.reshape(weights.shape[0], -1)


def keys(weights):
    """What is compared: magnitudes; infinity for what stays."""
    magnitudes = np.abs(weights.astype(np.float64))
    return np.where(np.isfinite(magnitudes), magnitudes, np.inf)


def smallest(keys, count):
    """Marks the `count` smallest finite keys of the last axis, of equal ones the first."""
    order = np.argsort(keys, axis=-1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(keys.shape[-1]), order.shape), axis=-1)
    return (ranks < count) & np.isfinite(keys)


def share_of(count, share):
    return int(np.rint(share * count))


def in_groups(name, weights, keys, kept, size):
    """Marks all but the `kept` largest of each group of `size` inputs at one place of the kernel."""
    inputs = weights.shape[1] if weights.ndim > 2 and "expert" not in name else keys.shape[1]
    cube = keys.reshape(keys.shape[0], inputs, -1)
    gone = np.zeros(cube.shape, bool)
    groups = inputs // size
    part = cube[:, : groups * size].reshape(cube.shape[0], groups, size, -1).swapaxes(2, 3)
    gone[:, : groups * size] = smallest(part, size - kept).swapaxes(2, 3).reshape(cube.shape[0], groups * size, -1)
    return gone.reshape(keys.shape)


def in_blocks(keys, rows, columns, share):
    rows, columns = min(rows, keys.shape[0]), min(columns, keys.shape[1])
    down, across = -(-keys.shape[0] // rows), -(-keys.shape[1] // columns)
    means = np.array([
        np.mean(np.square(keys[r * rows : (r + 1) * rows, c * columns : (c + 1) * columns]))
        for r in range(down) for c in range(across)])
    gone = smallest(means, share_of(means.size, share)).reshape(down, across)
    return gone.repeat(rows, 0).repeat(columns, 1)[: keys.shape[0], : keys.shape[1]]


def zeroed(name, weights, spec, norms):
    """Marks the elements of one tensor that go."""
    kind, _, rest = spec.partition(":")
    compared = keys(matrix(name, weights))
    if kind == "magnitude":
        return smallest(compared.reshape(-1), share_of(compared.size, float(rest)))
    if kind == "rows":
        return in_blocks(compared, 1, compared.shape[1], float(rest))
    if kind.startswith("block"):
        return in_blocks(compared, *map(int, kind[5:].split("x")), float(rest))
    if kind == "wanda":
        norm = norms.get(name, norms.get(name + ".input_norm"))
        compared = np.where(np.isfinite(compared), compared * norm.astype(np.float64), np.inf)
        if ":" not in rest:
            return smallest(compared, share_of(compared.shape[1], float(rest)))
        spec = rest
    return in_groups(name, weights, compared, *map(int, spec.split(":")))


def zeroed_everywhere(model, share):
    """Marks the elements that go where all tensors are compared together."""
    compared = [keys(weights).reshape(-1) for weights in model.values()]
    gone = smallest(np.concatenate(compared), share_of(sum(map(len, compared)), share))
    return np.split(gone, np.cumsum([len(part) for part in compared])[:-1])


def check(folder, output, spec):
    model, norms, written = (read(f"{folder}/{name}") for name in ("model.safetensors", "norms.safetensors", output))
    everywhere = None
    if spec.startswith("global:"):
        everywhere = dict(zip(model, zeroed_everywhere(model, float(spec[7:]))))
    wrong = []
    for name, weights in model.items():
        gone = everywhere[name] if everywhere else zeroed(name, weights, spec, norms)
        expected = weights.copy()
        expected[gone.reshape(weights.shape)] = 0
        expected[expected == 0] = 0
        if expected.tobytes() != written[name].tobytes():
            wrong.append(name)
    print(f"{len(model)} tensors pruned with numpy, {len(wrong)} disagreements", *wrong[:5])
    return 1 if wrong or model.keys() != written.keys() else 0


def main(write_model, check):
    np.seterr(all="ignore")
    if sys.argv[1] == "write":
        write_model(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(check(*sys.argv[2:5]))


if __name__ == "__main__":
    main(write_model, check)
