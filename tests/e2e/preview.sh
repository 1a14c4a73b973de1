#!/usr/bin/env bash
# What --preview leaves for people to look at: the same bytes of one run and of shards, the right frames, and the report says so.
. "$(dirname "$0")/support.sh"
plates 8 320 180
exr='{"path": "demo/truth/demo.####.exr", "range": "1001-1008", "colorspace": "ACEScg", "rate": "24"}'
moves='[{"pass": "stabilise"}, {"pass": "reframe", "aspect": "9:16", "outputs": ["tall"], "targets": [{"frame": 1003, "box": [40, 20, 90, 90]}]}]'
outputs='[{"name": "wide", "path": "OUT/w.####.exr", "type": "exr"}, {"name": "tall", "path": "OUT/t.####.exr", "type": "exr"}]'
shot_extra=', "timecode": "01:00:00:00"'

job run "$exr" "$moves" "$outputs"
expect 0 "$wetgate" run run.json --preview
mv run.qc whole
[ "$(ls run.work/s | grep -c preview)" = 0 ] || fail "packets of the preview stay in the work folder"
rm -rf OUT run.work
for frames in 1005-1008 1001-1004; do expect 0 "$wetgate" run run.json --frames "$frames"; done
expect 0 "$wetgate" merge run.json --preview
for file in s.preview.mov s.preview.png; do cmp "whole/$file" "run.qc/$file" || fail "$file depends on how the shot was split"; done
[ "$(result whole/report.json)" = "$(result run.qc/report.json)" ] || fail "the report depends on how the shot was split"

probe() { ffprobe -v error -select_streams "$1" -show_entries "$2" -of csv=p=0 "$3"; }
[ "$(probe v:0 stream=codec_name,width,height,nb_frames whole/s.preview.mov)" = prores,640,406,8 ] || fail "the movie: $(probe v:0 stream whole/s.preview.mov)"
probe d:0 stream_tags=timecode whole/s.preview.mov | has '01:00:00:00' || fail "the movie's timecode"
python3 - <<'PY' || fail "the report and what lies there differ"
import json
shot, = json.load(open("whole/report.json"))["result"]["shots"]
assert [(one["file"], one["frames"]) for one in shot["preview"]] == [("s.preview.mov", 8), ("s.preview.png", 8)], shot["preview"]
plots = {plot["name"]: plot["output"] for plot in shot["metrics"]}
assert len(plots["path_x tall"]) == 8 and abs(plots["path_scale wide"][0] - 1) < 0.2, sorted(plots)
PY
grep -q 's.preview.mov' whole/report.html || fail "the page does not list the preview"

# The frame is drawn on: the crop of 'tall' is a box of its colour; a frame without it would have none of that blue.
blue() { ffmpeg -v error -i "$1" -frames:v 1 -pix_fmt rgb24 -f rawvideo - | python3 -c '
import sys
data = sys.stdin.buffer.read()
print(sum(1 for i in range(0, len(data), 3) if data[i] < 110 and data[i + 1] > 150 and data[i + 2] > 200))'; }
[ "$(blue whole/s.preview.mov)" -gt 500 ] || fail "no crop is drawn: $(blue whole/s.preview.mov)"

# A shot that nothing moves has a preview too; a run of some frames has none.
job still "$exr" '[{"pass": "sanitize"}]' '[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'
expect 0 "$wetgate" run still.json --preview
[ -s still.qc/s.preview.mov ] && [ -s still.qc/s.preview.png ] || fail "no preview of a shot that is not moved"
expect 2 "$wetgate" run still.json --preview --frames 1001
grep -q 'wetgate merge' log || fail "no hint at the merge: $(tail -n 1 log)"

# QC looks at each canvas: a fault that a crop shows is told of it, and what lies outside of it is not.
python3 - <<'PY'
import json
name = "run.json"
job = json.load(open(name))
job["shots"][0]["passes"] = [{"pass": "reframe", "aspect": "1:1", "outputs": ["tall"], "artefact": "path.json"}]
json.dump(job, open("crop.json", "w"))
path = {"width": 320, "height": 180, "scenes": [{"first": 1001, "last": 1008, "keys": [{"frame": 1001, "x": 0, "y": 0, "w": 180, "h": 180, "ease": 0}]}]}
json.dump({"schema": "wetgate.reframe/1", "path": path}, open("path.json", "w"))
PY
mkdir -p black
for n in $(seq 1001 1008); do oiiotool "demo/truth/demo.$n.exr" --fill:color=0,0,0 20x180+0+0 -d half -o "black/demo.$n.exr"; done
sed -i 's|demo/truth|black|; s|run.work|crop.work|; s|run.qc|crop.qc|' crop.json
# black_edges_of WHOM: of them alone the report tells black lines
black_edges_of() {
    python3 - "$1" <<'PY' || fail "black lines are not told of $1"
import json, sys
shot, = json.load(open("crop.qc/report.json"))["result"]["shots"]
told = {f["message"].split(":")[0] for f in shot["findings"] if f["check"] == "black_edges"}
assert told == {sys.argv[1]}, told
PY
}
expect 0 "$wetgate" run crop.json --overwrite
black_edges_of "outputs 'wide', 'tall'"
sed -i 's/"x": 0,/"x": 140,/' path.json
expect 0 "$wetgate" run crop.json --overwrite
black_edges_of "output 'wide'"
