"""Checks the digests of a certificate with hashlib: check_certificate.py CERTIFICATE A [B]

A and B are safetensors files, or packed files, of which only the digest of the file is checked. Exits 1 with one line per
disagreement.
"""

import hashlib
import json
import struct
import sys


def integer(value):
    return struct.pack("<Q", value)


def tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        digest = hashlib.sha256(data[8 + length + begin : 8 + length + end])
        yield name, tensor["dtype"], tensor["shape"], digest


def values_digest(path):
    records = []
    for name, dtype, shape, digest in tensors(path):
        record = b"".join(integer(len(text.encode())) + text.encode() for text in (name, dtype))
        records.append(record + integer(len(shape)) + b"".join(map(integer, shape)) + digest.digest())
    return hashlib.sha256(b"".join(sorted(records))).hexdigest()


def main(certificate, *models):
    with open(certificate, encoding="utf-8") as file:
        stated = json.load(file)
    wrong = []
    for key, path in zip("ab", models):
        model = stated[key]
        with open(path, "rb") as file:
            if model["files"][0]["sha256"] != hashlib.file_digest(file, "sha256").hexdigest():
                wrong.append(f"{key}: the file")
        if model["format"] != "safetensors":
            continue
        found = {name: (dtype, shape, digest.hexdigest()) for name, dtype, shape, digest in tensors(path)}
        if found != {t["name"]: (t["dtype"], t["shape"], t["sha256"]) for t in model["tensors"]}:
            wrong.append(f"{key}: the tensors")
        if values_digest(path) != model["values_sha256"]:
            wrong.append(f"{key}: values_sha256")
    if len(models) == 2 and stated["a"]["values_sha256"] != stated["b"]["values_sha256"]:
        wrong.append("a and b have other values_sha256")
    print(f"{len(models)} models, {len(wrong)} disagreements", *wrong, sep="\n")
    sys.exit(1 if wrong else 0)


main(*sys.argv[1:])
