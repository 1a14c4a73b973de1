#!/usr/bin/env python3
"""A strict reader of QuickTime movies, independent of libavformat and of wetgate: Python's standard library only.

    mov_atoms.py FILE    prints what the movie says as JSON; ends with 1 and a list when an atom breaks a rule

Rules: QuickTime File Format Specification (Apple, 2001 and 2015), and SMPTE RDD 36 for the ProRes frame header.
Only self-contained movies of the kind that wetgate writes (one picture track, sound, timecode) are known here.
"""
import json
import struct
import sys

CONTAINERS = {"moov", "trak", "mdia", "minf", "stbl", "dinf", "edts", "gmhd", "tref", "udta", "tmcd:gmhd"}


class Atom:
    def __init__(self, kind, start, header, size, children=()):
        self.kind, self.start, self.header, self.size = kind, start, header, size
        self.children = list(children)

    @property
    def body(self):
        return self.start + self.header

    @property
    def end(self):
        return self.start + self.size

    def all(self, kind):
        return [child for child in self.children if child.kind == kind]


class Movie:
    def __init__(self, path):
        with open(path, "rb") as stream:
            self.data = stream.read()
        self.faults = []
        self.atoms = self.walk(0, len(self.data), "")

    def fault(self, text):
        self.faults.append(text)

    def number(self, at, count):
        return int.from_bytes(self.data[at:at + count], "big")

    def text(self, at, count):
        return self.data[at:at + count].decode("latin-1")

    def walk(self, at, end, parent):
        atoms = []
        while at < end:
            if end - at == 4 and parent == "udta" and self.number(at, 4) == 0:
                break  # a user data list may end with a zero word
            if end - at < 8:
                self.fault(f"{end - at} stray bytes at {at} in '{parent}'")
                break
            size, kind, header = self.number(at, 4), self.text(at + 4, 4), 8
            if size == 1:
                size, header = self.number(at + 8, 8), 16
            if size == 0 or size < header or at + size > end:
                self.fault(f"atom '{kind}' at {at} of {size} bytes does not fit into '{parent}'")
                break
            if not all(32 <= ord(letter) < 127 or letter == "\xa9" for letter in kind):
                self.fault(f"atom at {at} has a type that is no text: {kind!r}")
            atom = Atom(kind, at, header, size)
            if kind in CONTAINERS and not (kind == "tmcd" and parent != "gmhd"):
                atom.children = self.walk(atom.body, atom.end, kind)
            elif kind == "tmcd" and parent == "gmhd":
                atom.children = self.walk(atom.body, atom.end, "tmcd")
            atoms.append(atom)
            at += size
        return atoms

    def one(self, atom, kind, where):
        found = atom.all(kind)
        if len(found) != 1:
            self.fault(f"{where}: {len(found)} '{kind}' atoms, one is wanted")
        return found[0] if found else None

    def version_and_flags(self, atom, where, version=0, flags=None):
        if self.data[atom.body] != version:
            self.fault(f"{where}: version {self.data[atom.body]}, {version} is wanted")
        got = self.number(atom.body + 1, 3)
        if flags is not None and got != flags:
            self.fault(f"{where}: flags {got:#x}, {flags:#x} are wanted")


def times_of(movie, atom, where):
    """Time scale and duration of mvhd or mdhd (version 0); no clock may be in them."""
    movie.version_and_flags(atom, where, flags=0)
    created, modified, scale, duration = struct.unpack_from(">IIII", movie.data, atom.body + 4)
    if created or modified:
        movie.fault(f"{where}: has a creation or modification time")
    if scale == 0:
        movie.fault(f"{where}: time scale 0")
    return scale, duration


def table(movie, stbl, kind, entry, where):
    atom = movie.one(stbl, kind, where)
    if atom is None:
        return []
    movie.version_and_flags(atom, f"{where} {kind}", flags=0)
    count = movie.number(atom.body + 4, 4)
    width = struct.calcsize(entry)
    if atom.size != atom.header + 8 + count * width:
        movie.fault(f"{where}: '{kind}' of {atom.size} bytes says {count} entries of {width}")
        return []
    return [struct.unpack_from(entry, movie.data, atom.body + 8 + i * width) for i in range(count)]


