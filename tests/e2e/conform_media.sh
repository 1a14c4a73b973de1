#!/usr/bin/env bash
# The media of a delivery: what ffprobe, mediainfo, exrheader, oiiotool and an atom reader of our own find in the files is
# what the report says was written. Timecode, reel and sound survive MOV -> EXR -> MOV.
. "$(dirname "$0")/support.sh"
atoms="$here/tests/support/mov_atoms.py"
checks="$here/tests/support/delivery_checks.py"
plates 6 320 180
has_mediainfo=$(command -v mediainfo || true)
[ -n "$has_mediainfo" ] || echo "no mediainfo here: its word is missing"

# Every rate with its timecode, every profile, every colour: one shot each, and three readers.
python3 "$checks" write_movies_job movies.json
expect 0 "$wetgate" run movies.json
python3 "$checks" check_movies movies.qc/report.json "$atoms" || fail "movies"

# Twelve bits come in, ten are coded: the report says so, and copied packets keep theirs.
deep='[{"name": "m", "path": "deep.mov", "type": "prores", "profile": "4444", "alpha": true}]'
job deep '{"path": "alpha_4444.mov", "colorspace": "Rec.709", "rate": "24"}' '[]' "$deep"
expect 0 "$wetgate" run deep.json
python3 "$checks" check_depth deep.qc/report.json || fail "depth"
cmp <(ffmpeg -v error -i alpha_4444.mov -c copy -f data -map 0:v -) <(ffmpeg -v error -i deep.mov -c copy -f data -map 0:v -) ||
    fail "packets of 4444 with alpha differ"

# A movie with timecode, reel and sound; anamorphic, and with a clean aperture.
ffmpeg -v error -y -i demo/plates/demo.mov -f lavfi -i "aevalsrc=sin(2*PI*441*t)|sin(2*PI*300*t):s=48000:d=1" \
    -filter_complex "[0:v]loop=4:6,setpts=N/(30000/1001)/TB,setsar=2/1,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709[v];[1:a]atrim=end_sample=32032[a]" \
    -map "[v]" -map "[a]" -r 30000/1001 -frames:v 20 -c:v prores_ks -profile:v 3 -c:a pcm_s24le -timecode '00:59:59;20' \
    -metadata:s:v reel_name=A001C002 plain.mov
python3 "$checks" add_clean_aperture plain.mov camera.mov
camera='{"path": "camera.mov", "first_frame": 1001, "colorspace": "Rec.709"}'
delivered='[{"name": "plate", "path": "OUT/{shot}_{version}.#####.exr", "type": "exr", "profile": "plate", "colorspace": "ACEScg", "checksums": "mhl"},
    {"name": "aces", "path": "OUT/aces/{shot}.####.exr", "type": "exr", "profile": "aces-2065-4", "first_frame": 1, "checksums": "md5"},
    {"name": "proxy", "path": "OUT/proxy/{shot}.####.exr", "type": "exr", "profile": "proxy", "colorspace": "ACEScg", "checksums": "xxh128"},
    {"name": "dailies", "path": "OUT/{shot}_{version}.mov", "type": "prores", "profile": "422hq", "checksums": "mhl"}]'
job out "$camera" '[{"pass": "sanitize"}]' "$delivered"
sed -i 's/"show": "test"/"show": "test", "version": "v002", "date": "2026-11-26T12:00:00Z"/' out.json
expect 0 "$wetgate" run out.json
mv OUT whole
result out.qc/report.json >whole.result
python3 "$checks" check_delivery out.qc/report.json whole "$atoms" || fail "delivery"
(cd whole/aces && md5sum -c --quiet s.exr.md5) || fail "md5 list"
if command -v xxhsum >/dev/null; then (cd whole/proxy && xxhsum -c --quiet s.exr.xxh128) || fail "xxh128 list"; fi

# Shards and a merge write the same bytes, lists of checksums too.
rm -rf out.work out.qc
for frames in 1014-1020 1001-1006 1007-1013; do expect 0 "$wetgate" run out.json --frames $frames; done
expect 0 "$wetgate" merge out.json
same_tree whole OUT
result out.qc/report.json >shards.result
cmp whole.result shards.result || fail "the report depends on the shards"

# Back to a movie: the sound of the camera's file, whole and in part, found by timecode.
sound=', "audio": {"path": "camera.mov"}'
back='{"path": "whole/s_v002.#####.exr", "range": "1001-1020", "colorspace": "ACEScg"}'
movie='[{"name": "m", "path": "NAME.mov", "type": "prores", "profile": "422hq", "colorspace": "Rec.709"}]'
job back "$back" '[]' "${movie/NAME/back}" "$sound"
expect 0 "$wetgate" run back.json
job part "${back/1001-1020/1004-1020}" '[]' "${movie/NAME/part}" "$sound, \"range\": \"1007-1012\""
expect 0 "$wetgate" run part.json
hash_of_sound() { ffmpeg -v error -i "$1" -map 0:a -c copy -f md5 -; }
[ "$(hash_of_sound back.mov)" = "$(hash_of_sound plain.mov)" ] || fail "sound copied whole has another hash"
python3 "$checks" check_round_trip "$atoms" plain.mov back.mov part.mov || fail "round trip"

# Coded sound: the first decoded sample is the right one, and the track ends with the pictures.
ffmpeg -v error -y -i plain.mov -c:v copy -c:a aac -aac_pns 0 -b:a 128k -timecode '00:59:59;20' aac.mov
job aac "${camera/camera/aac}" '[]' "${movie/NAME/cut}" ', "range": "1006-1015"'
expect 0 "$wetgate" run aac.json
python3 "$checks" check_coded_sound "$atoms" aac.mov cut.mov || fail "coded sound"

[ -d "$WETGATE_SHARED/footage/exr" ] || { echo "no ../shared/footage/exr here: its files are skipped"; exit 0; }
# Other people's EXRs, tiled, in parts, luminance-chroma, float: each becomes a plate, an ACES container and a proxy.
exrs="$(cd "$WETGATE_SHARED/footage/exr" && pwd)"
for file in Tiles/GoldenGate.exr MultiView/Adjuster.exr Beachball/multipart.0001.exr ScanLines/Desk.exr \
    Chromaticities/Rec709_YC.exr DisplayWindow/t05.exr; do
    rm -rf OUT foreign.work foreign.qc
    job foreign '{"path": "'"$exrs/$file"'", "range": "1-1", "colorspace": "Linear Rec.709"}' '[]' \
        '[{"name": "plate", "path": "OUT/plate.exr", "type": "exr", "profile": "plate"},
          {"name": "aces", "path": "OUT/aces.exr", "type": "exr", "profile": "aces-2065-4"},
          {"name": "proxy", "path": "OUT/proxy.exr", "type": "exr", "profile": "proxy"}]'
    expect 0 "$wetgate" run foreign.json --qc-gate off
    python3 "$checks" check_foreign foreign.qc/report.json OUT "$exrs/$file" || fail "$file"
done
