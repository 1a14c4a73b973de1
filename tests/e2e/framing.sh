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

# A crop that rests is cut from what the wide output shows, and has the same bytes where nobody shows that.
run_to alone "$exr" "${moves%,*\{\"pass*\"1:1\"*}]" '[{"name": "tall", "path": "OUT/t.####.exr", "type": "exr"}]'
for n in $(seq 1001 1008); do cmp "alone/out/t.$n.exr" "whole/out/t.$n.exr" || fail "frame $n of the tall output depends on the others"; done

# A push-in goes through the network, in shards as in one run; resampled it is another picture, and without the network the job
# that insists on it is refused. Another output's crop does not change it.
few=${exr/1001-1008/1001-1002}
close='{"pass": "reframe", "aspect": "16:9", "closer": 2, "size": [320, 180], "outputs": ["close"]'
outputs_close='[{"name": "close", "path": "OUT/c.####.exr", "type": "exr"}, {"name": "square", "path": "OUT/s.####.exr", "type": "exr"}]'
square='{"pass": "reframe", "aspect": "1:1", "closer": 2.5, "size": [180, 180], "max_scale": 3, "outputs": ["square"]'
run_to close "$few" "[$close}, $square}]" "$outputs_close"
expect 0 "$wetgate" plan run.json
has 'close shows the plate 2.00 times as large, by sr_x2' <log || fail "the plan: $(cat log)"
run_to close_split "$few" "[$close}, $square}]" "$outputs_close" 1002 1001
same_tree close close_split
grep -q 'times as large, by sr_x2' run.qc/report.json || fail "the network is not reported"
run_to close_moved "$few" "[$close}, $square, \"targets\": [{\"frame\": 1001, \"box\": [250, 100, 300, 150]}]}]" "$outputs_close"
cmp close/out/c.1002.exr close_moved/out/c.1002.exr || fail "another output's crop changes this one"
! cmp -s close/out/s.1002.exr close_moved/out/s.1002.exr || fail "the square crop did not move"
run_to close_resampled "$few" "[$close, \"enlarge\": \"resample\"}]" '[{"name": "close", "path": "OUT/c.####.exr", "type": "exr"}]'
! cmp -s close/out/c.1001.exr close_resampled/out/c.1001.exr || fail "with and without the network alike"
mkdir nothing
job run "$few" "[$close, \"enlarge\": \"network\"}]" '[{"name": "close", "path": "OUT/c.####.exr", "type": "exr"}]'
expect 12 "$wetgate" run run.json --models nothing
expect 2 "$wetgate" validate run.json --models nothing

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
facts = json.load(open(sys.argv[1]))["outputs"][0]["fill"]
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

# A lens: taken out and put in again it is no move at all, so the picture is the plate, however far it was bent between; one
# resampling shows that, two would blur.
lens='"distortion": {"convention": "opencv", "k1": -0.15, "k2": 0.03, "p1": 0.0005}, "focal": [300, 300], "colour": {"red": [0.002, 0.001]}'
exr_only='[{"name": "wide", "path": "OUT/w.####.exr", "type": "exr", "pixel": "float"}]'
run_to there_and_back "$few" "[{\"pass\": \"lens\", $lens}, {\"pass\": \"lens\", \"direction\": \"distort\", $lens}]" "$exr_only"
expect 0 "$wetgate" compare demo/truth/demo.1002.exr there_and_back/out/w.1002.exr --tolerance 0.00002 --region middle=40,30,280,150

