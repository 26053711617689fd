"""Writes the hostile and odd GGUF files of this folder, and `expected.tsv`: what Tare makes of each, and why.

Needs nothing but Python. Run it in this folder; the same bytes come out each time.
"""

import struct
from pathlib import Path

ROWS = ["file\ttare\tmessage"]
U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
DATA = bytes(range(1, 33))


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(value)) + value


def start(tensors, keys, version=3, magic=b"GGUF", order="<"):
    return magic + struct.pack(order + "IQQ", version, tensors % 2**64, keys % 2**64)


def key(name, kind, value):
    return text(name) + struct.pack("<I", kind) + value


def array(kind, count, content=b""):
    return struct.pack("<IQ", kind, count) + content


def u32(value):
    return struct.pack("<I", value)


def tensor(name="x", shape=(8,), kind=0, offset=0):
    """The shape as the file has it: the dimension of neighbours first."""
    dimensions = b"".join(struct.pack("<Q", d % 2**64) for d in shape)
    return text(name) + struct.pack("<I", len(shape)) + dimensions + struct.pack("<IQ", kind, offset % 2**64)


def keep(name, blob, tare, message=""):
    Path(f"{name}.gguf").write_bytes(blob)
    ROWS.append(f"{name}.gguf\t{tare}\t{message}")


def keys(name, *pairs, tare="malformed", message=""):
    keep(name, start(0, len(pairs)) + b"".join(pairs), tare, message)


def tensors(name, *infos, data=DATA, pairs=(), alignment=32, tare="malformed", message=""):
    head = start(len(infos), len(pairs)) + b"".join(pairs) + b"".join(infos)
    keep(name, head + bytes(-len(head) % alignment) + data, tare, message)


# The first bytes.
keep("empty", start(0, 0), "ok")
keep("version_2", start(0, 0, 2), "ok")
keep("big_endian", start(0, 0, 3, order=">"), "ok")
keep("big_endian_2", start(0, 0, 2, order=">"), "ok")
keep("magic", start(0, 0, magic=b"FUGG"), "malformed", "expected 'GGUF' as the first bytes (at byte 0)")
keep("magic_alone", b"GGUF", "malformed", "the version: needs 4 bytes, 0 are left (at byte 4)")
keep("cut_in_count", start(0, 0)[:20], "malformed", "the count of keys: needs 8 bytes, 4 are left (at byte 16)")
keep("version_0", start(0, 0, 0), "malformed", "version 0, expected 2 or 3 (at byte 4)")
keep("version_1", start(0, 0, 1), "unsupported", "version 1 of GGUF; known: 2 and 3 (at byte 4)")
keep("version_4", start(0, 0, 4), "unsupported", "version 4 of GGUF")
keep("version_3_in_the_middle", start(0, 0, 0x300), "unsupported", "version 768 of GGUF")
keep("version_4_big_endian", start(0, 0, 4, order=">"), "unsupported", "version 4 of GGUF")
keep("version_3_and_more", start(0, 0, 0x10003), "unsupported", "version 65539 of GGUF")

# Counts are claims.
keep("tensors_minus_1", start(-1, 0), "malformed", "the count of tensors: 18446744073709551615 of at least 24 bytes, with 8 bytes left (at byte 8)")
keep("tensors_2_40", start(2**40, 0), "malformed", "the count of tensors: 1099511627776 of at least 24 bytes")
keep("tensors_2_40_and_some", start(2**40, 0) + bytes(4096), "malformed", "the count of tensors: 1099511627776 of at least 24 bytes, with 4104 bytes left")
keep("keys_minus_1", start(0, -1), "malformed", "the count of keys: 18446744073709551615 of at least 14 bytes, with 0 bytes left (at byte 16)")
keep("keys_2_62", start(0, 2**62), "malformed", "the count of keys: 4611686018427387904 of at least 14 bytes")
keep("keys_one_too_many", start(0, 2) + key("a", STRING, text("b" * 40)), "malformed", "key 1 of the metadata: needs 8 bytes, 0 are left")

