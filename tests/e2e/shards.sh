#!/usr/bin/env bash
# Promise 1 on the real binary: one run, random splits, single frames and reverse order write the same bytes.
. "$(dirname "$0")/support.sh"
plates 12 320 180

passes='[{"pass": "sanitize"}, {"pass": "pixel_defects", "min_frames": 6}, {"pass": "frame_repair", "repair": "1004-1005,1009"}, {"pass": "dust"},
         {"pass": "deflicker"}, {"pass": "remove", "reach": 4, "keys": [{"frame": 1003, "points": [[90, 40], [130, 80]]}]},
         {"pass": "scratch", "reach": 2, "engine": "classical"}, {"pass": "intruder"},
         {"pass": "wire", "reach": 2, "engine": "classical", "keys": [{"frame": 1006, "points": [[10, 60], [300, 90]]}]},
         {"pass": "deband", "bits": 8}]'
outputs='[{"name": "exr", "path": "OUT/o.####.exr", "type": "exr"},
          {"name": "mov", "path": "OUT/o.mov", "type": "prores", "profile": "422hq", "colorspace": "Rec.709"}]'
exr='{"path": "demo/plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"}'
mov='{"path": "demo/plates/demo.mov", "first_frame": 1001, "colorspace": "Rec.709"}'

for source in exr mov; do
    run() { run_to "$source.$1" "${!source}" "$passes" "$outputs" "${@:2}"; }
    run whole
    run split_in_two 1001-1005 1006-1012
    run scattered 1002,1005,1011 1001,1003,1004,1006-1010x2 1007,1009,1012
    run reversed 1012 1011 1010 1009 1008 1007 1006 1005 1004 1003 1002 1001
    for other in split_in_two scattered reversed; do same_tree "$source.whole" "$source.$other"; done

    # The same through stages and chunks, as a farm runs them.
    job run "${!source}" "$passes" "$outputs"
    rm -rf OUT run.work run.qc
    for round in 1 2 3 4 5 6 7 8 9; do  # one for each pass that looks at the whole shot
        for chunk in 0 1 2; do expect 0 "$wetgate" run run.json --stage measure --chunk-index $chunk --chunk-size 4; done
        expect 0 "$wetgate" run run.json --stage solve
    done
    for chunk in 2 0 1; do expect 0 "$wetgate" run run.json --stage apply --chunk-index $chunk --chunk-size 4 --threads 3; done
    expect 0 "$wetgate" merge run.json --verify
    mkdir "$source.staged"
    mv OUT "$source.staged/out"
    result run.qc/report.json >"$source.staged/result.json"
    same_tree "$source.whole" "$source.staged"
done

# A merge of an unfinished shot names what is missing and writes nothing.
rm -rf OUT run.work run.qc
expect 0 "$wetgate" run run.json --frames 1001-1004
expect 10 "$wetgate" merge run.json
grep -q "8 of 12 frames are not made" log || fail "merge does not say what is missing: $(cat log)"
[ ! -e OUT/o.mov ] || fail "an unfinished movie was written"
