"""Writes the crafted safetensors files of this folder, and `expected.tsv`: what the reference implementation makes of each,
what Tare must, and a part of what it must say.

Needs safetensors==0.8.0. Run it in this folder; the same bytes come out each time. In `expected.tsv`, `reference` is
`accepts` or `refuses`, as the reference did when this ran; `tare` is `ok`, `malformed` or `unsupported`.
"""

import json
import struct
from pathlib import Path

import safetensors
from safetensors import SafetensorError, deserialize

assert safetensors.__version__ == "0.8.0"

FOUR = b"\x01\x02\x03\x04"
INFO = '{"dtype":"I32","shape":[1],"data_offsets":[0,4]}'
ROWS = ["file\treference\ttare\tmessage"]


def make(header, data=b"", length=None):
    header = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def tensor(dtype='"I32"', shape="[1]", offsets="[0,4]"):
    return f'{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}'


def keep(name, blob, tare, message=""):
    try:
        deserialize(blob)
        reference = "accepts"
    except SafetensorError:
        reference = "refuses"
    assert not (tare == "ok" and reference == "refuses"), name
    Path(name + ".safetensors").write_bytes(blob)
    ROWS.append(f"{name}.safetensors\t{reference}\t{tare}\t{message}")


def one(name, info, tare, message="", data=FOUR):
    """One tensor 'a'."""
    keep(name, make(f'{{"a":{info}}}', data), tare, message)


for old in Path(".").glob("*.safetensors"):
    old.unlink()

# The length of the header, and of the file.
keep("length_cut", b"\0" * 7, "malformed", "a file of 7 bytes, expected at least 8")
keep("length_alone", struct.pack("<Q", 60), "malformed", "a header of 60 bytes, but only 0 follow its length")
keep("length_zero", struct.pack("<Q", 0), "malformed", "expected '{' as the first byte of the header, found the end")
keep("length_2_63", make("{}", length=1 << 63), "malformed", "a header of 9223372036854775808 bytes, expected at most")
keep("length_2_64", make("{}", length=2**64 - 1), "malformed", "a header of 18446744073709551615 bytes")
keep("length_wraps", make("{}", length=2**64 - 8), "malformed", "a header of 18446744073709551608 bytes")
keep("length_cap", make("{}", length=100_000_001), "malformed", "expected at most 100000000 (at byte 0)")
keep("length_cap_allowed", make("{}", length=100_000_000), "malformed", "but only 2 follow its length")
keep("length_long_by_one", make("{}", length=3), "malformed", "a header of 3 bytes, but only 2 follow its length")
keep("length_short_by_one", make(f'{{"a":{INFO}}}', FOUR, length=53), "malformed", "found the end (at byte 61)")
one("trailing_byte", INFO, "malformed", "1 bytes too many after the last tensor (at byte 66)", FOUR + b"x")
one("truncated_data", INFO, "malformed", "the file ends after 3 bytes of data: it is truncated", FOUR[:3])
keep("no_tensor_but_data", make("{}", b"x"), "malformed", "1 bytes too many")

