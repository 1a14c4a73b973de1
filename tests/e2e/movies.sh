#!/usr/bin/env bash
# Every shared clip becomes EXR and ProRes; untouched ProRes frames are the same packets; tags and timecode are right.
. "$(dirname "$0")/support.sh"
plates 8 320 180

# ProRes in, nothing touched, ProRes out: packets copied.
job copy '{"path": "demo/plates/demo.mov", "first_frame": 1001, "colorspace": "Rec.709"}' '[]' \
    '[{"name": "o", "path": "copy.mov", "type": "prores", "profile": "422hq"}]'
expect 0 "$wetgate" run copy.json
packets() { ffprobe -v error -select_streams v -show_entries packet=data_hash,size,pts -show_data_hash md5 -of csv "$1"; }
[ "$(packets demo/plates/demo.mov)" = "$(packets copy.mov)" ] || fail "packets differ"
ffprobe -v error -select_streams v -show_entries stream=codec_name,profile,color_space,color_primaries,color_transfer,nb_frames,r_frame_rate \
    -of default=nw=1 copy.mov >tags
for tag in codec_name=prores color_space=bt709 color_primaries=bt709 color_transfer=bt709 nb_frames=8 r_frame_rate=24/1; do
    grep -q "$tag" tags || fail "the movie has no $tag: $(cat tags)"
done
ffprobe -v error -show_entries stream_tags=timecode -of default=nw=1 copy.mov >tags
grep -q 'timecode=01:00:00:00' tags || fail "timecode: $(cat tags)"

# A shard of the middle has the timecode of its first frame.
job middle '{"path": "demo/plates/demo.mov", "first_frame": 1001, "colorspace": "Rec.709"}' '[]' \
    '[{"name": "o", "path": "middle.mov", "type": "prores", "profile": "422hq"}]' ', "range": "1003-1006"'
expect 0 "$wetgate" run middle.json
ffprobe -v error -show_entries stream_tags=timecode -of default=nw=1 middle.mov >tags
grep -q 'timecode=01:00:00:02' tags || fail "timecode of a part: $(cat tags)"

# A movie that asks players to turn it, as telephones' do: it is worked and written as it is stored, and says so.
# The matrix of its track header (QuickTime File Format: x' = a x + c y, y' = b x + d y, y down) takes right to down.
ffmpeg -v error -i demo/plates/demo.mov -map 0:v -c copy turned.mov
python3 - <<'PY'
import struct
data = bytearray(open("turned.mov", "rb").read())
matrix = data.index(b"tkhd") + 4 + 4 + 20 + 16
assert struct.unpack_from(">4i", data, matrix) == (0x10000, 0, 0, 0)
struct.pack_into(">5i", data, matrix, 0, 0x10000, 0, -0x10000, 0)
open("turned.mov", "wb").write(data)
PY
expect 0 "$wetgate" probe turned.mov
has 'asks to be turned by 90 degrees' <log || fail "the turn is not told: $(cat log)"
job turned '{"path": "turned.mov", "first_frame": 1001, "colorspace": "Rec.709"}' '[{"pass": "reframe", "aspect": "1:1", "render": false}]' \
    '[{"name": "o", "path": "turned/o.####.exr", "type": "exr"}, {"name": "m", "path": "turned/m.mov", "type": "prores", "profile": "422hq"}]' \
    ', "range": "1001-1002"'
expect 0 "$wetgate" run turned.json
has 'turn its pictures by 90 degrees clockwise; they are worked and written as they are stored' <log || fail "no warning: $(cat log)"
exrheader turned/o.1001.exr | has 'displayWindow (type box2i): (0 0) - (319 179)' || fail "the turned movie's pictures"
[ "$(packets turned/m.mov)" = "$(packets turned.mov | head -n 2)" ] || fail "packets of the turned movie differ"

# Other dailies codecs: every frame decodes, and a frame decoded alone is the frame of the whole run.
encode() { ffmpeg -v error -y -i demo/plates/demo.mov -an "$@"; }
encode -c:v libx265 -x265-params log-level=none:keyint=4:bframes=2 -pix_fmt yuv420p10le hevc.mp4
encode -c:v libx264 -g 5 -bf 2 -pix_fmt yuv420p h264.mp4
encode -s 1920x1080 -c:v dnxhd -profile:v dnxhr_hqx -pix_fmt yuv422p10le dnxhr.mov
encode -c:v mjpeg -q:v 3 -pix_fmt yuvj422p mjpeg.mov
for movie in hevc.mp4 h264.mp4 dnxhr.mov mjpeg.mov; do
    expect 0 "$wetgate" probe $movie --decode
    grep -q '8 of 8 frames decode' log || fail "$movie: $(cat log)"
    for frames in 6 1-8; do
        rm -rf codec.work
        job codec '{"path": "'$movie'", "first_frame": 1, "colorspace": "Rec.709"}' '[]' \
            '[{"name": "o", "path": "codec.'$frames'/o.####.exr", "type": "exr"}]'
        expect 0 "$wetgate" run codec.json --frames $frames
    done
    cmp codec.6/o.0006.exr codec.1-8/o.0006.exr || fail "$movie: a frame depends on where decoding began"
    rm -r codec.6 codec.1-8
done

[ -d "$WETGATE_SHARED/footage/clips" ] || { echo "no ../shared/footage/clips here: clips skipped"; exit 0; }
for clip in "$(cd "$WETGATE_SHARED/footage/clips" && pwd)"/*; do
    case $clip in *hdr*) space=Rec.2100-PQ ;; *) space=Rec.709 ;; esac
    rm -rf OUT clip.work clip.qc clip.mov
    job clip '{"path": "'"$clip"'", "first_frame": 1, "colorspace": "'$space'"}' '[{"pass": "sanitize"}]' \
        '[{"name": "exr", "path": "OUT/o.####.exr", "type": "exr", "colorspace": "ACEScg"},
          {"name": "mov", "path": "clip.mov", "type": "prores", "profile": "422hq"}]' ', "range": "1-8"'
    expect 0 "$wetgate" run clip.json
    [ "$(find OUT -name '*.exr' | wc -l)" = 8 ] || fail "$clip: EXR frames"
    [ "$(ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 clip.mov)" = 8 ] || fail "$clip: movie frames"
done
