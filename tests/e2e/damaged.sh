#!/usr/bin/env bash
# A damaged or missing frame: clear error and exit code, the others under their own numbers, policies, marks.
. "$(dirname "$0")/support.sh"
plates 8 320 180
exr='{"path": "plates/p.####.exr", "range": "1001-1008", "colorspace": "ACEScg", "rate": "24"}'
outputs='[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'
mkdir plates
for n in $(seq 1001 1008); do cp "demo/truth/demo.$n.exr" "plates/p.$n.exr"; done
job good "$exr" '[]' "$outputs"
expect 0 "$wetgate" run good.json
mv OUT good

head -c 60000 good/o.1004.exr >plates/p.1004.exr
rm plates/p.1006.exr

job run "$exr" '[]' "$outputs"
expect 10 "$wetgate" run run.json
grep -q 'p.1004.exr' log || fail "the message does not name the file: $(cat log)"
[[ $(tail -n 1 log) == 'WETGATE-FAIL class=input code=10 shot=s frame=1004 retryable=no msg="'* ]] || fail "the last line: $(tail -n 1 log)"
[ ! -e OUT/o.1004.exr ] || fail "a file under the name of the frame that failed"

# A task of a farm, which would take 20 for a failure, leaves it to the merge.
expect 0 "$wetgate" run run.json --continue-on-error --frames 1001-1008 --leave-to-merge
expect 20 "$wetgate" merge run.json --continue-on-error
expect 20 "$wetgate" run run.json --continue-on-error
for n in 1001 1002 1003 1005 1007 1008; do cmp "OUT/o.$n.exr" "good/o.$n.exr" || fail "frame $n"; done
[ ! -e OUT/o.1004.exr ] && [ ! -e OUT/o.1006.exr ] || fail "a file for a frame that was not made"
python3 - <<'PY' || fail "the report does not list the two frames"
import json
findings = json.load(open("run.qc/report.json"))["result"]["shots"][0]["findings"]
assert sorted(f["first_frame"] for f in findings if f["check"] == "missing_frame") == [1004, 1006], findings
PY

for policy in hold black skip; do
    rm -rf OUT run.work run.qc
    job run "$exr" '[]' "$outputs" ', "on_bad_frame": "'$policy'"'
    expect 20 "$wetgate" run run.json
    for n in 1001 1003 1005 1008; do cmp "OUT/o.$n.exr" "good/o.$n.exr" || fail "$policy: frame $n"; done
    if [ $policy = skip ]; then
        [ ! -e OUT/o.1004.exr ] || fail "a skipped frame has a file"
    else
        exrheader OUT/o.1004.exr >header
        grep -A1 "wetgate:substitute" header | has "$policy" || fail "$policy: the file is not marked"
    fi
    if [ $policy = hold ]; then
        "$wetgate" compare OUT/o.1004.exr good/o.1003.exr --progress none >log || fail "hold is not the frame before"
    fi
done

# A shard that begins at a bad frame holds the same picture as the whole run.
job run "$exr" '[]' "$outputs" ', "on_bad_frame": "hold"'
rm -rf OUT run.work
expect 20 "$wetgate" run run.json --frames 1004-1005
"$wetgate" compare OUT/o.1004.exr good/o.1003.exr --progress none >log || fail "hold depends on the shard"

# A movie with one frame overwritten: only that frame is refused, every other keeps its number.
mov='{"path": "damaged.mov", "first_frame": 1001, "colorspace": "Rec.709"}'
expect 0 "$wetgate" probe demo/plates/demo.mov --decode
python3 - <<'PY'
import subprocess, json
packets = json.loads(subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_packets", "-of", "json", "demo/plates/demo.mov"],
                                    capture_output=True, text=True, check=True).stdout)["packets"]
data = bytearray(open("demo/plates/demo.mov", "rb").read())
position, size = int(packets[3]["pos"]), int(packets[3]["size"])
data[position:position + size] = b"\x5a" * size
open("damaged.mov", "wb").write(data)
PY
clean=${mov/damaged.mov/demo\/plates\/demo.mov}
job clean "$clean" '[]' '[{"name": "o", "path": "clean/o.####.exr", "type": "exr"}]'
expect 0 "$wetgate" run clean.json
rm -rf OUT run.work run.qc
job run "$mov" '[]' "$outputs"
expect 10 "$wetgate" run run.json
expect 20 "$wetgate" run run.json --continue-on-error
for n in 1001 1002 1003 1005 1006 1007 1008; do cmp "OUT/o.$n.exr" "clean/o.$n.exr" || fail "movie frame $n"; done
[ ! -e OUT/o.1004.exr ] || fail "the damaged movie frame has a file"

# Untouched packets are copied: one that is none is that frame's fault, too.
job run "$mov" '[]' '[{"name": "o", "path": "copied.mov", "type": "prores", "profile": "422hq"}]'
rm -rf run.work run.qc
expect 10 "$wetgate" run run.json
expect 20 "$wetgate" run run.json --continue-on-error
grep -q 'frame 1004 missing_frame' log || fail "the frame whose packet is damaged: $(cat log)"
