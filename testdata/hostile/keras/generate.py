"""Writes the hostile and odd archives and indices of Keras of this folder, and `expected.tsv`: what `tare` says of each.

    .venv/bin/python3 testdata/hostile/keras/generate.py .build/debug/tare

Needs nothing but Python. The same bytes come out each time. ZIP archives that lie in other ways are in `hostile/zip`, HDF5
files in `hostile/hdf5`.
"""

import json
import struct
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE.parent), str(HERE.parent / "zip"), str(HERE.parent / "hdf5")]
from archives import DESCRIPTOR, FULL16, FULL32, Member, archive, deflated, wide  # noqa: E402
from commands import write  # noqa: E402
from structures import (  # noqa: E402
    UNDEFINED, Image, contiguous, float32, header, link, link_info, message, space, GROUP, LINK, LINK_INFO)

CASES = {}
WEIGHTS, NUMPY = b"model.weights.h5", b"model.weights.npz"
DATA = struct.pack("<6f", *range(6))


def keep(name, blob, said="", code=None):
    """`said` is None where the file is sound; the code is 65 unless it says otherwise."""
    assert name not in CASES, name
    CASES[name] = (blob, said, (0 if said is None else 65) if code is None else code)


def hdf5(layout=None, data=DATA, extent=space(2, 3), front=b"", name=b"w", **superblock):
    image = Image(front)
    place = image.put(data)
    w = image.dataset(float32(), extent, layout or contiguous(place, len(data)))
    return image.file(image.group([(name, w)]), **superblock)


TEXTS = [Member(b"metadata.json", b'{"keras_version": "3.15.1"}'), Member(b"config.json", b'{"class_name": "Sequential"}')]
SOUND = hdf5()


def model(weights=SOUND, *more, texts=TEXTS, member={}, **lies):
    return archive(*texts, Member(WEIGHTS, weights, **member), *more, **lies)


keep("sound", model(), None)
keep("sound_deflated", model(member={"method": 8}), None)
keep("sound_without_texts", model(texts=[]), None)
keep("sound_user_block", model(hdf5(front=bytes(512))), None)
keep("sound_assets", model(SOUND, Member(b"assets/words.txt", b"some words", method=8)), None)
keep("sound_descriptor", model(member={"flags": DESCRIPTOR, "local": {"crc": 0, "stored": 0, "size": 0}}), None)

# HDF5 that leads out of its member, to what else is in the archive.
for name, place in (("end", len(SOUND)), ("next", len(SOUND) + 40), ("far", 2**20), ("2_62", 2**62), ("wraps", 2**64 - 40)):
    keep(f"offset_{name}", model(hdf5(contiguous(place, 24)), Member(b"assets/secret", bytes(200))))
    keep(f"offset_{name}_deflated", model(hdf5(contiguous(place, 24)), member={"method": 8}))
for name, end in (("more", len(SOUND) + 100), ("2_40", 2**40), ("undefined", UNDEFINED)):
    keep(f"end_{name}", model(hdf5(end=end), Member(b"assets/secret", bytes(200))))
keep("end_less", model(hdf5(end=len(SOUND) - 8)))
keep("base_outside", model(hdf5(base=2**20)))
keep("base_minus_1", model(hdf5(base=2**64 - 1)))
keep("weights_empty", model(b""))
keep("weights_signature", model(SOUND[:8]))
keep("weights_cut", model(SOUND[:-1]))
keep("weights_cut_deflated", model(SOUND[:-1], member={"method": 8}))
keep("weights_longer", model(SOUND + bytes(100)), None)
keep("weights_text", model(b"no weights at all, and long enough to hold a superblock" * 20))
keep("weights_archive", model(archive(Member(WEIGHTS, SOUND))))
keep("weights_archive_behind_block", model(hdf5(front=archive(Member(b"a")).ljust(512, b"\0"))), None)
keep("weights_10_12", model(hdf5(contiguous(UNDEFINED, 0), extent=space(10**6, 10**6))))


