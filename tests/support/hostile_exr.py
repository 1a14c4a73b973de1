"""hostile_exr.py IN OUT [COUNT]: IN, an EXR of one part, with a reel and an attribute that are out to command whatever shows
them. With a COUNT of 2 the attribute is there twice: the file is refused, and the reason names it."""
import struct
import sys

NAME = b"a\x1b[2Jb\nWETGATE-FAIL class=none\x9b31m<script>alert(1)</script>\xe2\x80\xae"
VALUE = b"=1+1\x1b]0;x\x07\nProgress: 100%\r<img src=x onerror=alert(1)>\"'\xff"
LONG_NAMES = 0x400

data = open(sys.argv[1], "rb").read()


def text_at(at):
    end = data.index(b"\0", at)
    return data[at:end], end + 1


attributes = []
at = 8
while data[at] != 0:
    name, at = text_at(at)
    kind, at = text_at(at)
    (size,) = struct.unpack_from("<i", data, at)
    attributes.append((name, kind, data[at + 4 : at + 4 + size]))
    at += 4 + size
table = at + 1
count = (struct.unpack_from("<q", data, table)[0] - table) // 8  # the first chunk lies behind the table

attributes = [a for a in attributes if a[0] != b"reelName"] + [(b"reelName", b"string", VALUE)]
attributes += [(NAME, b"string", VALUE)] * int(sys.argv[3] if len(sys.argv) > 3 else 1)
(flags,) = struct.unpack_from("<i", data, 4)
head = data[:4] + struct.pack("<i", flags | LONG_NAMES)
for name, kind, value in attributes:
    head += name + b"\0" + kind + b"\0" + struct.pack("<i", len(value)) + value
head += b"\0"
offsets = struct.unpack_from(f"<{count}q", data, table)
moved = b"".join(struct.pack("<q", offset + len(head) - table) for offset in offsets)
open(sys.argv[2], "wb").write(head + moved + data[table + 8 * count :])
