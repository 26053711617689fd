"""Writes the hostile and odd ZIP archives of this folder, and `expected.tsv`: what Tare makes of each, and why.

Needs nothing but Python. Run it in this folder; the same bytes come out each time.
"""

import struct
from pathlib import Path

from archives import *

ROWS = ["file\ttare\tmessage"]


def keep(name, blob, tare="malformed", message=""):
    Path(f"{name}.zip").write_bytes(blob)
    ROWS.append(f"{name}.zip\t{tare}\t{message}")


def one(title, /, tare="malformed", message="", **member):
    keep(title, archive(Member(**member)), tare, message)


# What is sound.
one("stored", "ok")
one("deflated", "ok", method=8)
one("empty_member", "ok", content=b"")
one("utf8_name", "ok", name="é".encode(), flags=UTF8)
one("descriptor", "ok", method=8, flags=DESCRIPTOR, local={"crc": 0, "stored": 0, "size": 0})
one("padding_in_extra", "ok", extra=bytes(3))
one("comment_of_entry", "ok", entry={"comment": b"said of it"})
keep("folders", archive(Member(b"assets/", b""), Member(b"assets/a")), "ok")
keep("comment", archive(Member(), comment=b"said of all"), "ok")
keep("gaps", archive(Member(b"a"), Member(b"b"), gap=b"between"), "ok")
keep("zip64_unneeded", archive(Member(), zip64={}), "ok")
keep("zip64", archive(
    Member(local={"stored": FULL32, "size": FULL32, "extra": wide(18, 18)},
           entry={"stored": FULL32, "size": FULL32, "offset": FULL32, "extra": wide(18, 18, 0)}),
    zip64={}, end={"here": FULL16, "all": FULL16, "bytes": FULL32, "offset": FULL32}), "ok")
keep("no_members", archive(), "ok")

# The records at the end.
keep("no_end", archive(Member())[:-1], message="expected the end record of a ZIP archive (at byte 117)")
keep("nothing", b"", message="expected the end record of a ZIP archive (at byte 0)")
keep("bytes_behind", archive(Member(), tail=b"x"), message="expected the end record of a ZIP archive (at byte 119)")
keep("two_ends", archive(Member(), comment=archive()), message="two end records, expected one (at byte 96)")
keep("bytes_in_front", archive(Member(entry={"offset": 0}), front=b"#!/bin/sh\n", end={"offset": 49}),
     message="a directory of 47 bytes at 49, expected one that ends at 106 (at byte 106)")
keep("archive_in_front", archive(Member(b"b"), front=archive(Member(b"a"))),
     message="118 bytes in front of the first member, 'b' (at byte 0)")
keep("bytes_before_end", archive(Member(), behind=b"hidden"),
     message="a directory of 47 bytes at 49, expected one that ends at 102 (at byte 102)")
keep("directory_outside", archive(Member(), end={"offset": 2**31}),
     message="a directory of 47 bytes at 2147483648, expected one that ends at 96 (at byte 96)")
keep("more_entries", archive(Member(), end={"here": 2, "all": 2}), message="2 members in a directory of 47 bytes")
keep("fewer_entries", archive(Member(b"a"), Member(b"b"), end={"here": 1, "all": 1}),
     message="47 bytes too many after the central directory (at byte 145)")
keep("parts", archive(Member(), end={"disk": 1}), "unsupported", "an archive in several parts")
keep("counts_differ", archive(Member(), end={"here": 0}), "unsupported", "an archive in several parts")
keep("zip64_disagrees", archive(Member(), zip64={"offset": 0}), message="the end records disagree: 49 and 0")
keep("zip64_outside", archive(Member(), zip64={"at": 2**63}),
     message="expected the zip64 end record at 9223372036854775808")
keep("zip64_no_record", archive(Member(), zip64={"signature": 0}), message="expected the zip64 end record at 96")
keep("zip64_size", archive(Member(), zip64={"size": 45}),
     message="a zip64 end record of 45 bytes, expected 44 (at byte 100)")
keep("zip64_parts", archive(Member(), zip64={"disks": 2}), "unsupported", "an archive in several parts")
keep("zip64_missing", archive(Member(), end={"offset": FULL32}),
     message="a directory of 47 bytes at 4294967295, expected one that ends at 96")
keep("zip64_many", archive(Member(), zip64={"here": 2**62, "all": 2**62}, end={"here": FULL16, "all": FULL16}),
     message="4611686018427387904 members in a directory of 47 bytes")

