#!/usr/bin/env bash
# Promise 1 on the real binary: one run, random splits, single frames and reverse order write the same bytes.
. "$(dirname "$0")/support.sh"
plates 12 320 180

# Four chains, so that no frame of the one has to wait for what the passes of the other look at.
repair='[{"pass": "sanitize"}, {"pass": "pixel_defects", "min_frames": 6}, {"pass": "frame_repair", "repair": "1004-1005,1009"}, {"pass": "dust"},
         {"pass": "deflicker"}, {"pass": "deband", "bits": 8}]'
take_out='[{"pass": "sanitize"}, {"pass": "scratch", "reach": 2, "engine": "classical"}, {"pass": "intruder"},
         {"pass": "remove", "reach": 4, "engine": "classical", "keys": [{"frame": 1003, "points": [[90, 40], [130, 80]]}]},
         {"pass": "wire", "reach": 2, "keys": [{"frame": 1006, "points": [[10, 60], [300, 90]]}]}]'
light='[{"pass": "sanitize"}, {"pass": "deflicker", "mode": "local"}, {"pass": "light_drift", "field": "local"}, {"pass": "lens_dirt"},
         {"pass": "shot_match", "reference": "hero"}, {"pass": "env_match", "reference": "hero"}, {"pass": "relight", "key_fill_stops": 0.5}]'
replace='[{"pass": "background", "matte": "backdrop", "reference": "hero"}, {"pass": "regrain", "reference": "hero"}]'
shot_extra=', "references": {"hero": {"path": "demo/truth/demo.1006.exr", "colorspace": "ACEScg"}},
  "mattes": {"backdrop": {"path": "demo/mattes/demo.####.exr", "channel": "R"}}'
outputs='[{"name": "exr", "path": "OUT/o.####.exr", "type": "exr"},
          {"name": "mov", "path": "OUT/o.mov", "type": "prores", "profile": "422hq", "colorspace": "Rec.709"}]'
exr='{"path": "demo/plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"}'
mov='{"path": "demo/plates/demo.mov", "first_frame": 1001, "colorspace": "Rec.709"}'

# same_bytes SOURCE PASSES ROUNDS [all]: rounds of measuring, one for each pass that looks at the whole shot. Frames on their own
# are what a pass could stumble over; other splits and orders are the work folder's affair, and one chain is enough for them.
same_bytes() {
    local source=$1 passes=$2 rounds=$3 all=${4:-}
    run() { run_to "$source.$passes.$1" "${!source}" "${!passes}" "$outputs" "${@:2}"; }
    run whole
    run scattered 1002,1005,1011 1001,1003,1004,1006-1010x2 1007,1009,1012
    same_tree "$source.$passes.whole" "$source.$passes.scattered"
    if [ "$all" ]; then
        run split_in_two 1001-1005 1006-1012
        run reversed 1012 1011 1010 1007-1009 1004-1006 1001-1003
        for other in split_in_two reversed; do same_tree "$source.$passes.whole" "$source.$passes.$other"; done
    fi

    # The same through stages and chunks, as a farm runs them.
    job run "${!source}" "${!passes}" "$outputs"
    rm -rf OUT run.work run.qc
    for _ in $(seq "$rounds"); do
        for chunk in 0 1; do expect 0 "$wetgate" run run.json --stage measure --chunk-index $chunk --chunk-size 7; done
        expect 0 "$wetgate" run run.json --stage solve
    done
    for chunk in 2 0 1; do expect 0 "$wetgate" run run.json --stage apply --chunk-index $chunk --chunk-size 4 --threads 3; done
    expect 0 "$wetgate" merge run.json --verify
    mkdir "$source.$passes.staged"
    mv OUT "$source.$passes.staged/out"
    result run.qc/report.json >"$source.$passes.staged/result.json"
    same_tree "$source.$passes.whole" "$source.$passes.staged"
}
same_bytes exr repair 5 all
same_bytes mov repair 5
same_bytes mov take_out 4
same_bytes exr light 6
same_bytes mov replace 2

# A merge of an unfinished shot names what is missing and writes nothing.
rm -rf OUT run.work run.qc
expect 0 "$wetgate" run run.json --frames 1001-1004
expect 10 "$wetgate" merge run.json
grep -q "8 of 12 frames are not made" log || fail "merge does not say what is missing: $(cat log)"
[ ! -e OUT/o.mov ] || fail "an unfinished movie was written"