def linked():
    image = Image()
    value = b"\0../../etc/passwd\0/w\0"
    return image.file(image.put(header(
        message(LINK_INFO, link_info()), message(GROUP, bytes(2)), message(LINK, link(b"w", 64, value)))))


keep("weights_linked", model(linked()), None)

# Compressed weights.
BOMB = hdf5(data=bytes(16 << 20), extent=space(4 << 20))
keep("deflated_ends_early", model(member={"method": 8, "stored": deflated(SOUND)[:-9]}))
keep("deflated_goes_on", model(member={"method": 8, "stored": deflated(SOUND) + b"more"}))
keep("deflated_garbage", model(member={"method": 8, "stored": b"\xff" * 40}))
keep("deflated_nothing", model(member={"method": 8, "stored": b""}))
keep("deflated_more", model(member={"method": 8, "size": len(SOUND) - 1}))
keep("deflated_fewer", model(member={"method": 8, "size": len(SOUND) + 1}))
keep("deflated_bomb", model(BOMB, member={"method": 8}))
keep("deflated_claims_2_40", model(member={
    "method": 8, "local": {"size": FULL32, "extra": wide(2**40)}, "entry": {"size": FULL32, "extra": wide(2**40)}},
    zip64={}))
keep("deflated_claims_2_63", model(member={
    "method": 8, "local": {"size": FULL32, "extra": wide(2**63)}, "entry": {"size": FULL32, "extra": wide(2**63)}},
    zip64={}))
keep("deflated_checksum", model(member={"method": 8, "crc": 1}))

# Stored ones, which only `verify` sums up.
keep("stored_checksum", model(member={"crc": 1}), None)
keep("stored_changed", model(SOUND[:104] + b"\1" + SOUND[105:], member={"crc": 0x12345678}), None)
keep("asset_checksum", model(SOUND, Member(b"assets/words.txt", b"some words", crc=1)), None)
keep("asset_stream", model(SOUND, Member(b"assets/words.txt", b"some words", method=8, stored=b"\xff" * 9)), None)
keep("stored_longer_than_archive", model(member={"stored": SOUND, "local": {"size": 4096, "stored": 4096},
                                                 "entry": {"size": 4096, "stored": 4096}}))
keep("stored_claims_2_63", model(member={
    "local": {"size": FULL32, "stored": FULL32, "extra": wide(2**63, 2**63)},
    "entry": {"size": FULL32, "stored": FULL32, "extra": wide(2**63, 2**63)}}, zip64={}))

# Texts.
keep("config_checksum", model(texts=[Member(b"config.json", b"{}", crc=1)]))
keep("config_bomb", model(texts=[Member(b"config.json", bytes(1 << 20), method=8)]), None)
keep("config_claims_2_30", model(texts=[Member(b"config.json", b"{}", method=8, size=2**30)]))
keep("config_no_json", model(texts=[Member(b"config.json", b"{]")]), None)
keep("config_not_utf8", model(texts=[Member(b"config.json", b"\xff\xfe\0")]), None)
keep("config_empty", model(texts=[Member(b"config.json", b"")]), None)
keep("config_deep", model(texts=[Member(b"config.json", b"[" * 20000 + b"]" * 20000, method=8)]), None)
keep("config_layers_lie", model(texts=[Member(b"config.json", json.dumps({"config": {"layers": [
    None, 1, {"class_name": 5}, {"class_name": "Dense", "config": []}, {"class_name": "Dense", "config": {"name": ["x"]}},
    {"class_name": "Functional", "config": {"layers": {"0": 1}}}]}}).encode())]), None)