# Whitespace, and what is no object.
keep("space_behind", make("{}\r \t\n"), "ok")
keep("space_within", make('{ "a"\n:\t' + INFO.replace(",", " , ") + "\r}", FOUR), "ok")
keep("space_before", make(' {"a":%s}' % INFO, FOUR), "malformed", "first byte of the header, found a space (at byte 8)")
keep("newline_before", make("\n{}"), "malformed", "found byte 0x0A (at byte 8)")
keep("form_feed", make("{\f}"), "malformed", "found byte 0x0C (at byte 9)")
keep("nul_behind", make("{}\0\0"), "malformed", "expected nothing behind the header, found byte 0x00 (at byte 10)")
keep("byte_order_mark", make(b"\xef\xbb\xbf{}"), "malformed", "found byte 0xEF (at byte 8)")
keep("comment", make("{}//c"), "malformed", "found '/' (at byte 10)")
keep("two_documents", make("{}{}"), "malformed", "expected nothing behind the header, found '{' (at byte 10)")
keep("array", make("[]"), "malformed", "expected '{' as the first byte of the header, found '['")
keep("null", make("null"), "malformed", "found 'null'")
keep("open_object", make("{"), "malformed", "expected a string for a key, found the end (at byte 9)")
keep("comma_behind", make('{"a":%s,}' % INFO, FOUR), "malformed", "expected a string for a key, found '}'")
keep("comma_before", make('{,"a":%s}' % INFO, FOUR), "malformed", "expected a string for a key, found ','")
keep("comma_missing", make('{"a":%s"b":%s}' % (INFO, INFO), FOUR), "malformed", "expected ',' or '}', found '\"'")
keep("colon_missing", make('{"a"%s}' % INFO, FOUR), "malformed", "expected ':' behind the key, found '{'")
keep("key_unquoted", make("{a:%s}" % INFO, FOUR), "malformed", "expected a string for a key, found 'a'")
keep("single_quotes", make("{'a':%s}" % INFO, FOUR), "malformed", "found ''' (at byte 9)")

# Keys that come twice: the last one wins in the reference, the first in other readers.
keep("tensor_twice", make('{"a":%s,"a":%s}' % (INFO, INFO), FOUR), "malformed", "tensor 'a' comes twice (at byte 62)")
two = '{"a":%s,"a":%s}'
keep("tensor_twice_two_ranges", make(two % (INFO, tensor(offsets="[4,8]")), FOUR * 2), "malformed", "'a' comes twice")
keep("tensor_twice_escaped", make('{"a":%s,"\\u0061":%s}' % (INFO, INFO), FOUR), "malformed", "'a' comes twice")
keep("tensor_twice_empty", make(two % (INFO, tensor(shape="[0]", offsets="[0,0]"))), "malformed", "'a' comes twice")
meta = '{"__metadata__":%s,"a":' + INFO + "}"
keep("metadata_twice", make('{"__metadata__":{},' + meta[1:] % "{}", FOUR), "malformed", "'__metadata__' comes twice")
keep("metadata_key_twice", make(meta % '{"x":"1","x":"2"}', FOUR), "malformed", "key 'x' of '__metadata__' comes twice")
one("dtype_twice", '{"dtype":"I32",' + INFO[1:], "malformed", "tensor 'a': member 'dtype' comes twice (at byte 28)")
one("shape_twice", '{"shape":[1],' + INFO[1:], "malformed", "member 'shape' comes twice")
one("offsets_twice", '{"data_offsets":[0,4],' + INFO[1:], "malformed", "member 'data_offsets' comes twice")

# Metadata.
keep("metadata_null", make(meta % "null", FOUR), "ok")
keep("metadata_empty", make(meta % "{}", FOUR), "ok")
keep("metadata_integer", make(meta % '{"x":1}', FOUR), "malformed", "expected a string for the value of 'x'")
keep("metadata_nested", make(meta % '{"x":{}}', FOUR), "malformed", "expected a string for the value of 'x'")
keep("metadata_value_null", make(meta % '{"x":null}', FOUR), "malformed", "found 'null'")
keep("metadata_array", make(meta % "[]", FOUR), "malformed", "expected an object for '__metadata__', found '['")

# Metadata with types: formats/metadata.md.
def typed(name, pairs, tare, message="", tensors="", data=b""):
    keep("typed_" + name, make('{"__metadata__":{%s}%s}' % (pairs, tensors), data), tare, message)


def text(value):
    return '"tare.metadata":' + json.dumps(value if isinstance(value, str) else json.dumps(value))


def held(dtype, shape, size):
    return ',"tare.metadata":' + tensor(dtype, shape, f"[0,{size}]")