# Keys and values.
keys("key_empty", key("", U32, u32(0)), message="key 0 of the metadata is empty (at byte 24)")
keys("key_twice", key("a", U32, u32(0)), key("a", U32, u32(0)), message="key 'a' comes twice (at byte 41)")
keys("key_minus_1", struct.pack("<Q", 2**64 - 1) + bytes(32), message="key 0 of the metadata: 18446744073709551615, with 32 bytes left")
keys("key_nul", key("a\0x", U32, u32(0)), key("a\0y", U32, u32(0)), message="key 0 of the metadata holds a NUL")
keys("key_utf8", key(b"\xff\xfe", U32, u32(0)), message="key 0 of the metadata: expected UTF-8")
keys("key_spaces", key("A B", U32, u32(0)), tare="ok")
keys("key_escapes_terminal", key("\x1b[2J", 99, u32(0)), tare="unsupported", message="key '\\u{1b}[2J': type 99 of values")
keys("value_type_13", key("a", 13, u32(0)), tare="unsupported", message="key 'a': type 13 of values, which this build does not know (at byte 33)")
keys("value_type_minus_1", key("a", 2**32 - 1, u32(0)), tare="unsupported", message="key 'a': type 4294967295 of values")
keys("value_cut", key("a", U64, u32(0)), message="key 'a': a value: needs 8 bytes, 4 are left")
keys("bool_2", key("a.b", BOOL, b"\2"), message="key 'a.b': a boolean of 2, expected 0 or 1 (at byte 39)")
keys("bools_2", key("a.b", ARRAY, array(BOOL, 2, b"\1\2")), message="key 'a.b': a boolean that is neither 0 nor 1 (at byte 39)")
keys("string_2_40", key("a", STRING, struct.pack("<Q", 2**40)), message="key 'a': the length of a string: 1099511627776, with 0 bytes left (at byte 37)")
keys("string_2_63", key("a", STRING, struct.pack("<Q", 2**63) + b"abc"), message="the length of a string: 9223372036854775808, with 3 bytes left")
keys("string_minus_1", key("a", STRING, struct.pack("<Q", 2**64 - 1) + b"abc"), message="the length of a string: 18446744073709551615")
keys("string_not_utf8", key("a", STRING, text(b"\xff\xfe")), tare="ok")
keys("string_empty", key("a", STRING, text("")), tare="ok")

# Arrays.
keys("array_empty", key("a", ARRAY, array(U32, 0)), tare="ok")
keys("array_of_unknown", key("a", ARRAY, array(13, 0)), tare="unsupported", message="key 'a': type 13 of values")
keys("array_2_30", key("a", ARRAY, array(U8, 2**30 + 1)), message="key 'a': the count of an array: 1073741825, with 0 bytes left (at byte 41)")
keys("array_wraps", key("a", ARRAY, array(U64, 2**61, bytes(64))), message="the count of an array: 2305843009213693952 of at least 8 bytes, with 64 bytes left")
keys("array_of_strings_2_60", key("a", ARRAY, array(STRING, 2**60, bytes(64))), message="of at least 8 bytes, with 64 bytes left")
keys("array_string_cut", key("a", ARRAY, array(STRING, 2, text("b") + struct.pack("<Q", 9) + b"c")), message="the length of a string of an array: 9, with 1 bytes left")
keys("array_nested", key("a", ARRAY, array(ARRAY, 1, array(U32, 1, u32(5)))), tare="ok")
nest = lambda depth: array(U8, 0) if depth == 1 else array(ARRAY, 1, nest(depth - 1))  # noqa: E731
keys("array_16_deep", key("a", ARRAY, nest(16)), tare="ok")
keys("array_17_deep", key("a", ARRAY, nest(17)), message="key 'a': arrays in arrays, expected at most 65536, 16 deep")
keys("array_900_deep", key("a", ARRAY, nest(900)), message="arrays in arrays, expected at most 65536, 16 deep")

# Alignment.
for alignment in (1, 2, 8, 64, 2**31):
    keys(f"alignment_{alignment}", key("general.alignment", U32, u32(alignment)), tare="ok")
for alignment in (0, 13, 2**32 - 1):
    keys(f"alignment_{alignment}", key("general.alignment", U32, u32(alignment)), message=f"key 'general.alignment': {alignment}, expected a power of two (at byte 53)")
keys("alignment_i32", key("general.alignment", I32, u32(32)), message="key 'general.alignment': i32, expected u32")
keys("alignment_u64", key("general.alignment", U64, struct.pack("<Q", 32)), message="key 'general.alignment': u64, expected u32")
keys("alignment_array", key("general.alignment", ARRAY, array(U32, 1, u32(32))), message="key 'general.alignment': u32[], expected u32")

# Names.
tensors("sound", tensor(), tare="ok")
tensors("name_63", tensor("n" * 63), tare="ok")
tensors("name_64", tensor("n" * 64), tare="ok")
tensors("name_empty", tensor(""), tare="ok")
tensors("name_nul", tensor("a\0b"), tensor("a\0c", offset=32), data=DATA * 2, message="the name of tensor 0 holds a NUL")
tensors("name_utf8", tensor(b"\xc3"), message="the name of tensor 0: expected UTF-8")
tensors("name_twice", tensor("a"), tensor("a", offset=32), data=DATA * 2, message="tensor 'a' comes twice")
tensors("name_minus_1", struct.pack("<Q", 2**64 - 1) + bytes(40), message="the name of tensor 0: 18446744073709551615")