# Which members there are.
keep("no_weights", archive(*TEXTS), "", 69)
keep("numpy_weights", archive(*TEXTS, Member(NUMPY, b"PK")), "", 69)
keep("both_weights", archive(*TEXTS, Member(NUMPY, b"PK"), Member(WEIGHTS, SOUND)), None)
keep("weights_in_folder", archive(Member(b"x/" + WEIGHTS, SOUND)), "", 69)
keep("weights_in_capitals", archive(Member(WEIGHTS.upper(), SOUND)), "", 69)
keep("weights_folder", archive(Member(WEIGHTS + b"/", b"")), "", 69)
keep("weights_twice", model(SOUND, Member(WEIGHTS, SOUND)))
keep("weights_other_name_before", model(member={"local": {"name": b"model.weights.hx"}}))
keep("weights_other_method_before", model(member={"local": {"method": 8}}))
keep("weights_other_size_before", model(member={"local": {"size": 100, "stored": 100}}))
keep("asset_outside", model(SOUND, Member(b"../assets/words.txt", b"x")))
keep("asset_absolute", model(SOUND, Member(b"/etc/passwd", b"x")))
keep("asset_in_weights", model(SOUND, Member(b"a", b"x", entry={"offset": 300})))
keep("encrypted", model(member={"flags": 1}), "", 69)
keep("two_ends", model(comment=model(hdf5(data=bytes(24)))))
keep("second_model_in_front", model(front=model(hdf5(data=bytes(24)))))
keep("second_model_behind", model(tail=model(hdf5(data=bytes(24)))))
keep("parts", model(end={"disk": 1}), "", 69)
keep("zip64_elsewhere", model(zip64={"offset": 0}, end={"offset": FULL32}))
keep("zip64_members_2_62", model(zip64={"here": 2**62, "all": 2**62}, end={"here": FULL16, "all": FULL16}))
for length in (0, 2, 4, 30, 60, len(model()) // 2, len(model()) - 30, len(model()) - 1):
    keep(f"cut_{length}", model()[:length])

# Sharded weights: what an index names lies beside it, or does not.
keep("one.weights.h5", hdf5(name=b"one"), None)
keep("two.weights.h5", hdf5(name=b"two"), None)
keep("broken.weights.h5", SOUND[:-1])


def index(name, text, said="", code=None):
    keep(f"{name}.weights.json", (text if isinstance(text, bytes) else json.dumps(text).encode()), said, code)


def shards(*files):
    return {"metadata": {}, "weight_map": {f"/{number}": file for number, file in enumerate(files)}}


index("sound", shards("one.weights.h5", ["two.weights.h5", "one.weights.h5"]), None)
index("index_one_file", shards("one.weights.h5"), None)
index("index_missing", shards("one.weights.h5", "missing.weights.h5"), "", 66)
index("index_broken", shards("one.weights.h5", "broken.weights.h5"))
index("index_of_archive", shards("sound.keras", "one.weights.h5"))
index("index_of_itself", shards("index_of_itself.weights.json", "one.weights.h5"))
index("index_outside", shards("../one.weights.h5"))
index("index_absolute", shards("/etc/passwd", "one.weights.h5"))
index("index_dots", shards("..", "one.weights.h5"))
index("index_folder", shards(".", "one.weights.h5"))
index("index_nul", shards("one.weights.h5\0", "one.weights.h5"))
index("index_empty_name", shards("", "one.weights.h5"))
index("index_empty", {"weight_map": {}, "x": "one.weights.h5"})
index("index_no_map", {"x": "one.weights.h5"})
index("index_map_of_number", {"weight_map": 5, "x": "one.weights.h5"})
index("index_number", shards(5, "one.weights.h5"))
index("index_nested", shards([["one.weights.h5"]]))
index("index_cut", json.dumps(shards("one.weights.h5")).encode()[:-2])
index("index_trailing", json.dumps(shards("one.weights.h5")).encode() + b"}")
index("index_deep", b'{"x": "one.weights.h5", "y": ' + b"[" * 2000 + b"]" * 2000 + b"}")
index("index_not_utf8", b'{"weight_map": {"\xff": "one.weights.h5"}}')
index("index_group_twice", b'{"weight_map": {"a": "one.weights.h5", "a": "two.weights.h5"}}')
index("index_map_twice", b'{"weight_map": {"a": "one.weights.h5"}, "weight_map": {"a": "two.weights.h5"}}')

if __name__ == "__main__":
    sys.exit(write(HERE, ".keras", CASES, sys.argv[1]))