# Entries.
one("entry_signature", entry={"signature": 7}, message="expected an entry of the central directory (at byte 49)")
one("encrypted", "unsupported", "member 'a': is encrypted or a patch (at byte 49)", flags=1)
one("masked", "unsupported", "member 'a': is encrypted or a patch", flags=1 << 13)
one("bzip2", "unsupported", "member 'a': is compressed by method 12, known: 0 stored, 8 deflated", method=12)
one("stored_in_fewer", message="member 'a': stored in 18 bytes, expected 17", size=17)
one("folder_with_bytes", name=b"a/", message="member 'a/': a folder with bytes")
one("part_of_entry", "unsupported", "member 'a': lies in another part of the archive", entry={"disk": 1})
one("latin_name", name=b"\xe9", message="expected a name of ASCII, or of UTF-8 with the flag for it (at byte 95)")
one("broken_utf8", name=b"\xff", flags=UTF8, message="expected a name of ASCII, or of UTF-8 with the flag for it")
one("other_name", "unsupported", "member 'a': an extra field gives it another name",
    extra=struct.pack("<HH", 0x7075, 6) + b"\1\0\0\0\0b")
one("extra_too_long", extra=struct.pack("<HH", 9, 5) + b"four",
    message="member 'a': extra field: needs 5 bytes, 4 are left")
one("zip64_number_missing", entry={"size": FULL32, "extra": wide()},
    message="member 'a': expected a number in a zip64 field")
one("zip64_twice", extra=wide() + wide(), message="member 'a': two zip64 fields, expected one")
one("offset_outside", entry={"offset": FULL32, "extra": wide(2**63)}, message="member 'a': a header at 9223372036854775808")
one("offset_behind", entry={"offset": 60}, message="member 'a': a header at 60, behind 49 (at byte 49)")
one("offset_elsewhere", entry={"offset": 4}, message="member 'a': expected a local header (at byte 4)")

one("size_2_63", message="member 'a': 9223372036854775808 bytes (at byte 63)", method=8,
    local={"size": FULL32, "extra": wide(2**63)}, entry={"size": FULL32, "extra": wide(2**63)})

# Names.
for title, name in [("dots", b"../a"), ("inner_dots", b"x/../a"), ("dot", b"./a")]:
    one(f"name_{title}", name=name, message=f"member '{name.decode()}': path '{name.decode()}' has a name '.' or '..'")
one("name_absolute", name=b"/a", message="member '/a': path '/a' is absolute or has an empty name")
one("name_empty", name=b"", message="member '': path '' is absolute or has an empty name")
one("name_backslash", name=b"..\\a", message="member '..\\a': path '..\\a' holds a backslash")
one("name_nul", name=b"a\0b", message="member 'a\\u{0}b': path 'a\\u{0}b' holds a NUL")
keep("twice", archive(Member(), Member()), message="member 'a': comes twice (at byte 145)")

# The header before a member against the directory.
for key, value, message in [
    ("name", b"b", "the name 'b' stands before it (at byte 0)"),
    ("flags", UTF8, "flags 2048 before the member, 0 in the directory (at byte 0)"),
    ("method", 8, "method 8 before the member, 0 in the directory (at byte 0)"),
    ("crc", 1, "checksum 1 before the member, 682326715 in the directory (at byte 0)"),
    ("size", 9, "size 9 before the member, 18 in the directory (at byte 0)"),
    ("stored", 9, "stored size 9 before the member, 18 in the directory (at byte 0)"),
]:
    one(f"local_{key}", local={key: value}, message=f"member 'a': {message}")

# Bytes of members.
one("member_too_long", local={"stored": 99, "size": 99}, entry={"stored": 99, "size": 99},
    message="member 'a': 99 bytes, 18 are left (at byte 31)")
keep("overlap", archive(Member(b"a", CONTENT, local={"stored": 30, "size": 30}, entry={"stored": 30, "size": 30}),
                        Member(b"b")),
     message="member 'b': begins inside of member 'a', which ends at 61 (at byte 49)")
inner = Member(b"b")
quine = Member(b"a", inner.header() + inner.bytes)
keep("inside", archive(quine, Member(b"b", entry={"offset": 31})),
     message="member 'b': begins inside of member 'a', which ends at 80 (at byte 31)")
keep("same_bytes", archive(Member(b"a"), Member(b"a", entry={"name": b"b", "offset": 0})),
     message="member 'b': the name 'a' stands before it (at byte 0)")

# What opens, and does not decode.
one("checksum", "content", "its checksum is 682326715, expected 1 (at byte 31)", crc=1)
one("checksum_deflated", "content", "its checksum is 682326715, expected 1 (at byte 31)", method=8, crc=1)
one("broken_stream", "content", "a deflate stream is broken: invalid block type (at byte 32)", method=8,
    stored=b"\xff" * 20)
one("short_stream", "content", "a deflate stream ends early (at byte 41)", method=8, stored=deflated(CONTENT)[:10])
one("long_stream", "content", "1 bytes too many behind a stream (at byte 51)", method=8, stored=deflated(CONTENT) + b"x")
one("fewer_bytes", "content", "decodes to 18 bytes, expected 19 (at byte 31)", method=8, size=19)
one("more_bytes", "content", "decodes to more than 17 bytes, expected 17 (at byte 31)", method=8, size=17)
one("bomb", "content", "2097152 bytes are stored in 2049, expected 1/1000 of them at least (at byte 31)", method=8,
    content=bytes(2 << 20))

Path("expected.tsv").write_text("\n".join(ROWS) + "\n")