# Shapes.
tensors("rank_0", tensor(shape=()), tare="ok")
tensors("rank_5", tensor(shape=(1,) * 5), tare="ok")
tensors("rank_1025", tensor(shape=(1,) * 1025), message="tensor 'x': 1025 dimensions, expected at most 1024")
tensors("rank_2_32", text("x") + u32(2**32 - 1) + bytes(64), message="tensor 'x': 4294967295 dimensions, expected at most 1024 (at byte 33)")
tensors("dimension_minus_1", tensor(shape=(-1,)), message="tensor 'x': dimension 18446744073709551615, expected at most 9223372036854775807 (at byte 37)")
tensors("dimension_0", tensor(shape=(8, 0)), data=b"", tare="ok")
tensors("dimension_0_then_tensor", tensor(shape=(8, 0)), tensor("y"), tare="ok")
tensors("product_wraps_to_0", tensor(shape=(2**32, 2**32), kind=24), message="has 2^64 elements or more (at byte 33)")
tensors("product_2_62_times_4", tensor(shape=(2**31, 2**31, 4)), message="has 2^64 elements or more")
tensors("product_just_below_2_66", tensor(shape=(2**33 - 4,) * 2, kind=24), message="has 2^64 elements or more")
tensors("bytes_wrap", tensor(shape=(2**61 + 1,), kind=27), message="has 2^64 bits or more")
tensors("bytes_near_2_63", tensor(shape=(0x7FFFFFFFFFFFFFC0,), kind=24), message="has 2^64 bits or more")
tensors("zero_and_huge", tensor(shape=(2**62, 0)), data=b"", tare="ok")
tensors("huge_and_zero_wraps", tensor(shape=(0, 2**62, 2**62)), message="has 2^64 elements or more")
tensors("row_of_31", tensor(shape=(31,), kind=2), message="tensor 'x': rows of 31 elements of Q4_0, expected a multiple of 32")
tensors("rows_fill_blocks_together", tensor(shape=(16, 2), kind=2), message="rows of 16 elements of Q4_0")
tensors("scalar_of_blocks", tensor(shape=(), kind=2), message="rows of 1 elements of Q4_0")

# Types.
for kind in (4, 5, 31, 32, 33, 36, 37, 38):
    tensors(f"type_{kind}", tensor(shape=(256,), kind=kind), data=DATA * 40, tare="unsupported", message=f"tensor 'x': type {kind} of ggml, which ggml has removed (at byte 45)")
for kind in (43, 2**31, 2**32 - 1):
    tensors(f"type_{kind}", tensor(shape=(256,), kind=kind), data=DATA * 40, tare="unsupported", message=f"tensor 'x': type {kind} of ggml, which this build does not know")
tensors("type_42", tensor(shape=(64,), kind=42), tare="ok")

# Places.
tensors("offset_odd", tensor(offset=4), data=DATA * 2, tare="ok")
tensors("offset_gap", tensor(offset=32), data=DATA * 2, tare="ok")
tensors("order_swapped", tensor(offset=32), tensor("y"), data=DATA * 2, tare="ok")
tensors("tied", tensor(), tensor("y"), tare="ok")
tensors("overlap", tensor(shape=(6,)), tensor("y", shape=(4,), offset=16), tare="ok")
tensors("offset_at_the_end", tensor(offset=32), message="tensor 'x': offset 32 of 32 bytes, but the file ends after 32 bytes of data: it is truncated (at byte 49)")
tensors("offset_minus_1", tensor(offset=-1), message="offset 18446744073709551615 of 32 bytes")
tensors("offset_2_63", tensor(offset=2**63), message="offset 9223372036854775808 of 32 bytes")
tensors("offset_wraps_to_the_start", tensor(offset=-64), message="offset 18446744073709551552 of 32 bytes")
tensors("empty_beyond", tensor(shape=(0,), offset=64), message="offset 64 of 0 bytes, but the file ends after 32")
tensors("last_not_padded", tensor(shape=(7,)), data=DATA[:28], tare="ok")
tensors("data_cut", tensor(), data=DATA[:31], message="offset 0 of 32 bytes, but the file ends after 31 bytes of data: it is truncated")
tensors("data_missing", tensor(), data=b"", message="the file ends after 0 bytes of data")
tensors("trailing", tensor(), data=DATA + b"junk", tare="ok")
tensors("two_of_2_60", tensor(shape=(2**60,), kind=24), tensor("y", shape=(2**60,), kind=24), message="offset 0 of 1152921504606846976 bytes")
tensors("alignment_1_data", tensor(shape=(3,), kind=24), tensor("y", shape=(3,), kind=24, offset=3), data=b"abcdef", pairs=[key("general.alignment", U32, u32(1))], alignment=1, tare="ok")
tensors("alignment_2_31_data", tensor(), pairs=[key("general.alignment", U32, u32(2**31))], message="the file ends after 0 bytes of data")

Path("expected.tsv").write_text("\n".join(ROWS) + "\n")