# Its overscan lies around the display window, its ST maps beside the report, and the map in place of the coefficients gives the
# same picture; in shards too. A movie shows what is displayed.
vignette='"vignette": {"v1": -0.4, "v2": 0.1}'
both='[{"name": "wide", "path": "OUT/w.####.exr", "type": "exr"}, {"name": "movie", "path": "OUT/m.mov", "type": "prores", "colorspace": "Rec.709"}]'
lens='"distortion": {"convention": "opencv", "k1": -0.15, "k2": 0.03, "p1": 0.0005}, "focal": [300, 300], "canvas": "overscan"'
run_to bent "$few" "[{\"pass\": \"lens\", $lens, $vignette, \"write_maps\": true}]" "$both"
for way in undistort distort; do [ -s run.qc/s.0.lens.$way.exr ] || fail "no ST map to $way"; done
cp run.qc/s.0.lens.undistort.exr map.exr
exrheader bent/out/w.1001.exr >log
has 'displayWindow (type box2i): (0 0) - (319 179)' <log || fail "the display window"
has 'dataWindow (type box2i): (-[1-9][0-9]* -[1-9][0-9]*) - (3[2-9][0-9] 1[89][0-9])' <log || { cat log; fail "the overscan"; }
[ "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 bent/out/m.mov)" = 320,180 ] || fail "the movie's size"
shot_extra=', "references": {"map": {"path": "map.exr", "colorspace": "Raw"}}'
by_map="[{\"pass\": \"lens\", \"st_map\": \"map\", \"canvas\": \"overscan\", $vignette}]"
run_to mapped "$few" "$by_map" "$both"
expect 0 "$wetgate" compare bent/out/w.1002.exr mapped/out/w.1002.exr --tolerance 0.002
run_to mapped_split "$few" "$by_map" "$both" 1002 1001
same_tree mapped mapped_split
cp demo/truth/demo.1001.exr map.exr
expect 0 "$wetgate" run run.json
! cmp -s OUT/w.1001.exr mapped/out/w.1001.exr || fail "another map, and the frame is still the old one"

# A vignette put in and taken out again leaves the plate, and no other frame is as the plate is.
shot_extra=""
run_to dark "$few" "[{\"pass\": \"lens\", \"direction\": \"distort\", $vignette}]" "$exr_only"
expect 15 "$wetgate" compare demo/truth/demo.1001.exr dark/out/w.1001.exr --tolerance 0.01
run_to light "${few/demo\/truth\/demo/dark\/out\/w}" "[{\"pass\": \"lens\", $vignette}]" "$exr_only"
expect 0 "$wetgate" compare demo/truth/demo.1001.exr light/out/w.1001.exr --tolerance 0.001

# Places are no colours, light that a lens took lies in the plate, and a map is for a plate of its size.
shot_extra=', "references": {"map": {"path": "map.exr", "colorspace": "Raw"}}'
job run "$few" "$by_map" "$both" "${shot_extra/Raw/sRGB}"
expect 2 "$wetgate" run run.json
grep -q "holds places and no colours" log || fail "a map in a colour space: $(tail -n 1 log)"
job run "$few" "[{\"pass\": \"stabilise\"}, {\"pass\": \"lens\", $vignette}]" "$both"
expect 2 "$wetgate" run run.json
grep -q "put 'lens' before" log || fail "a vignette behind a move: $(tail -n 1 log)"
job run "$few" "[{\"pass\": \"lens\", $lens}, {\"pass\": \"reframe\", \"aspect\": \"1:1\"}]" "$both"
expect 2 "$wetgate" run run.json
grep -q "no output would hold the overscan" log || fail "an overscan that nothing holds: $(tail -n 1 log)"

# What stands behind a lens follows the picture that it makes: with other coefficients it is measured anew.
step() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["facts"]["step"])' run.work/s/1.stabilise.measured/1002.json; }
straight="[{\"pass\": \"lens\", ${lens%, \"canvas\"*}}, {\"pass\": \"stabilise\"}]"
run_to straight "$few" "$straight" "$exr_only"
run_to straight_split "$few" "$straight" "$exr_only" 1002 1001
same_tree straight straight_split
was=$(step)
job run "$few" "${straight/-0.15/-0.1}" "$exr_only"
expect 0 "$wetgate" run run.json --overwrite
[ "$(step)" != "$was" ] || fail "another lens, and the movement behind it is still the old one"
oiiotool --create 160x90 3 -d float -o map.exr
job run "$few" "$by_map" "$both"
expect 10 "$wetgate" run run.json
grep -q "made for this plate" log || fail "a map of another size: $(tail -n 1 log)"
