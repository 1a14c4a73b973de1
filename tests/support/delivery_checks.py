#!/usr/bin/env python3
"""What tests/e2e/conform_media.sh asks of the files that wetgate wrote: delivery_checks.py CHECK ARGUMENTS..."""
import array
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import xml.etree.ElementTree as xml

RATES = [("24000/1001", "01:00:00:23"), ("24", "01:00:00:23"), ("25", "01:00:00:24"), ("30000/1001", "01:00:59;28"),
         ("30000/1001", "01:00:59:28"), ("30", "01:00:59:29"), ("48000/1001", "01:00:00:47"), ("48", "01:00:00:47"),
         ("50", "01:00:00:49"), ("60000/1001", "01:00:59;57"), ("60", "01:00:59:59")]
PROFILES = {"proxy": "apco", "422lt": "apcs", "422": "apcn", "422hq": "apch", "4444": "ap4h", "4444xq": "ap4x"}
# H.273 primaries, transfer, matrix, as far as a ProRes frame header has them (RDD 36: no sRGB; transfer 1 is BT.601's,
# BT.709's and BT.2020's).
COLOURS = {"Rec.709": (1, 1, 1), "Rec.2020": (9, 1, 9), "Rec.2100-PQ": (9, 16, 9), "Rec.2100-HLG": (9, 18, 9),
           "P3-D65 PQ": (12, 16, 9), "Rec.601-525": (6, 1, 6), "Rec.601-625": (5, 1, 6), "sRGB": (1, 2, 1)}
CODES = {None: 2, "unknown": 2, "bt709": 1, "bt470bg": 5, "smpte170m": 6, "bt2020": 9, "smpte432": 12, "bt2020-10": 14, "smpte2084": 16,
         "arib-std-b67": 18, "bt2020nc": 9}


def run(*command):
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, (command, done.returncode, done.stderr.decode())
    return done.stdout


def atoms_of(parser, movie):
    return json.loads(run("python3", parser, movie))


def ffprobe(movie):
    return json.loads(run("ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", movie))


def mediainfo(movie):
    if not shutil.which("mediainfo"):
        return None
    return json.loads(run("mediainfo", "--Output=JSON", movie))["media"]["track"]


def tracks(facts, kind):
    return [track for track in facts["tracks"] if track["kind"] == kind]


def equal(what, *values):
    assert all(value == values[0] for value in values), (what, values)


def report_of(path):
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)["result"]


def about_files(shot):
    """The findings about files and their headers; others are about pictures."""
    checks = ("naming", "numbering", "metadata", "aces_container", "bit_depth", "missing_frame", "unreadable_frame")
    return [(finding["check"], finding["severity"]) for finding in shot["findings"] if finding["check"] in checks]


def write_movies_job(path):
    shots = []

    def shot(name, output, **more):
        source = {"path": "demo/plates/demo.####.exr", "range": "1001-1006", "colorspace": "ACEScg", "rate": "24"}
        source.update(more.pop("source", {}))
        base = {"name": "m", "path": name + ".mov", "type": "prores", "colorspace": "Rec.709"}
        shots.append({"name": name, "source": source, "passes": [{"pass": "sanitize"}], "outputs": [{**base, **output}], **more})

    for index, (rate, timecode) in enumerate(RATES):
        shot(f"rate{index}", {"profile": "proxy"}, source={"rate": rate}, timecode=timecode, reel=f"A{index:03d}")
    for profile in PROFILES:
        for encoder in ("prores_aw", "prores_ks"):
            shot(f"profile_{profile}_{encoder}", {"profile": profile, "encoder": encoder}, range="1001-1001")
    for index, colour in enumerate(COLOURS):
        shot(f"colour{index}", {"profile": "proxy", "colorspace": colour}, range="1001-1001")
    run("oiiotool", "--pattern", "constant:color=0.5,0.25,0.125,0.75", "64x36", "4", "-d", "half", "-o", "rgba.exr")
    for profile in ("4444", "4444xq"):
        shot("alpha_" + profile, {"profile": profile, "alpha": True},
             source={"path": "rgba.exr", "range": "1-1"})
    job = {"schema": "wetgate.job/1", "name": "movies", "work": "movies.work", "qc": {"report": "movies.qc"},
           "shots": shots}
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(job, stream)