def samples_of(movie, stbl, where):
    """[(offset, size)] of every sample, and the durations; checks the tables against each other."""
    stts = table(movie, stbl, "stts", ">II", where)
    stsc = table(movie, stbl, "stsc", ">III", where)
    if stbl.all("co64"):
        chunks = [entry[0] for entry in table(movie, stbl, "co64", ">Q", where)]
    else:
        chunks = [entry[0] for entry in table(movie, stbl, "stco", ">I", where)]
    stsz = movie.one(stbl, "stsz", where)
    if stsz is None:
        return [], []
    constant, count = movie.number(stsz.body + 4, 4), movie.number(stsz.body + 8, 4)
    if constant == 0 and stsz.size != stsz.header + 12 + 4 * count:
        movie.fault(f"{where}: stsz of {stsz.size} bytes says {count} sizes")
        return [], []
    sizes = [constant] * count if constant else [movie.number(stsz.body + 12 + 4 * i, 4) for i in range(count)]
    if sum(entry[0] for entry in stts) != count:
        movie.fault(f"{where}: stts has times of {sum(entry[0] for entry in stts)} samples, stsz sizes of {count}")
    if any(entry[0] == 0 for entry in stts):
        movie.fault(f"{where}: an stts entry of no sample")
    firsts = [entry[0] for entry in stsc]
    if firsts and (firsts[0] != 1 or firsts != sorted(set(firsts)) or firsts[-1] > len(chunks)):
        movie.fault(f"{where}: stsc starts at chunks {firsts} of {len(chunks)}")
    if any(entry[1] == 0 or entry[2] != 1 for entry in stsc):
        movie.fault(f"{where}: stsc names no sample or another description than the first")
    samples, at = [], 0
    for index, chunk in enumerate(chunks):
        rows = [entry for entry in stsc if entry[0] <= index + 1]
        offset = chunk
        for _ in range(rows[-1][1] if rows else 0):
            if at >= count:
                movie.fault(f"{where}: the chunks hold more samples than stsz")
                return samples, []
            samples.append((offset, sizes[at]))
            offset += sizes[at]
            at += 1
    if at != count:
        movie.fault(f"{where}: the chunks hold {at} samples, stsz {count}")
    durations = [ticks for number, ticks in stts for _ in range(number)] if count < 1_000_000 else []
    return samples, durations


def check_handler(movie, atom, kinds, where):
    movie.version_and_flags(atom, f"{where} hdlr", flags=0)
    kind = movie.text(atom.body + 4, 4) + movie.text(atom.body + 8, 4)
    if kind not in kinds:
        movie.fault(f"{where}: handler {kind!r}, wanted one of {kinds}")
    name = movie.data[atom.body + 24:atom.end]
    if name and name[0] != len(name) - 1:
        movie.fault(f"{where}: the handler's name is no Pascal string: {name!r}")
    return movie.text(atom.body + 8, 4)


def prores_header(movie, offset, size, where):
    if size < 28 or movie.text(offset + 4, 4) != "icpf" or movie.number(offset, 4) != size:
        movie.fault(f"{where}: no ProRes frame of {size} bytes at {offset}")
        return None
    data = movie.data[offset + 8:]
    return {"width": movie.number(offset + 16, 2), "height": movie.number(offset + 18, 2),
            "chroma": {2: "422", 3: "444"}.get(movie.data[offset + 20] >> 6), "interlaced": (movie.data[offset + 20] >> 2) & 3,
            "primaries": movie.data[offset + 22], "transfer": movie.data[offset + 23], "matrix": movie.data[offset + 24],
            "alpha_bits": {0: 0, 1: 8, 2: 16}.get(movie.data[offset + 25] & 15)} if data else None


