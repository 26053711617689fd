"""Checks the numbers of `tare inspect --json` against numpy: check_inspection.py INSPECTION.json

Each tensor is read from the model's file at its `offset`. Counts and extremes must be equal; mean and standard deviation
may differ by 1e-9 of the values' magnitude. Exits 1 with one line per disagreement.
"""

import json
import sys

import ml_dtypes
import numpy as np

PLAIN = {
    "BOOL": np.uint8, "U8": np.uint8, "I8": np.int8, "I16": np.int16, "U16": np.uint16, "I32": np.int32,
    "U32": np.uint32, "I64": np.int64, "U64": np.uint64, "F16": np.float16, "F32": np.float32, "F64": np.float64,
    "C64": np.complex64, "BF16": ml_dtypes.bfloat16, "F8_E5M2": ml_dtypes.float8_e5m2,
    "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E8M0": ml_dtypes.float8_e8m0fnu,
    "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz, "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
}
NARROW = {
    "F4": (ml_dtypes.float4_e2m1fn, 4), "F6_E2M3": (ml_dtypes.float6_e2m3fn, 6), "F6_E3M2": (ml_dtypes.float6_e3m2fn, 6),
}


def elements(raw, dtype, shape):
    if dtype in PLAIN:
        return np.frombuffer(raw, PLAIN[dtype]).reshape(shape)
    kind, bits = NARROW[dtype]
    stream = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little").reshape(-1, bits)
    patterns = np.packbits(stream, axis=1, bitorder="little").reshape(-1)
    return patterns.view(kind).reshape(shape)


def expectations(x, dtype):
    if dtype == "BOOL":
        x = (x != 0).astype(np.uint8)
    is_float = x.dtype.kind not in "iub"
    if x.dtype == np.complex64:
        nan, infinite = np.isnan(x), np.isinf(x) & ~np.isnan(x)
        zero = x == 0
        negative = zero & (np.signbit(x.real) | np.signbit(x.imag))
        finite = None
    elif is_float:
        # Every float here but F64 is exact in double precision.
        with np.errstate(invalid="ignore"):
            wide = x.astype(np.float64)
        nan, infinite, zero = np.isnan(wide), np.isinf(wide), wide == 0
        negative = zero & np.signbit(wide)
        finite = wide[np.isfinite(wide)]
    else:
        nan = infinite = negative = np.zeros(x.shape, bool)
        zero = x == 0
        finite = x.reshape(-1)
    found = {"zeros": int(zero.sum()), "negative_zeros": int(negative.sum()), "nan": int(nan.sum()),
             "infinite": int(infinite.sum())}
    if is_float and x.dtype != np.complex64 and dtype != "F8_E8M0":
        tiny = np.float64(ml_dtypes.finfo(x.dtype).smallest_normal)
        found["subnormals"] = int(((wide != 0) & (np.abs(wide) < tiny)).sum())
    if x.ndim >= 2:
        matrix = zero.reshape(x.shape[0], -1) if x.size else zero.reshape(0, 0)
        found["zero_rows"] = int(matrix.all(axis=1).sum()) if x.size else 0
        found["zero_columns"] = int(matrix.all(axis=0).sum()) if x.size else 0
    if finite is not None and finite.size:
        found["min"], found["max"] = finite.min().item(), finite.max().item()
        found["abs_max"] = max(abs(found["min"]), abs(found["max"]))
        with np.errstate(over="ignore", invalid="ignore"):
            found["mean"], found["std"] = finite.astype(np.float64).mean(), finite.astype(np.float64).std()
    else:
        found.update(dict.fromkeys(("min", "max", "abs_max", "mean", "std")))
    return found


def agrees(key, ours, theirs, scale):
    if key in ("mean", "std") and theirs is not None and np.isfinite(theirs):
        return ours is not None and abs(ours - theirs) <= 1e-9 * max(abs(theirs), 1e-3 * scale)
    if isinstance(theirs, float) and not np.isfinite(theirs):
        return True  # numpy's own sum left the doubles
    return ours == theirs


def main():
    wrong = tensors = 0
    for model in json.load(open(sys.argv[1]))["models"]:
        for tensor in model["tensors"]:
            with open(model["path"], "rb") as file:
                file.seek(tensor["offset"])
                raw = file.read(tensor["bytes"])
            ours = tensor | {k: v for k, v in tensor["structure"].items() if k != "kind"}
            theirs = expectations(elements(raw, tensor["dtype"], tensor["shape"]), tensor["dtype"])
            tensors += 1
            for key, value in theirs.items():
                if not agrees(key, ours[key], value, theirs.get("abs_max") or 0):
                    wrong += 1
                    print(f"{model['path']}: tensor '{tensor['name']}': {key} is {ours[key]}, numpy says {value}")
    print(f"{tensors} tensors compared with numpy, {wrong} disagreements")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