def fraction(text):
    parts = [int(part) for part in str(text).split("/")]
    return parts[0] / (parts[1] if len(parts) > 1 else 1)


def check_movies(report, parser):
    shots = {shot["name"]: shot for shot in report_of(report)["shots"]}
    for name, shot in shots.items():
        said, movie = shot["outputs"][0], name + ".mov"
        facts, probe, info = atoms_of(parser, movie), ffprobe(movie), mediainfo(movie)
        picture = tracks(facts, "vide")[0]
        stream = next(each for each in probe["streams"] if each["codec_type"] == "video")
        equal("file", said["file"], movie)
        equal("bytes", said["bytes"], os.path.getsize(movie))
        equal("frames", said["frames"], picture["samples"], int(stream["nb_frames"]))
        equal("codec", PROFILES[said["profile"]], picture["codec"], stream["codec_tag_string"])
        assert picture["compressor"].startswith("Apple ProRes "), picture["compressor"]
        equal("bits", said["bits"], 10)
        equal("source bits", said["source_bits"], "float")
        rate = fraction(shot["rate"])
        ticks = picture["scale"] / picture["sample_ticks"][0]
        equal("rate", round(rate, 9), round(ticks, 9), round(fraction(stream["r_frame_rate"]), 9))
        equal("whole ticks", len(picture["sample_ticks"]), 1)
        equal("timecode track", "timecode" in said, len(tracks(facts, "tmcd")) == 1)
        if name.startswith("rate"):
            code = tracks(facts, "tmcd")[0]
            stream_code = next(each for each in probe["streams"] if each["codec_tag_string"] == "tmcd")
            equal("timecode", said["timecode"], stream_code["tags"]["timecode"], RATES[int(name[4:])][1])
            equal("drop", ";" in said["timecode"], bool(code["flags"] & 1))
            equal("reel", said["reel"], code["reel"], stream_code["tags"]["reel_name"])
        header = picture["frame_header"]
        tags = tuple(picture["colr"][key] for key in ("primaries", "transfer", "matrix"))
        equal("tags", tags, tuple(header[key] for key in ("primaries", "transfer", "matrix")),
              tuple(CODES[stream.get(key)] for key in ("color_primaries", "color_transfer", "color_space")))
        if name.startswith("colour"):
            equal("colour", tags, list(COLOURS.values())[int(name[6:])])
        wants_alpha = name.startswith("alpha")
        equal("alpha", wants_alpha, header["alpha_bits"] > 0, picture["depth"] == 32)
        equal("chroma", header["chroma"], "444" if said["profile"].startswith("4444") else "422")
        if wants_alpha:
            decoded = array.array("H", run("ffmpeg", "-v", "error", "-i", movie, "-vf", "alphaextract", "-f", "rawvideo",
                                           "-pix_fmt", "gray16le", "-"))
            assert all(abs(value / 65535 - 0.75) < 0.002 for value in decoded), decoded[:4]
        if info is not None:
            video = next(track for track in info if track["@type"] == "Video")
            equal("mediainfo rate", round(float(video["FrameRate"]), 2), round(rate, 2))
            equal("mediainfo codec", video["CodecID"], picture["codec"])
            if name.startswith("rate"):
                other = next(track for track in info if track["@type"] == "Other")
                equal("mediainfo timecode", other["TimeCode_FirstFrame"], said["timecode"])
                equal("mediainfo reel", other["Title"], said["reel"])
    print(len(shots), "movies")


def check_depth(report):
    shot = report_of(report)["shots"][0]
    said = shot["outputs"][0]
    equal("bits", (said["bits"], said["source_bits"]), (10, 12))
    equal("findings", about_files(shot), [("bit_depth", "FYI")])
    equal("copied", [frame["outputs"][0]["copied"] for frame in shot["frames"]], [True])