ONE = [{"key": "a", "type": "u8", "value": 1}]
mark = text('{"tensor":"tare.metadata"}')
typed("metadata", '"a":"1",' + text(ONE) + ',"b":"x"', "ok")
typed("empty", text("[]"), "ok")
typed("no_json", text("yes"), "malformed", "'tare.metadata': expected an array for the metadata, found 'yes'")
typed("no_list", text({"tensor": "other"}), "malformed", "'tare.metadata': expected an array for the metadata, found '{'")
typed("contradicts", '"a":"2",' + text(ONE), "malformed", "key 'a' is '2' in '__metadata__' and '1' in 'tare.metadata'")
typed("key_twice", text(ONE + ONE), "malformed", "key 'a' comes twice, byte 49 of the text")
typed("later_type", text([{"key": "a", "type": "u128", "value": 1}]), "unsupported", "type 'u128' of metadata")
typed("deep", text('[{"key":"a",' + '"type":"array[]","value":[{' * 5000), "malformed", "JSON nests deeper than 128 levels")
rank = ",".join("1" * 100_000)
typed("rank", text('[{"key":"a","type":"u8[]","shape":[%s],"value":[1]}]' % rank), "malformed", "1 elements in an array of")
typed("tensor", mark, "ok", "", held('"U8"', "[2]", 2), b"[]")
typed("tensor_missing", mark, "malformed", "tensor 'tare.metadata' is missing, which is to hold the metadata (at byte 41)")
typed("tensor_of_floats", mark, "malformed", "tensor 'tare.metadata' is F16 [1], expected U8", held('"F16"', "[1]", 2), b"[]")
typed("tensor_no_json", mark, "malformed", "found 'no' (at byte 139)", held('"U8"', "[2]", 2), b"no")

# The members of a tensor.
one("tensor_null", "null", "malformed", "tensor 'a': expected an object for a tensor, found 'null'")
one("tensor_array", '["I32",[1],[0,4]]', "malformed", "expected an object for a tensor, found '['")
one("member_unknown", INFO[:-1] + ',"zzz":{"q":[1]}}', "malformed", "member 'zzz'; known: dtype, shape, data_offsets")
one("member_case", INFO.replace("dtype", "DType"), "malformed", "member 'DType'; known: dtype, shape, data_offsets")
one("dtype_missing", '{"shape":[1],"data_offsets":[0,4]}', "malformed", "member 'dtype' is missing (at byte 13)")
one("shape_missing", '{"dtype":"I32","data_offsets":[0,4]}', "malformed", "member 'shape' is missing")
one("offsets_missing", '{"dtype":"I32","shape":[1]}', "malformed", "member 'data_offsets' is missing")
one("dtype_object", tensor('{"I32":null}'), "malformed", "expected a string for 'dtype', found '{'")
one("dtype_null", tensor("null"), "malformed", "expected a string for 'dtype', found 'null'")
one("dtype_lower_case", tensor('"i32"'), "malformed", "dtype 'i32'; known: BOOL, F4,")
one("dtype_empty", tensor('""'), "malformed", "dtype ''; known: BOOL")
one("dtype_digit_first", tensor('"4I"'), "malformed", "dtype '4I'; known")
one("dtype_escapes_terminal", tensor('"\\u001b[2J"'), "malformed", "dtype '\\u{1b}[2J'")
for word in ("F128", "C128", "I4", "U4", "F8_E4M3B11FNUZ"):
    one("dtype_" + word.lower(), tensor(f'"{word}"'), "unsupported", f"dtype '{word}'; known: BOOL, F4,")
one("shape_null", tensor(shape="null"), "malformed", "expected an array for 'shape', found 'null'")
one("shape_object", tensor(shape="{}"), "malformed", "expected an array for 'shape', found '{'")
one("offsets_one", tensor(offsets="[0]"), "malformed", "'data_offsets' holds other than two integers")
one("offsets_three", tensor(offsets="[0,4,8]"), "malformed", "'data_offsets' holds other than two integers")
one("offsets_none", tensor(offsets="[]"), "malformed", "'data_offsets' holds other than two integers")
one("offsets_object", tensor(offsets='{"0":0,"1":4}'), "malformed", "expected an array for 'data_offsets'")

