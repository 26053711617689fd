"""Checks the numbers of `tare inspect --json` against numpy: check_inspection.py INSPECTION.json

Each tensor is read from the model's file at its `offset`. Counts and extremes must be equal; mean, standard deviation (both
taken in long doubles, and finite for any values) and entropies may differ by 1e-9 of the values' magnitude, quantiles by `quantile_error`, a `distinct` that is estimated by
six times its standard error; what `sampled_elements` tell, by what a sample of so many may miss. Exits 1 with one line per disagreement.
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


FLOATS = {
    "F4": (2, 1), "F6_E2M3": (2, 3), "F6_E3M2": (3, 2), "F8_E4M3": (4, 3), "F8_E5M2": (5, 2), "F8_E8M0": (8, 0),
    "F8_E4M3FNUZ": (4, 3), "F8_E5M2FNUZ": (5, 2), "BF16": (8, 7), "F16": (5, 10), "F32": (8, 23), "F64": (11, 52),
}
NARROWER = [
    ("F4", 4, ml_dtypes.float4_e2m1fn), ("F6_E2M3", 6, ml_dtypes.float6_e2m3fn), ("F6_E3M2", 6, ml_dtypes.float6_e3m2fn),
    ("F8_E4M3", 8, ml_dtypes.float8_e4m3fn), ("F8_E5M2", 8, ml_dtypes.float8_e5m2), ("BF16", 16, ml_dtypes.bfloat16),
    ("F16", 16, np.float16), ("F32", 32, np.float32),
]
SHARES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]


def entropy(symbols):
    counts = np.unique(symbols, return_counts=True)[1]
    p = counts / counts.sum()
    return float(-(p * np.log2(p)).sum()) if len(counts) else 0.0


def exact_in(x, dtype):
    """The first narrower type to which all values go and from which they come back, infinities and NaNs in IEEE types."""
    if x.size == 0:
        return None
    bits = x.dtype.itemsize * 8 if dtype in PLAIN else NARROW[dtype][1]
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64).reshape(-1)
        special = ~np.isfinite(wide)
        for name, width, kind in NARROWER:
            ieee = name in ("F8_E5M2", "BF16", "F16", "F32")
            if width >= bits or (special.any() and not ieee):
                continue
            if ieee and np.isnan(wide).any() and nan_bits(x, dtype) > FLOATS[name][1]:
                continue
            values = wide[~special]
            back = values.astype(np.float32).astype(kind).astype(np.float64)
            if (values.astype(np.float32) == values).all() and (back == values).all():
                return name
    return dtype


def nan_bits(x, dtype):
    """The leading bits of the mantissa that NaNs use."""
    mantissa = FLOATS[dtype][1]
    word = x.reshape(-1).view(f"u{x.dtype.itemsize}")[np.isnan(x.reshape(-1).astype(np.float64))]
    union = int(np.bitwise_or.reduce(word & word.dtype.type((1 << mantissa) - 1)))
    return max(1, mantissa - (union & -union).bit_length() + 1 if union else 0)


def profile(x, finite, mean, std, dtype):
    """What is told of the words and of how the values are spread."""
    found = {}
    flat = x.reshape(-1)
    words = flat.view(f"u{x.dtype.itemsize}")
    bits = x.dtype.itemsize * 8 if dtype in PLAIN else NARROW[dtype][1]
    if dtype not in PLAIN:
        words = words & np.uint8((1 << bits) - 1)
    distinct = len(np.unique(words))
    found["distinct"] = distinct
    layout = FLOATS.get(dtype)
    prefix = {"F32": 16, "F64": 20}.get(dtype, 0 if bits > 16 else bits)
    low = 0.0
    if bits > 16:
        below = bits - prefix
        rest = words & words.dtype.type((1 << below) - 1) if prefix else words
        low = sum(entropy((rest >> words.dtype.type(place)) & words.dtype.type(255)) for place in range(0, below, 8))
    top = words >> words.dtype.type(bits - prefix) if prefix and bits > prefix else words
    whole = bits <= 16 or distinct <= 1024
    symbols = len(np.unique(top))
    found["entropy_bits"] = (entropy(words) if whole else (entropy(top) if prefix else 0.0) + low), symbols
    if layout:
        mantissa = prefix - (bits - layout[1])
        field = lambda first, count: entropy((top >> top.dtype.type(first)) & top.dtype.type((1 << count) - 1))
        found["entropy_fields"] = ({
            "sign": 0.0 if dtype == "F8_E8M0" else field(mantissa + layout[0], 1),
            "exponent": field(mantissa, layout[0]), "mantissa": (field(0, mantissa) if mantissa else 0.0) + low,
        }, symbols)
        found["exact_in"] = exact_in(x, dtype)
    else:
        found["entropy_fields"] = found["exact_in"] = None
    found["quantiles"] = found["outliers"] = None
    if finite is not None and finite.size:
        values = np.sort(finite.astype(np.float64)).astype(np.longdouble)
        found["quantiles"] = values
        found["outliers"] = (values, mean, 6 * std)
    return found


def norms(stored, x, dtype):
    """The least, the lower median and the largest norm of rows and of columns."""
    if stored.ndim < 2 or stored.dtype == np.complex64 or not stored.size:
        return None, None
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64).reshape(stored.shape[0], -1)
        if min(wide.shape) < 2:
            return None, None
        squares = np.where(np.isfinite(wide), wide, 0.0) ** 2
        lines = [np.sort(np.sqrt(squares.sum(axis=axis))) for axis in (1, 0)]
    return [{"min": n[0], "median": n[(len(n) - 1) // 2], "max": n[-1]} for n in lines]


def elements(raw, dtype, shape):
    if dtype in PLAIN:
        return np.frombuffer(raw, PLAIN[dtype]).reshape(shape)
    kind, bits = NARROW[dtype]
    stream = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little").reshape(-1, bits)
    patterns = np.packbits(stream, axis=1, bitorder="little").reshape(-1)
    return patterns.view(kind).reshape(shape)


def expectations(x, dtype):
    stored = x
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
        # The range of a long double holds the sums of squares of any doubles.
        wide = finite.astype(np.longdouble)
        found["mean"], found["std"] = wide.mean(), wide.std()
    else:
        found.update(dict.fromkeys(("min", "max", "abs_max", "mean", "std")))
    found["row_norms"], found["column_norms"] = norms(stored, x, dtype)
    return found | profile(stored, finite, found["mean"], found["std"], dtype)


def quantiles_agree(tensor, values):
    """Each between the values of the ranks that it may have: of lines of 16 elements, within five standard errors."""
    if list(tensor["quantiles"]) != [str(share) for share in SHARES]:
        return False
    for share in SHARES:
        sampled = tensor["sampled_elements"]
        slack = 5 * np.sqrt(16 * share * (1 - share) / sampled) if sampled else 0
        ranks = [np.ceil((share + side * slack) * len(values) - 1e-9) - 1 for side in (-1, 1)]
        low, high = (float(values[int(min(max(rank, 0), len(values) - 1))]) for rank in ranks)
        # Below the smallest normal number of F32 the error is absolute.
        error = tensor["quantile_error"]
        loose = 1.2e-38 if error else 0
        ours = tensor["quantiles"][str(share)]
        if not low - error * abs(low) - loose <= ours <= high + error * abs(high) + loose:
            return False
    return True


def outliers_agree(ours, values, mean, reach, error, rate):
    """Values whose distance is nearer to the reach than a quantile's error may be counted or not; of a sample each stands
    for `rate`."""
    slack = error * np.abs(values) + 1e-9 * (abs(mean) + reach)
    distance = np.abs(values - mean)
    fewest, most = (distance - slack > reach).sum(), (distance + slack > reach).sum()
    missed = 0 if rate == 1 else 6 * np.sqrt(16 * rate * (most + rate))
    return fewest - missed <= ours <= most + missed


def agrees(key, tensor, theirs, scale):
    ours = tensor[key]
    if theirs is None or ours is None:
        return ours is theirs
    if key in ("mean", "std"):
        return abs(ours - theirs) <= 1e-9 * max(abs(theirs), 1e-3 * scale)
    if key == "distinct" and tensor["distinct_error"] > 0:
        return abs(ours - theirs) <= 6 * tensor["distinct_error"] * theirs
    if key in ("entropy_bits", "entropy_fields"):
        bits, symbols = theirs
        # What a sample does not meet it takes for impossible, so its entropy is too low by about symbols / (2 ln 2 · n).
        error = 0.05 + symbols / tensor["sampled_elements"] if tensor["sampled_elements"] else 1e-9
        if key == "entropy_bits":
            return abs(ours - bits) <= error
        return all(abs(ours[field] - bits[field]) <= error for field in bits)
    if key == "quantiles":
        return quantiles_agree(tensor, theirs)
    if key in ("row_norms", "column_norms"):
        error = {"min": 1e-9, "max": 1e-9, "median": 2**-10 if key == "row_norms" else 1e-9}
        return all(float(ours[k]) == theirs[k] or abs(float(ours[k]) - theirs[k]) <= error[k] * theirs[k] for k in theirs)
    if key == "outliers":
        rate = tensor["elements"] / (tensor["sampled_elements"] or tensor["elements"])
        return outliers_agree(ours, *theirs, tensor["quantile_error"], rate)
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
                if not agrees(key, ours, value, theirs.get("abs_max") or 0):
                    wrong += 1
                    print(f"{model['path']}: tensor '{tensor['name']}': {key} is {ours[key]}, numpy says {value}")
    print(f"{tensors} tensors compared with numpy, {wrong} disagreements")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