def picture(movie, stsd, entry, samples, facts, where):
    data, at = movie.data, entry.body
    if movie.number(at + 6, 2) != 1:
        movie.fault(f"{where}: data reference {movie.number(at + 6, 2)}")
    facts["codec"] = entry.kind
    facts["vendor"] = movie.text(at + 12, 4)
    facts["width"], facts["height"] = movie.number(at + 24, 2), movie.number(at + 26, 2)
    if movie.number(at + 28, 4) != 72 << 16 or movie.number(at + 32, 4) != 72 << 16:
        movie.fault(f"{where}: resolution is not 72 dpi")
    if movie.number(at + 40, 2) != 1:
        movie.fault(f"{where}: {movie.number(at + 40, 2)} frames a sample")
    length = data[at + 42]
    if length > 31:
        movie.fault(f"{where}: compressor name of {length} letters")
    facts["compressor"] = movie.text(at + 43, min(length, 31))
    facts["depth"] = movie.number(at + 74, 2)
    if movie.number(at + 76, 2) != 0xFFFF:
        movie.fault(f"{where}: a colour table")
    for atom in movie.walk(at + 78, entry.end, "stsd"):
        if atom.kind == "colr":
            kind = movie.text(atom.body, 4)
            values = [movie.number(atom.body + 4 + 2 * i, 2) for i in range(3)]
            if kind != "nclc" or atom.size != 18:
                movie.fault(f"{where}: colr of kind {kind!r} and {atom.size} bytes, nclc of 18 is QuickTime's")
            facts["colr"] = dict(zip(("primaries", "transfer", "matrix"), values))
        elif atom.kind == "pasp":
            facts["pasp"] = [movie.number(atom.body, 4), movie.number(atom.body + 4, 4)]
        elif atom.kind == "clap":
            facts["clap"] = list(struct.unpack_from(">IIIIiIiI", data, atom.body))
            if atom.size != 40 or any(facts["clap"][i] == 0 for i in (1, 3, 5, 7)):
                movie.fault(f"{where}: clap {facts['clap']}")
        elif atom.kind == "fiel":
            facts["fields"] = [data[atom.body], data[atom.body + 1]]
    headers = [prores_header(movie, *sample, where) for sample in samples]
    for index, header in enumerate(headers):
        if header is None:
            continue
        if (header["width"], header["height"]) != (facts["width"], facts["height"]):
            movie.fault(f"{where}: frame {index} is {header['width']} x {header['height']}")
        if header != headers[0]:
            movie.fault(f"{where}: frame {index}'s header differs from the first")
    if headers and headers[0]:
        facts["frame_header"] = headers[0]
        if facts["codec"] in ("ap4h", "ap4x") and (facts["depth"] == 32) != (headers[0]["alpha_bits"] > 0):
            movie.fault(f"{where}: depth {facts['depth']} with {headers[0]['alpha_bits']} bits of alpha")


def sound(movie, stsd, entry, facts, where):
    at = entry.body
    version = movie.number(at + 8, 2)
    if version > 2:
        movie.fault(f"{where}: sound description version {version}")
    facts["codec"] = entry.kind
    if version == 2:
        facts["sample_rate"] = int(struct.unpack_from(">d", movie.data, at + 32)[0])
        facts["channels"] = movie.number(at + 40, 4)
    else:
        facts["channels"], facts["bits"] = movie.number(at + 16, 2), movie.number(at + 18, 2)
        facts["sample_rate"] = movie.number(at + 24, 4) >> 16