# Numbers that are not simply digits.
for name, number in {
    "fraction": "4.0", "exponent": "4e0", "capital_exponent": "4E0", "minus_zero": "-0", "minus": "-4", "plus": "+4",
    "text": '"4"', "true": "true", "leading_zero": "04", "hexadecimal": "0x4", "nan": "NaN", "infinity": "Infinity",
    "letter": "4a", "missing": "", "beyond_u64": "18446744073709551616", "long": "4" * 200,
}.items():  # fmt: skip
    one(f"number_{name}", tensor(offsets=f"[0,{number}]"), "malformed", "expected an integer from 0 to 2^64 - 1")
one("dimension_minus", tensor(shape="[-1]"), "malformed", "expected an integer from 0 to 2^64 - 1 for a dimension")
one("dimension_true", tensor(shape="[true]"), "malformed", "for a dimension, found 'true'")

# Shapes that overflow, and sizes that do not come out.
HUGE = str(2**63 - 1)
none = "[0,0]"
one("shape_zero_then_huge", tensor(shape=f"[0,{HUGE},{HUGE}]", offsets=none), "ok", data=b"")
one("shape_huge_then_zero", tensor(shape=f"[{HUGE},{HUGE},0]", offsets=none), "malformed", "has 2^64 elements or more", b"")
one("shape_2_63_elements", tensor(shape=f"[2,{HUGE}]"), "malformed", "has 2^64 bits or more")
one("shape_2_64_elements", tensor('"U8"', shape=f"[2,{2**62},2]"), "malformed", "has 2^64 elements or more")
one("shape_wraps_to_4", tensor('"U8"', shape=f"[{2**62 + 1},4]"), "malformed", "has 2^64 elements or more")
one("dimension_2_63", tensor(shape=f"[0,{2**63}]", offsets=none), "malformed", f"dimension {2**63}, expected at most", b"")
one("dimension_2_64", tensor(shape=f"[0,{2**64}]", offsets=none), "malformed", "expected an integer from 0 to 2^64", b"")
one("rank_1025", tensor(shape="[" + ",".join("1" * 1025) + "]"), "malformed", "a shape of more than 1024 dimensions")
one("size_short", tensor(shape="[2,2]"), "malformed", "data_offsets [0, 4], expected [0, 16] for I32 [2, 2]")
one("size_long", tensor(offsets="[0,8]"), "malformed", "data_offsets [0, 8], expected [0, 4] for I32 [1]", FOUR * 2)
one("scalar_of_two", tensor(shape="[]", offsets="[0,8]"), "malformed", "expected [0, 4] for I32 []", FOUR * 2)
one("f4_odd", tensor('"F4"', "[3]", "[0,2]"), "malformed", "shape [3] of F4 does not fill whole bytes", b"ab")
one("f4_rows_in_nibbles", tensor('"F4"', "[2,1]", "[0,1]"), "ok", data=b"a")
one("f6_three", tensor('"F6_E2M3"', "[3]", "[0,3]"), "malformed", "shape [3] of F6_E2M3 does not fill whole bytes", b"abc")
one("bool_beyond_one", tensor('"BOOL"', "[4]"), "ok", data=b"\x02\xff\x00\x01")