def add_clean_aperture(movie, result):
    """A camera's movie with a 'clap' atom behind its sample description's last extension."""
    with open(movie, "rb") as stream:
        data = bytearray(stream.read())
    clap = struct.pack(">I4s8i", 40, b"clap", 300, 1, 170, 1, 1, 2, -1, 2)
    at = data.index(b"moov") - 4
    path, end = [], None
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"apch"):
        at = data.index(kind, at) - 4
        path.append(at)
        size = struct.unpack_from(">I", data, at)[0]
        end = at + size
        struct.pack_into(">I", data, at, size + len(clap))
        at += 8
    data[end:end] = clap
    with open(result, "wb") as stream:
        stream.write(data)


def exr_header(file):
    """The attributes that exrheader prints, as text."""
    text = run("exrheader", file).decode("latin-1")
    found = {"flags": re.search(r"file format version: 2, flags (\S+)", text).group(1)}
    for line in re.findall(r"^(\w[^\n(]*?) \(type [^)]*\):((?:[^\n]*)(?:\n    [^\n]*)*)", text, re.M):
        found[line[0]] = " ".join(line[1].split())
    return found


def check_aces(file):
    header = exr_header(file)
    equal("flags", header["flags"], "0x0")
    equal("flag", header["acesImageContainerFlag"], "1")
    equal("compression", header["compression"], "none")
    equal("lines", header["lineOrder"], "increasing y")
    numbers = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", header["chromaticities"])]
    equal("primaries", numbers, [0.7347, 0.2653, 0, 1, 0.0001, -0.077, 0.32168, 0.33767])
    assert re.fullmatch(r"(A, 16-bit floating-point, sampling 1 1 )?B, 16-bit floating-point, sampling 1 1 "
                        r"G, 16-bit floating-point, sampling 1 1 R, 16-bit floating-point, sampling 1 1",
                        header["channels"]), header["channels"]
    return header


def check_mhl(path, files):
    space = "{urn:ASC:MHL:v2.0}"
    root = xml.parse(path).getroot()
    equal("hash list", (root.tag, root.get("version")), (space + "hashlist", "2.0"))
    equal("order", [child.tag for child in root], [space + word for word in ("creatorinfo", "processinfo", "hashes")])
    equal("creator", [child.tag for child in root[0]], [space + word for word in ("creationdate", "hostname", "tool")])
    equal("date", root[0][0].text, "2026-11-26T12:00:00Z")
    listed = {}
    for entry in root[2]:
        name, digest = entry.find(space + "path"), entry.find(space + "xxh128")
        equal("size", int(name.get("size")), os.path.getsize(os.path.join(os.path.dirname(path), name.text)))
        listed[name.text] = digest.text
    equal("files", listed, files)


def check_delivery(report, folder, parser):
    shot = report_of(report)["shots"][0]
    equal("findings", about_files(shot), [])
    outputs = {output["name"]: output for output in shot["outputs"]}
    equal("renumbered", outputs["aces"]["renumbered"], {"from": 1001, "to": 1})
    hashes = {}
    for frame in shot["frames"]:
        for output in frame["outputs"]:
            hashes.setdefault(output["name"], {})[os.path.basename(output["file"])] = output["hash"]
    check_mhl(os.path.join(folder, "s_v002.exr.mhl"), hashes["plate"])
    for index, frame in enumerate(shot["frames"]):
        header = check_aces(os.path.join(folder, "aces", f"s.{index + 1:04d}.exr"))
        plate = exr_header(os.path.join(folder, f"s_v002.{frame['frame']:05d}.exr"))
        proxy = exr_header(os.path.join(folder, "proxy", f"s.{frame['frame']:04d}.exr"))
        for each in (header, plate, proxy):
            equal("reel", each["reelName"], '"A001C002"')
            equal("rate", each["framesPerSecond"].split()[0], "30000/1001")
            equal("aspect", each["pixelAspectRatio"], "2")
            code = re.match(r"time (\S+) drop frame (\d)", each["timeCode"])
            equal("timecode", code.group(1), frame["timecode"].replace(";", ":"))
            equal("drop", code.group(2), "1")
        assert plate["compression"].startswith("zip"), plate["compression"]
        assert proxy["compression"].startswith("dwa, small"), proxy["compression"]
    info = run("oiiotool", "--info", "-v", os.path.join(folder, "aces", "s.0001.exr")).decode()
    for text in ("320 x  180, 3 channel, half openexr", 'compression: "none"', "smpte:TimeCode: 00:59:59:20",
                 "ramesPerSecond: 30000/1001", "acesImageContainerFlag: 1", 'reelName: "A001C002"'):
        assert text in info, (text, info)
    movie = os.path.join(folder, "s_v002.mov")
    facts, said = atoms_of(parser, movie), outputs["dailies"]
    picture = tracks(facts, "vide")[0]
    equal("pixel aspect", picture["pasp"], [2, 1])
    equal("clean aperture", picture["clap"], said["clean_aperture"], [300, 1, 170, 1, 1, 2, -1, 2])
    equal("timecode", said["timecode"], "00:59:59;20")
    equal("reel", said["reel"], tracks(facts, "tmcd")[0]["reel"], "A001C002")
    check_mhl(movie + ".mhl", {"s_v002.mov": hash_list(movie)} if shutil.which("xxhsum") else mhl_hashes(movie + ".mhl"))