def timecode(movie, stsd, entry, samples, facts, where):
    at = entry.body
    flags, scale, ticks = struct.unpack_from(">III", movie.data, at + 12)
    frames = movie.data[at + 24]
    if frames != -(-scale // ticks):
        movie.fault(f"{where}: {frames} frames a second at {scale}/{ticks}")
    if flags & 1 and (scale / ticks == round(scale / ticks) or frames % 30):
        movie.fault(f"{where}: drop-frame at {scale}/{ticks}")
    facts.update(flags=flags, rate=f"{scale}/{ticks}", nominal=frames, reel="")
    for atom in movie.walk(at + 26, entry.end, "stsd"):
        if atom.kind == "name":
            length = movie.number(atom.body, 2)
            if atom.size != atom.header + 4 + length:
                movie.fault(f"{where}: name atom of {atom.size} bytes with a text of {length}")
            facts["reel"] = movie.text(atom.body + 4, length)
    if len(samples) != 1 or samples[0][1] != 4:
        movie.fault(f"{where}: {len(samples)} timecode samples")
    else:
        facts["frame_number"] = movie.number(samples[0][0], 4)


def edits_of(movie, trak, where):
    edts = trak.all("edts")
    if not edts:
        return None
    elst = movie.one(edts[0], "elst", where)
    version = movie.data[elst.body]
    count = movie.number(elst.body + 4, 4)
    entry = ">IiI" if version == 0 else ">QqI"
    width = struct.calcsize(entry)
    if elst.size != elst.header + 8 + count * width or count == 0:
        movie.fault(f"{where}: elst of {elst.size} bytes says {count} edits")
        return None
    edits = [struct.unpack_from(entry, movie.data, elst.body + 8 + i * width) for i in range(count)]
    for duration, start, rate in edits:
        if rate != 1 << 16:
            movie.fault(f"{where}: an edit of rate {rate:#x}")
    return [[duration, start] for duration, start, _ in edits]


def track(movie, trak, movie_scale, mdats, number):
    where = f"track {number}"
    facts = {}
    tkhd, mdia = movie.one(trak, "tkhd", where), movie.one(trak, "mdia", where)
    if trak.children[0] is not tkhd:
        movie.fault(f"{where}: tkhd is not first")
    facts["enabled"] = movie.number(tkhd.body + 1, 3) & 1 == 1
    facts["id"], track_duration = movie.number(tkhd.body + 12, 4), movie.number(tkhd.body + 20, 4)
    if movie.number(tkhd.body + 4, 8):
        movie.fault(f"{where}: has a creation or modification time")
    facts["track_width"], facts["track_height"] = (movie.number(tkhd.body + 76, 4) / 65536, movie.number(tkhd.body + 80, 4) / 65536)
    mdhd, hdlr, minf = (movie.one(mdia, kind, where) for kind in ("mdhd", "hdlr", "minf"))
    if [child.kind for child in mdia.children][:3] != ["mdhd", "hdlr", "minf"]:
        movie.fault(f"{where}: mdia has {[child.kind for child in mdia.children]}")
    facts["scale"], facts["duration"] = times_of(movie, mdhd, f"{where} mdhd")
    kind = check_handler(movie, hdlr, ("mhlrvide", "mhlrsoun", "mhlrtmcd"), where)
    facts["kind"] = kind
    header = {"vide": "vmhd", "soun": "smhd", "tmcd": "gmhd"}[kind]
    if [child.kind for child in minf.children] != [header, "hdlr", "dinf", "stbl"]:
        movie.fault(f"{where}: minf has {[child.kind for child in minf.children]}, wanted {header} hdlr dinf stbl")
    media_header = movie.one(minf, header, where)
    if kind == "vide":
        movie.version_and_flags(media_header, f"{where} vmhd", flags=1)
    if kind == "tmcd":
        # QuickTime writes no 'text' there; libavformat does, and players pass over it.
        if [child.kind for child in media_header.children if child.kind != "text"] != ["gmin", "tmcd"]:
            movie.fault(f"{where}: gmhd has {[child.kind for child in media_header.children]}")
        for inner in media_header.all("tmcd"):
            movie.one(inner, "tcmi", where)
    check_handler(movie, movie.one(minf, "hdlr", where), ("dhlralis", "dhlrurl "), where)
    dref = movie.one(movie.one(minf, "dinf", where), "dref", where)
    if movie.number(dref.body + 4, 4) != 1 or movie.number(dref.body + 17, 3) != 1:
        movie.fault(f"{where}: the media is not in the file itself")
    stbl = movie.one(minf, "stbl", where)
    if stbl.children[0].kind != "stsd":
        movie.fault(f"{where}: stbl begins with {stbl.children[0].kind}")
    samples, durations = samples_of(movie, stbl, where)
    facts["samples"] = len(samples)
    for offset, size in samples:
        if not any(mdat.body <= offset and offset + size <= mdat.end for mdat in mdats):
            movie.fault(f"{where}: a sample lies outside the media data: {size} bytes at {offset}")
            break
    if durations and sum(durations) != facts["duration"]:
        movie.fault(f"{where}: the samples last {sum(durations)}, mdhd says {facts['duration']}")
    facts["sample_ticks"] = sorted(set(durations))
    stsd = movie.one(stbl, "stsd", where)
    entries = movie.walk(stsd.body + 8, stsd.end, "stsd")
    if movie.number(stsd.body + 4, 4) != 1 or len(entries) != 1:
        movie.fault(f"{where}: {len(entries)} sample descriptions")
    if kind == "vide":
        picture(movie, stsd, entries[0], samples, facts, where)
        facts["timecode_tracks"] = [movie.number(atom.body, 4) for atom in
                                    (trak.all("tref")[0].children if trak.all("tref") else []) if atom.kind == "tmcd"]
    elif kind == "soun":
        sound(movie, stsd, entries[0], facts, where)
    else:
        timecode(movie, stsd, entries[0], samples, facts, where)
    edits = edits_of(movie, trak, where)
    facts["edits"] = edits
    shown = sum(edit[0] for edit in edits) if edits else None
    media = -(-facts["duration"] * movie_scale // facts["scale"]) if facts["scale"] else 0
    if shown is not None and shown != track_duration:
        movie.fault(f"{where}: the edits last {shown}, tkhd says {track_duration}")
    if shown is None and abs(media - track_duration) > 1:
        movie.fault(f"{where}: the media last {media}, tkhd says {track_duration}")
    for duration, start in edits or []:
        if start >= 0 and start * movie_scale + duration * facts["scale"] > facts["duration"] * movie_scale + movie_scale:
            movie.fault(f"{where}: the edit of {duration} at {start} is longer than the media")
    facts["shown"] = track_duration
    ranges = sorted(samples)
    if any(a + size > b for (a, size), (b, _) in zip(ranges, ranges[1:])):
        movie.fault(f"{where}: samples overlap")
    return facts


def main():
    movie = Movie(sys.argv[1])
    kinds = [atom.kind for atom in movie.atoms]
    facts = {"atoms": kinds, "tracks": []}
    try:
        if kinds[0] != "ftyp" or movie.text(movie.atoms[0].body, 4) != "qt  ":
            movie.fault("the file does not begin with a QuickTime file type")
        if kinds.count("moov") != 1 or kinds.count("mdat") < 1:
            movie.fault(f"top level atoms: {kinds}")
        moov = next(atom for atom in movie.atoms if atom.kind == "moov")
        mdats = [atom for atom in movie.atoms if atom.kind == "mdat"]
        if moov.children[0].kind != "mvhd":
            movie.fault("moov does not begin with mvhd")
        facts["scale"], facts["duration"] = times_of(movie, moov.children[0], "mvhd")
        tracks = [track(movie, trak, facts["scale"], mdats, i + 1) for i, trak in enumerate(moov.all("trak"))]
        facts["tracks"] = tracks
        identities = [each["id"] for each in tracks]
        if len(set(identities)) != len(identities) or 0 in identities:
            movie.fault(f"track numbers {identities}")
        if movie.number(moov.children[0].end - 4, 4) <= max(identities):
            movie.fault("mvhd's next track number is taken")
        if facts["duration"] != max(each["shown"] for each in tracks):
            movie.fault(f"mvhd lasts {facts['duration']}, the longest track {max(each['shown'] for each in tracks)}")
        for each in tracks:
            if each["kind"] != "vide":
                continue
            for other in each["timecode_tracks"]:
                if not any(t["id"] == other and t["kind"] == "tmcd" for t in tracks):
                    movie.fault(f"the picture refers to track {other}, which is no timecode")
            if any(t["kind"] == "tmcd" for t in tracks) and not each["timecode_tracks"]:
                movie.fault("the picture does not refer to the timecode track")
    except (StopIteration, IndexError, KeyError, AttributeError, ValueError, struct.error) as problem:
        movie.fault(f"cannot be read further: {problem!r}")
    json.dump(facts, sys.stdout, indent=1, sort_keys=True)
    print()
    for fault in movie.faults:
        print("FAULT:", fault, file=sys.stderr)
    sys.exit(1 if movie.faults else 0)


if __name__ == "__main__":
    main()