# Places.
one("begins_late", tensor(offsets="[4,8]"), "malformed", "data_offsets [4, 8], expected [0, 4]: leaves a hole", FOUR * 2)
one("ends_before_begin", tensor(offsets="[4,0]"), "malformed", "data_offsets [4, 0], expected [0, 4]")
one("offsets_2_64", tensor(offsets=f"[{2**64 - 4},{2**64 - 1}]"), "malformed", f"data_offsets [{2**64 - 4}, {2**64 - 1}]")
one("far_end", tensor('"U8"', f"[{2**60}]", f"[0,{2**60}]"), "malformed", "the file ends after 4 bytes of data")
pair = '{"a":' + INFO + ',"b":%s}'
hole = tensor(offsets="[8,12]")
keep("hole", make(pair % hole, FOUR * 3), "malformed", "tensor 'b': data_offsets [8, 12], expected [4, 8]: leaves a hole")
keep("overlap", make(pair % tensor('"I16"', "[1]", "[2,4]"), FOUR), "malformed", "expected [4, 6]: overlaps the tensor")
keep("same_place", make(pair % INFO, FOUR), "malformed", "tensor 'b': data_offsets [0, 4], expected [4, 8]: overlaps")
keep("empty_inside", make(pair % tensor(shape="[0]", offsets="[2,2]"), FOUR), "malformed", "expected [4, 4]: overlaps")
keep("empty_at_start", make('{"b":%s,"a":%s}' % (tensor(shape="[0]", offsets=none), INFO), FOUR), "ok")
keep("empty_at_end", make(pair % tensor(shape="[0]", offsets="[4,4]"), FOUR), "ok")
keep("empty_behind_end", make(pair % tensor(shape="[0]", offsets="[5,5]"), FOUR), "malformed", "expected [4, 4]: leaves a hole")
ten = ",".join(f'"tensor_{i}":{tensor(shape="[2,2]", offsets="[0,16]")}' for i in range(10))
keep("ten_at_one_place", make("{%s}" % ten, FOUR * 4), "malformed", "tensor 'tensor_1': data_offsets [0, 16], expected [16, 32]")
many = ",".join(f'"t{i}":{tensor(shape=f"[{2**58}]", offsets=f"[{i * 2**60},{(i + 1) * 2**60}]")}' for i in range(15))
keep("sums_beyond_2_63", make("{%s}" % many, FOUR), "malformed", "tensor 't0': data_offsets [0, 1152921504606846976], but")

# Strings.
def named(name, key, tare, message=""):
    keep(name, make(b'{"' + key + b'":' + INFO.encode() + b"}", FOUR), tare, message)


named("name_empty", b"", "ok")
named("name_nul", b"a\\u0000b", "ok")
named("name_folder", b"../../etc/passwd", "ok")
named("name_surrogates", b"\\ud83d\\ude00", "ok")
named("name_long", b"n" * 5000, "ok")
named("name_lone_high", b"\\ud800", "malformed", "expected a pair of surrogates, found only \\uD800 (at byte 10)")
named("name_lone_low", b"\\udc00", "malformed", "expected a pair of surrogates, found only \\uDC00")
named("name_two_high", b"\\ud800\\ud800", "malformed", "expected a pair of surrogates")
named("name_two_low", b"\\udc00\\udc00", "malformed", "found only \\uDC00 (at byte 10)")
named("name_high_then_letter", b"\\ud800a", "malformed", "expected a pair of surrogates")
named("name_raw_control", b"a\x01b", "malformed", "no control character in a string, found byte 0x01 (at byte 11)")
named("name_raw_newline", b"abcdefgh\nijklmnop", "malformed", "found byte 0x0A (at byte 18)")
named("name_delete", b"a\x7fb", "ok")
named("name_escape_unknown", b"\\x41", "malformed", "expected an escape, found 'x41")
named("name_escape_short", b"\\u12", "malformed", "expected four hexadecimal digits, found '\"'")
named("name_utf8_cut", b"\xc3", "malformed", "expected UTF-8 in a string (at byte 10)")
named("name_utf8_alone", b"aaaaaaaaaaaa\x80", "malformed", "expected UTF-8 in a string (at byte 22)")
named("name_utf8_overlong", b"\xc0\xaf", "malformed", "expected UTF-8")
named("name_utf8_surrogate", b"\xed\xa0\x80", "malformed", "expected UTF-8")
named("name_utf8_beyond", b"\xf4\x90\x80\x80", "malformed", "expected UTF-8")
named("name_byte_ff", b"\xff", "malformed", "expected UTF-8")
keep("name_open", make('{"abc'), "malformed", "the string that begins here does not end (at byte 9)")
keep("name_open_escape", make('{"abc\\'), "malformed", "expected an escape, found the end")

# Nesting.
deep = INFO[:-1] + ',"z":' + "[" * 200 + "]" * 200 + "}"
one("deep_unknown_member", deep, "malformed", "member 'z'; known")
one("deep_shape", tensor(shape="[" * 200 + "]" * 200), "malformed", "for a dimension, found '['")

Path("expected.tsv").write_text("\n".join(ROWS) + "\n")
