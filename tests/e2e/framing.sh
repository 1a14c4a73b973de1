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

# A pass that changes pixels cannot come behind one that moves them, and a crop is for an output that there is.
job run "$exr" '[{"pass": "stabilise"}, {"pass": "sanitize"}]' "$outputs"
expect 2 "$wetgate" run run.json
grep -q "put 'sanitize' before it" log || fail "the order of passes: $(tail -n 1 log)"
job run "$exr" '[{"pass": "reframe", "aspect": "1:1", "outputs": ["none"]}]' "$outputs"
expect 2 "$wetgate" run run.json
grep -q "no output 'none'" log || fail "an output that is not there: $(tail -n 1 log)"

# Edges filled from the frames around: one view thrown far out, all others the plate's own. Shards write the same bytes; frames
# that stay where they are keep the plate's bits, and a movie's packets; what was filled is in the frame's record.
python3 - <<'PY'
import json
views = [{"frame": n, "dx": 0.0, "dy": 0.0, "rotation": 0.0, "scale": 1.0, "rows": [0.0, 0.0], "why": "untouched",
          **({"step": {"a": 1.0, "b": 0.0, "dx": 3.0, "dy": 0.0, "rows": [0.0, 0.0]}} if n > 1001 else {})} for n in range(1001, 1009)]
views[3].update(dx=-7.5, dy=0.25, rotation=0.1, why="jolt")
json.dump({"schema": "wetgate.stabilise/1", "first_frame": 1001, "window": [0, 0, 320, 180], "scenes": [{"first_frame": 1001, "zoom": 1.0}],
           "views": views}, open("views.json", "w"))
PY
filled='[{"pass": "stabilise", "edges": "fill", "fill_reach": 3, "artefact": "views.json"}]'
plate='[{"name": "p", "path": "OUT/p.####.exr", "type": "exr"}]'
run_to filled "$exr" "$filled" "$plate"
run_to filled_split "$exr" "$filled" "$plate" 1001,1004 1002-1003 1005-1008
same_tree filled filled_split
for n in 1001 1002 1003 1005 1006 1007 1008; do
    expect 0 "$wetgate" compare "filled/out/p.$n.exr" "demo/truth/demo.$n.exr"
done
expect 15 "$wetgate" compare filled/out/p.1004.exr demo/truth/demo.1004.exr
python3 - run.work/s/frames/1004.json <<'PY' || fail "what was filled is not in the record"
import json, sys
facts = json.load(open(sys.argv[1]))["passes"][0]["facts"]
assert facts["filled_px"] > 1000 and facts["copied"] > 0.5 and facts["copied"] + facts["synthesised"] == 1, facts
assert 1005 in facts["from"] and set(facts["from"]) <= {1001, 1002, 1003, 1005, 1006, 1007}, facts
PY

movie='{"path": "demo/plates/demo.mov", "range": "1001-1008", "first_frame": 1001, "colorspace": "Rec.709"}'
job run "$movie" "$filled" '[{"name": "p", "path": "OUT/p.mov", "type": "prores", "profile": "422hq"}]'
expect 0 "$wetgate" run run.json --overwrite
for n in $(seq 1001 1008); do
    copied=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["outputs"][0]["copied"])' "run.work/s/frames/$n.json")
    [ "$copied" = "$([ "$n" = 1004 ] && echo False || echo True)" ] || fail "packet of frame $n: copied is $copied"
done
