#!/usr/bin/env bash
# Passes that move the picture: shards write the same bytes as one run, outputs have their own crops, and an edited key changes
# the frames that it is for and no other.
. "$(dirname "$0")/support.sh"
plates 8 320 180
exr='{"path": "demo/truth/demo.####.exr", "range": "1001-1008", "colorspace": "ACEScg", "rate": "24"}'
moves='[{"pass": "sanitize"}, {"pass": "stabilise"}, {"pass": "reframe", "aspect": "9:16", "outputs": ["tall"], "dead_zone": 0},
        {"pass": "reframe", "aspect": "1:1", "outputs": ["square"], "targets": [{"frame": 1001, "box": [20, 20, 60, 60]}]}]'
outputs='[{"name": "wide", "path": "OUT/w.####.exr", "type": "exr"}, {"name": "tall", "path": "OUT/t.####.exr", "type": "exr"},
          {"name": "square", "path": "OUT/s.mov", "type": "prores", "colorspace": "Rec.709"}]'
run_to whole "$exr" "$moves" "$outputs"
run_to split "$exr" "$moves" "$outputs" 1001-1003 1007,1004 1005-1006 1008
same_tree whole split
[ "$(exrheader whole/out/t.1001.exr | grep -c 'dataWindow (type box2i): (0 0) - (99 179)')" = 1 ] || fail "the tall crop's size"
[ "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 whole/out/s.mov)" = 180,180 ] || fail "the square crop's size"
for pass in 2 3; do [ -s run.qc/s.$pass.reframe.fdl ] || fail "no FDL of pass $pass"; done

# The one key of the square crop, moved and locked: the other outputs keep their bytes.
job run "$exr" "$moves" "$outputs"
rm -rf OUT
python3 - <<'PY'
import json
name = "run.work/s/3.reframe.json"
artefact = json.load(open(name))
artefact["locked"] = True
for scene in artefact["artefact"]["path"]["scenes"]:
    scene["keys"] = [dict(scene["keys"][0], x=100.0)]
json.dump(artefact, open(name, "w"))
PY
expect 0 "$wetgate" run run.json
for n in $(seq 1001 1008); do
    cmp "OUT/w.$n.exr" "whole/out/w.$n.exr" || fail "the wide frame $n changed"
    cmp "OUT/t.$n.exr" "whole/out/t.$n.exr" || fail "the tall frame $n changed"
done
! cmp -s OUT/s.mov whole/out/s.mov || fail "the square crop did not move"

# The FDL that lies beside the report, given as the path, makes the same frames, measuring nothing; one decision made narrower and
# shown at the size of the plate closes the gate.
tall='[{"name": "tall", "path": "OUT/t.####.exr", "type": "exr"}]'
cp run.qc/s.2.reframe.fdl tall.fdl
job run "$exr" '[{"pass": "sanitize"}, {"pass": "stabilise"}, {"pass": "reframe", "aspect": "9:16", "path": "tall.fdl"}]' "$tall"
rm -rf OUT run.work
expect 0 "$wetgate" run run.json
[ ! -e run.work/s/2.reframe.measured ] || fail "a path was given, and the shot is measured"
for n in $(seq 1001 1008); do cmp "OUT/t.$n.exr" "whole/out/t.$n.exr" || fail "frame $n by its FDL"; done
exrheader OUT/t.1001.exr | has 'wetgate:crop' || fail "no crop in the header"
grep -o '"value": *"[^"]*"' tall.fdl | has 'demo.####.exr' || fail "the FDL does not name the clip"
job run "$exr" '[{"pass": "reframe", "aspect": "9:16", "path": "tall.fdl", "size": [180, 320], "max_scale": 1.5}]' "$tall"
expect 15 "$wetgate" run run.json
grep -q 'times as large' run.qc/report.json || fail "the scale is not reported"
job run "$exr" '[{"pass": "reframe", "aspect": "9:16", "path": "tall.fdl", "artefact": "tall.fdl"}]' "$tall"
expect 2 "$wetgate" run run.json

# A pass that changes pixels cannot come behind one that moves them, and a crop is for an output that there is.
job run "$exr" '[{"pass": "stabilise"}, {"pass": "sanitize"}]' "$outputs"
expect 2 "$wetgate" run run.json
grep -q "put 'sanitize' before it" log || fail "the order of passes: $(tail -n 1 log)"
job run "$exr" '[{"pass": "reframe", "aspect": "1:1", "outputs": ["none"]}]' "$outputs"
expect 2 "$wetgate" run run.json
grep -q "no output 'none'" log || fail "an output that is not there: $(tail -n 1 log)"