def hash_list(file):
    return run("xxhsum", "-H2", file).decode().split()[0]


def mhl_hashes(path):
    space = "{urn:ASC:MHL:v2.0}"
    return {entry.find(space + "path").text: entry.find(space + "xxh128").text
            for entry in xml.parse(path).getroot()[2]}


def check_round_trip(parser, first, back, part):
    # The first is not ours: its faults are not asked for.
    a = json.loads(subprocess.run(["python3", parser, first], capture_output=True, check=False).stdout)
    b, c = (atoms_of(parser, movie) for movie in (back, part))
    code = [tracks(facts, "tmcd")[0] for facts in (a, b, c)]
    equal("reel", *(each["reel"] for each in code), "A001C002")
    equal("flags", *(each["flags"] & 1 for each in code), 1)
    equal("start", code[0]["frame_number"], code[1]["frame_number"], code[2]["frame_number"] - 6)
    equal("rate", *(each["rate"] for each in code), "30000/1001")
    equal("frames", tracks(b, "vide")[0]["samples"], 20)
    decoded = [run("ffmpeg", "-v", "error", "-i", movie, "-f", "s24le", "-c:a", "pcm_s24le", "-")
               for movie in (first, part)]
    start, end = (round(frame * 1001 / 30000 * 48000) for frame in (6, 12))
    frame_bytes = 2 * 3
    equal("samples", len(decoded[1]), (end - start) * frame_bytes)
    assert decoded[1] == decoded[0][start * frame_bytes:end * frame_bytes], "the part's sound is not the source's"


def check_coded_sound(parser, source, cut):
    whole, part = (array.array("f", run("ffmpeg", "-v", "error", "-i", movie, "-f", "f32le", "-c:a", "pcm_f32le", "-"))
                   for movie in (source, cut))
    sound, picture = (tracks(atoms_of(parser, cut), kind)[0] for kind in ("soun", "vide"))
    start, end = (round(frame * 1001 / 30000 * 48000) for frame in (5, 15))
    equal("the sound ends with the pictures", sound["shown"], picture["shown"])
    assert sound["edits"][-1][1] > 0, "no packet to warm up on"
    assert len(part) >= 2 * (end - start), (len(part), end - start)
    worst = max(abs(a - b) for a, b in zip(part, whole[2 * start:2 * end]))
    assert worst < 1e-5, f"decoded sound differs by {worst}"


def check_foreign(report, folder, source):
    shot = report_of(report)["shots"][0]
    wrong = [finding for finding in about_files(shot) if finding[1] != "FYI"]
    assert not wrong, wrong
    check_aces(os.path.join(folder, "aces.exr"))
    before = exr_header(source)
    plate, proxy = (exr_header(os.path.join(folder, name)) for name in ("plate.exr", "proxy.exr"))
    assert plate["compression"].split()[0].rstrip(",") in ("none", "zip", "zips", "piz"), plate["compression"]
    assert proxy["compression"].startswith("dwa, small"), proxy["compression"]
    for name in ("owner", "comments", "capDate", "reelName", "focus", "isoSpeed"):
        if name in before:
            aces = exr_header(os.path.join(folder, "aces.exr"))
            equal(name, before[name], plate[name], proxy[name], aces[name])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
