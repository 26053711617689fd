"""Checks `tare verify A B --json` against numpy: check_comparison.py TARE FOLDER SEED

Writes two models into FOLDER: each pair of tensors of one dtype or of two, some parts of them the same, with NaNs,
infinities and the edges of each type. Counts, extremes and their places must be equal, MSE, SQNR and cosine agree within
1e-11. Exits 1 with one line per disagreement.
"""

import json
import struct
import subprocess
import sys

import numpy as np

from check_inspection import NARROW, PLAIN, elements

WIDTHS = {**{name: np.dtype(kind).itemsize * 8 for name, kind in PLAIN.items()}, **{n: b for n, (_, b) in NARROW.items()}}
SHAPE = (37, 1200)


def write(path, tensors):
    header, offset = {}, 0
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(raw for _, _, raw in tensors.values()))


def random_bytes(random, dtype, count, wild):
    raw = random.integers(0, 256, count * WIDTHS[dtype] // 8, np.uint8)
    if dtype == "BOOL":
        return (raw & 1).tobytes()
    if not wild and dtype in ("F32", "F64", "F16", "BF16", "C64"):
        kind = {"C64": np.float32}.get(dtype, PLAIN[dtype])
        with np.errstate(over="ignore"):
            values = random.normal(0, 0.02, len(raw) // np.dtype(kind).itemsize).astype(np.float64).astype(kind)
        return values.tobytes()
    return raw.tobytes()


def disturbed(random, dtype, raw):
    """Other bytes here and there, but the same from the second third on to its end."""
    raw = bytearray(raw)
    places = random.integers(0, len(raw), max(1, len(raw) // 50))
    for place in places[(places < len(raw) // 3) | (places > 2 * len(raw) // 3)]:
        raw[place] = random.integers(0, 2) if dtype == "BOOL" else random.integers(0, 256)
    return bytes(raw)


def expected(a, b):
    """The figures over all pairs of elements; exact integers where both are."""
    with np.errstate(all="ignore"):
        are_integers = a.dtype.kind in "iu" and b.dtype.kind in "iu"
        exact = np.array([abs(int(x) - int(y)) for x, y in zip(a, b)], object) if are_integers else None
        if a.dtype.kind not in "iuc":
            a = a.astype(np.float64)
        if b.dtype.kind not in "iuc":
            b = b.astype(np.float64)
        x = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
        y = b.astype(np.complex128 if b.dtype.kind == "c" else np.float64)
        def parts(z):
            return z.view(np.float64).reshape(len(z), -1)
        finite = np.isfinite(parts(x)).all(1) & np.isfinite(parts(y)).all(1)
        same = ((parts(x) == parts(y)) | (np.isnan(parts(x)) & np.isnan(parts(y)))).all(1)
        mismatch = ~finite & ~same
        error = np.abs(x - y) if exact is None else exact.astype(np.float64)
        error = np.where(finite, error, 0)
        fx, fy = parts(x)[finite], parts(y)[finite]
        noise = np.sum(error[finite] ** 2) if exact is not None else np.sum((fx - fy) ** 2)
        signal, other, product = np.sum(fx ** 2), np.sum(fy ** 2), np.sum(fx * fy)
        differing = mismatch | (error > 0)
        return {
            "differing": int(differing.sum()), "first": int(differing.argmax()),
            "max_abs_error": float("inf") if mismatch.any() else float(error.max()),
            "at": int(mismatch.argmax()) if mismatch.any() else int(error.argmax()),
            "mean_squared_error": noise / finite.sum(),
            "sqnr_db": 10 * np.log10(signal / noise) if noise else float("inf"),
            "cosine": product / np.sqrt(signal) / np.sqrt(other),
        }


def agrees(found, wanted):
    if not np.isfinite(wanted):
        # Sums that leave the range of doubles.
        return found is None or found == str(wanted).replace("nan", "inf") or found in ("inf", "-inf")
    return found is not None and abs(float(found) - wanted) <= 1e-11 * max(1, abs(wanted))


def main(tare, folder, seed):
    random = np.random.default_rng(int(seed))
    count = SHAPE[0] * SHAPE[1]
    a, b = {}, {}
    for dtype in WIDTHS:
        for wild in (False, True):
            name = f"{dtype}.{'wild' if wild else 'tame'}"
            raw = random_bytes(random, dtype, count, wild)
            a[name], b[name] = (dtype, SHAPE, raw), (dtype, SHAPE, disturbed(random, dtype, raw))
        for other in ("F32", "BF16", "F6_E2M3", "I32"):
            if other != dtype and dtype != "C64":
                name = f"{dtype}.{other}"
                a[name] = (dtype, SHAPE, random_bytes(random, dtype, count, False))
                b[name] = (other, SHAPE, random_bytes(random, other, count, False))
    write(folder + "/a", a)
    write(folder + "/b", b)
    result = subprocess.run(
        [tare, "verify", folder + "/a", folder + "/b", "--tolerance", "value", "--json"], capture_output=True, check=False)
    found = {tensor["name"]: tensor for tensor in json.loads(result.stdout)["tensors"]}
    wrong = 0
    for name, (dtype, shape, raw) in a.items():
        x = elements(raw, dtype, shape).reshape(-1)
        y = elements(b[name][2], b[name][0], shape).reshape(-1)
        wanted, tensor = expected(x, y), found[name]
        seen = {
            "differing": tensor["differing"],
            "first": int(np.ravel_multi_index(tensor["first_difference"]["index"], shape)),
            "max_abs_error": float(tensor["max_abs_error"]),
            "at": int(np.ravel_multi_index(tensor["max_abs_error_at"]["index"], shape)),
        }
        for key, value in seen.items():
            if value != wanted[key]:
                wrong += 1
                print(f"{name}: {key} is {value}, numpy says {wanted[key]}")
        for key in ("mean_squared_error", "sqnr_db", "cosine"):
            if not agrees(tensor[key], wanted[key]):
                wrong += 1
                print(f"{name}: {key} is {tensor[key]}, numpy says {wanted[key]}")
    print(f"{len(a)} pairs of tensors compared with numpy, {wrong} disagreements")
    sys.exit(1 if wrong else 0)


main(*sys.argv[1:])
