"""ZIP archives as bytes (PKWARE's APPNOTE.TXT); every field can be made to lie."""

import struct
import zlib

LOCAL, ENTRY, END, WIDE, LOCATOR = 0x04034B50, 0x02014B50, 0x06054B50, 0x06064B50, 0x07064B50
FULL16, FULL32 = 0xFFFF, 0xFFFFFFFF
UTF8, DESCRIPTOR = 1 << 11, 1 << 3
CONTENT = b"weights of a model"


def deflated(data):
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


def wide(*numbers):
    return struct.pack("<HH", 1, 8 * len(numbers)) + b"".join(struct.pack("<Q", n) for n in numbers)


class Member:
    """A member; what the header before it and the directory say can each be made to lie."""

    def __init__(self, name=b"a", content=CONTENT, method=0, flags=0, extra=b"", stored=None, size=None, crc=None,
                 local={}, entry={}):
        self.bytes = stored if stored is not None else deflated(content) if method == 8 else content
        common = {
            "flags": flags, "method": method, "crc": zlib.crc32(content) if crc is None else crc,
            "stored": len(self.bytes), "size": len(content) if size is None else size, "name": name, "extra": extra,
        }
        self.local, self.entry = common | local, common | {"offset": None, "disk": 0, "comment": b""} | entry

    def header(self):
        h = self.local
        return struct.pack("<IHHHIIIIHH", h.get("signature", LOCAL), 20, h["flags"], h["method"], 0x00210000, h["crc"],
                           h["stored"], h["size"], len(h["name"]), len(h["extra"])) + h["name"] + h["extra"]

    def directory(self, offset):
        e = self.entry
        offset = offset if e["offset"] is None else e["offset"]
        return struct.pack("<IHHHHIIIIHHHHHII", e.get("signature", ENTRY), 20, 20, e["flags"], e["method"], 0x00210000,
                           e["crc"], e["stored"], e["size"], len(e["name"]), len(e["extra"]), len(e["comment"]),
                           e["disk"], 0, 0, offset) + e["name"] + e["extra"] + e["comment"]


def archive(*members, front=b"", gap=b"", behind=b"", end={}, zip64=None, comment=b"", tail=b""):
    body, offsets = front, []
    for member in members:
        offsets.append(len(body))
        body += member.header() + member.bytes + gap
    directory = b"".join(m.directory(o) for m, o in zip(members, offsets))
    claim = {"disk": 0, "first": 0, "here": len(members), "all": len(members), "bytes": len(directory),
             "offset": len(body), "comment": len(comment)} | end
    blob = body + directory + behind
    if zip64 is not None:
        w = {"signature": WIDE, "size": 44, "disk": 0, "first": 0, "here": len(members), "all": len(members),
             "bytes": len(directory), "offset": len(body), "at": len(blob), "disks": 1} | zip64
        blob += struct.pack("<IQHHIIQQQQ", w["signature"], w["size"], 45, 45, w["disk"], w["first"], w["here"],
                            w["all"], w["bytes"], w["offset"])
        blob += struct.pack("<IIQI", LOCATOR, 0, w["at"], w["disks"])
    blob += struct.pack("<IHHHHIIH", END, claim["disk"], claim["first"], claim["here"], claim["all"], claim["bytes"],
                        claim["offset"], claim["comment"])
    return blob + comment + tail
