#!/usr/bin/env bash
# EDL and OTIO lists over media whose pixels name their frames: every event lands on the right pictures, drop frame too.
. "$(dirname "$0")/support.sh"

# Pictures of one value, as small uncompressed EXR files with timecode, rate and reel in their headers; and a reader.
cat >pictures.py <<'PY'
import struct, sys, os

def bcd(n): return (n // 10) << 4 | n % 10

def address(frame, nominal, drop):  # SMPTE ST 12-1
    if drop:
        d = nominal // 15
        tens, rest = divmod(frame, 600 * nominal - 9 * d)
        frame += 9 * d * tens + (d * (1 + (rest - 60 * nominal) // (60 * nominal - d)) if rest >= 60 * nominal else 0)
    s, f = divmod(frame, nominal)
    return s // 3600 % 24, s // 60 % 60, s % 60, f

def write(path, value, frame, rate, drop, reel):
    num, den = rate
    nominal = (num + den - 1) // den
    h, m, s, f = address(frame, nominal, drop)
    word = bcd(f // 2 if nominal > 39 else f) | (64 if drop else 0) | bcd(s) << 8 | bcd(m) << 16 | bcd(h) << 24
    w = hh = 16
    box = struct.pack('<4i', 0, 0, w - 1, hh - 1)
    def attribute(name, kind, data):
        return name.encode() + b'\0' + kind.encode() + b'\0' + struct.pack('<i', len(data)) + data
    channels = b''.join(c + b'\0' + struct.pack('<iB3xii', 2, 0, 1, 1) for c in (b'B', b'G', b'R')) + b'\0'
    head = struct.pack('<ii', 20000630, 2)
    head += attribute('channels', 'chlist', channels) + attribute('compression', 'compression', b'\0')
    head += attribute('dataWindow', 'box2i', box) + attribute('displayWindow', 'box2i', box)
    head += attribute('framesPerSecond', 'rational', struct.pack('<iI', num, den))
    head += attribute('lineOrder', 'lineOrder', b'\0') + attribute('pixelAspectRatio', 'float', struct.pack('<f', 1))
    if reel: head += attribute('reelName', 'string', reel.encode())
    head += attribute('screenWindowCenter', 'v2f', struct.pack('<ff', 0, 0)) + attribute('screenWindowWidth', 'float', struct.pack('<f', 1))
    head += attribute('timeCode', 'timecode', struct.pack('<II', word, 0)) + b'\0'
    row = struct.pack('<%df' % (3 * w), *([value] * (3 * w)))
    at = len(head) + 8 * hh
    with open(path, 'wb') as out:
        out.write(head + b''.join(struct.pack('<Q', at + y * (8 + len(row))) for y in range(hh)))
        out.write(b''.join(struct.pack('<ii', y, len(row)) + row for y in range(hh)))

def value(path):  # of the last sample of an uncompressed float file
    return struct.unpack('<f', open(path, 'rb').read()[-4:])[0]

def sequence(pattern, numbers, scale, start, rate, drop=False, reel=''):
    os.makedirs(os.path.dirname(pattern), exist_ok=True)
    for i, n in enumerate(numbers): write(pattern % n, scale(i), start + i, rate, drop, reel)
PY
python3 - <<'PY'
from pictures import *
sequence('media/A001C003_150101_R1AB/A001C003_150101_R1AB.%07d.exr', range(1001, 1061), float, 86400, (24000, 1001))
sequence('media/fast/FAST.%04d.exr', range(1, 61), float, 3591, (60000, 1001), True, 'FAST01')  # from 00:00:59;51 on
sequence('ramp/ramp.%04d.exr', range(1, 101), lambda i: (i + 8) / 128, 0, (30000, 1001))
PY
# 100 frames of ProRes from 00:00:57;20 on, drop frame; 00:01:00;02 is the 71st.
cat >ramp.json <<'JOB'
{"schema": "wetgate.job/1", "name": "ramp", "work": "ramp.work", "shots": [{"name": "ramp",
  "source": {"path": "ramp/ramp.####.exr", "range": "1-100", "colorspace": "Rec.709", "rate": "30000/1001"},
  "timecode": "00:00:57;20", "reel": "R2REEL",
  "outputs": [{"name": "o", "path": "media/day 1/ramp.mov", "type": "prores", "profile": "422hq"}]}]}
JOB
expect 0 "$wetgate" run ramp.json
ffprobe -v error -show_entries stream_tags=timecode -of default=nw=1 'media/day 1/ramp.mov' | has '00:00:57;20' || fail "the movie's timecode"

mkdir templates
cat >templates/t.json <<'JOB'
{"schema": "wetgate.job/1", "name": "t", "show": "test", "work": "{version}.work",
 "shots": [{"name": "t", "source": {"path": "any.mov", "colorspace": "Rec.709"}, "passes": [],
  "outputs": [{"name": "o", "path": "OUT/{shot}.####.exr", "type": "exr", "compression": "none", "pixel": "float"}]}],
 "qc": {"gate": "off"}}
JOB

# pictures SHOT FIRST VALUES...: the outputs of a shot, from that number on, show these frames of their media
shows() {
    python3 - "$@" <<'PY'
import glob, sys
from pictures import value
shot, first, wanted = sys.argv[1], int(sys.argv[2]), [int(v) for v in sys.argv[3:]]
files = sorted(glob.glob(f'OUT/{shot}.*.exr'))
names = [f'OUT/{shot}.{n:04d}.exr' for n in range(first, first + len(wanted))]
assert files == names, (files, names)
got = [value(f) for f in files]
got = [round(128 * v) - 8 if v < 1 and 'ramp' in shot else round(v) for v in got]
assert got == wanted, (got, wanted)
PY
}

# 23.976: a cut, a dissolve (its outgoing clip goes on 4 frames), a retime, an unknown reel, black and sound.
cat >film.edl <<'EDL'
TITLE:   FILM
FCM: NON-DROP FRAME

001  A001C003_150101_R1AB             V     C        01:00:00:10 01:00:00:16 01:00:00:00 01:00:00:06
* FROM CLIP NAME:  92-2A*
* ASC_SOP (1.1 1.0 0.9)(0.01 0 -0.01)(1 1 1)
* ASC_SAT 0.9
002  A001C003_150101_R1AB             V     C        01:00:00:16 01:00:00:16 01:00:00:06 01:00:00:06
002  A001C003_150101_R1AB             V     D    004 01:00:02:00 01:00:02:08 01:00:00:06 01:00:00:14
* FROM CLIP NAME:  92-2A*
* TO CLIP NAME:  92-2B
003  A001C003                         V     C        01:00:01:00 01:00:01:02 01:00:00:14 01:00:00:16
004  A001C003_150101_R1AB             V     C        01:00:00:00 01:00:00:08 01:00:00:16 01:00:00:20
M2   A001C003_150101_R1AB   048.0     01:00:00:00
005  B999                             V     C        01:00:00:00 01:00:00:08 01:00:00:20 01:00:01:04
006  BL                               V     C        00:00:00:00 00:00:01:00 01:00:01:04 01:00:02:04
007  A001C003_150101_R1AB             AA    C        01:00:00:00 01:00:00:08 01:00:00:20 01:00:01:04
EDL
conform() { "$wetgate" conform "$1" --media media --template templates/t.json -o "$2" "${@:3}"; }
expect 2 conform film.edl film.json
grep -q -- '--rate' log || fail "an EDL without a rate: $(cat log)"
expect 20 conform film.edl film.json --rate 23.976 --with-cdl --set-version v007
for words in '3 conformed, 2 not (1 refused, 1 without media, 0 ambiguous), 2 skipped' 'M2 speed 48.0' 'reel B999' \
    'black' 'audio only' 'dissolve of 4 frames out, added' 'WETGATE-FAIL class=frames code=20'; do
    grep -qF -- "$words" log || fail "the listing has no '$words': $(cat log)"
done
expect 11 conform film.edl film.json --rate 23.976
expect 2 conform film.edl templates/t.json --rate 23.976 --overwrite
expect 0 "$wetgate" validate film.json
expect 0 "$wetgate" run film.json
shows 92-2A_001 1011 10 11 12 13 14 15 16 17 18 19
shows 92-2B_002 1049 48 49 50 51 52 53 54 55
shows A001C003_150101_R1AB_003 1025 24 25
[ -d v007.work ] || fail "{version} in work"
grep -q '<Slope>1.1 1 0.9</Slope>' film.cdl/92-2A_001.cc || fail "the CDL: $(cat film.cdl/*)"
[ "$(ls film.cdl)" = 92-2A_001.cc ] || fail "events without a CDL have a .cc"
cp film.json again.json
expect 20 conform film.edl film.json --rate 23.976 --set-version v007 --overwrite --json
cmp film.json again.json || fail "the same list gives another job"
python3 - <<'PY' || fail "--json: $(cat log)"
import json
l = json.load(open('log'))
e = l['events']
assert [x['verdict'] for x in e] == ['conformed', 'conformed', 'conformed', 'refused', 'unmatched', 'skipped', 'skipped'], e
assert e[0]['job_frames'] == '1011-1020' and e[0]['source_in'] == '01:00:00:10', e[0]
assert e[2]['matched_by'] == 'first 8 of the reel and timecode', e[2]
assert e[1]['job_frames'] == '1049-1056', e[1]
shots = json.load(open('film.json'))['shots']
assert shots[0]['source'] == {'path': 'media/A001C003_150101_R1AB/A001C003_150101_R1AB.#######.exr', 'range': '1003-1028',
                              'rate': '24000/1001', 'colorspace': 'Rec.709'}, shots[0]
assert shots[0]['reel'] == 'A001C003_150101_R1AB' and 'timecode' not in shots[0], shots[0]
PY
expect 20 conform film.edl graded.json --rate 23.976 --apply-cdl ACEScct
expect 0 "$wetgate" validate graded.json

# 29.97 drop frame over a minute in a movie, by reel; 59.94 drop frame in a sequence, whose time words count pairs.
cat >drop.edl <<'EDL'
TITLE: DROP
FCM: DROP FRAME
001  R2REEL   V     C        00:00:59;28 00:01:00;04 01:00:00;00 01:00:00;04
* FROM CLIP NAME: ramp
EDL
expect 0 conform drop.edl drop.json --rate 30000/1001
expect 0 "$wetgate" run drop.json
shows ramp_001 1001 68 69 70 71
exrheader OUT/ramp_001.1003.exr | grep -A1 timeCode | has '00:01:00:02' || fail "the timecode of an output"
printf 'FCM: DROP FRAME\n001 FAST01 V C 00:00:59;59 00:01:00;07 01:00:00;00 01:00:00;04\n' >fast.edl
expect 0 conform fast.edl fast.json --rate 59.94
expect 0 "$wetgate" run fast.json
shows FAST_001 9 8 9 10 11

# The same places from OTIO: a sequence by its numbers, a movie by frame count, a transition, a gap, a retime.
python3 - <<'PY'
import json
def t(v, r): return {"OTIO_SCHEMA": "RationalTime.1", "value": v, "rate": r}
def span(s, d, r): return {"OTIO_SCHEMA": "TimeRange.1", "start_time": t(s, r), "duration": t(d, r)}
film, ntsc = 23.976023976023978, 29.97002997002997
images = {"OTIO_SCHEMA": "ImageSequenceReference.1", "target_url_base": "file:///elsewhere/", "name_prefix": "A001C003_150101_R1AB.",
          "name_suffix": ".exr", "start_frame": 1001, "frame_zero_padding": 7, "frame_step": 1, "available_range": span(86400, 60, film)}
movie = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": "file:///x/day%201/ramp.mov", "available_range": span(1730, 100, ntsc)}
def clip(name, s, d, r, reference, effects=()):
    return {"OTIO_SCHEMA": "Clip.2", "name": name, "source_range": span(s, d, r), "effects": list(effects), "enabled": True,
            "media_references": {"DEFAULT_MEDIA": reference}, "active_media_reference_key": "DEFAULT_MEDIA"}
def track(*children): return {"OTIO_SCHEMA": "Track.1", "kind": "Video", "source_range": None, "children": list(children)}
def save(name, rate, *tracks):
    json.dump({"OTIO_SCHEMA": "Timeline.1", "name": name, "global_start_time": t(0, rate),
               "tracks": {"OTIO_SCHEMA": "Stack.1", "children": list(tracks)}}, open(name + '.otio', 'w'))
gap = {"OTIO_SCHEMA": "Gap.1", "source_range": span(0, 5, film)}
cross = {"OTIO_SCHEMA": "Transition.1", "in_offset": t(2, film), "out_offset": t(1, film)}
save('plates', film, track(gap, clip('one', 86410, 4, film, images), cross, clip('two', 86430, 3, film, images)),
     track(clip('fast', 86400, 8, film, images, [{"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": 2}])))
save('dailies', ntsc, track(clip('ramp', 1798, 4, ntsc, movie)))
PY
expect 20 conform plates.otio plates.json
grep -q 'time_scalar 2' log || fail "the retime of the OTIO list: $(cat log)"
expect 0 "$wetgate" run plates.json
shows one_001 1011 10 11 12 13 14
shows two_002 1029 28 29 30 31 32
expect 0 conform dailies.otio dailies.json
expect 0 "$wetgate" run dailies.json
shows ramp_001 1001 68 69 70 71

# Media twice: listed, not guessed; narrowed by hand. Nothing found: 10, and no job.
cp -r media/A001C003_150101_R1AB media/copy
printf '001 A001C003_150101_R1AB V C 01:00:00:10 01:00:00:16 01:00:00:00 01:00:00:06\n' >one.edl
expect 10 conform one.edl one.json --rate 24
grep -q '2 media have it' log || fail "ambiguous media: $(cat log)"
[ ! -e one.json ] || fail "a job without shots was written"
expect 0 "$wetgate" conform one.edl --media media/copy --template templates/t.json -o sub/one.json --rate 24
grep -q '"path": "../media/copy/' sub/one.json || fail "paths start at the job: $(cat sub/one.json)"
echo 'no list' >bad.edl
expect 10 conform bad.edl bad.json --rate 24
grep -q 'bad.edl' log || fail "no place in the message: $(cat log)"
