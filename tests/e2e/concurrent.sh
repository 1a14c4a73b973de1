#!/usr/bin/env bash
# Several processes on the same frames at once, of the whole job and of overlapping ranges, with merges beside them: the last
# whole file wins, and it has the same bytes as any other; at the end everything is as one run makes it.
. "$(dirname "$0")/support.sh"
plates 8 160 96
source='{"path": "demo/plates/demo.####.exr", "range": "1001-1008", "colorspace": "ACEScg", "rate": "24"}'
passes='[{"pass": "sanitize"}, {"pass": "deflicker"}, {"pass": "dust"}]'
outputs='[{"name": "exr", "path": "OUT/o.####.exr", "type": "exr"},
          {"name": "mov", "path": "OUT/o.mov", "type": "prores", "profile": "422", "colorspace": "Rec.709"}]'
run_to whole "$source" "$passes" "$outputs"
mv run.work whole.work

# together NAME MERGES COMMANDS...: each command is what follows `run run.json`; merges beside them may find frames missing
together() {
    local name=$1 merges=$2 pids=() code i=0
    shift 2
    rm -rf OUT run.work run.qc log.*
    for arguments in "$@"; do
        # shellcheck disable=SC2086
        "$wetgate" run run.json $arguments >"log.$((i++))" 2>&1 &
        pids+=($!)
    done
    for _ in $(seq "$merges"); do
        code=0
        "$wetgate" merge run.json >log 2>&1 || code=$?
        [ $code = 0 ] || [ $code = 10 ] || { cat log; fail "$name: a merge beside the runs ended with $code"; }
        [ ! -e OUT/o.mov ] || cmp OUT/o.mov whole/out/o.mov || fail "$name: a movie under its name that is not the whole one"
    done
    i=0
    for pid in "${pids[@]}"; do
        wait "$pid" || { cat "log.$i"; fail "$name: process $i ended with $?"; }
        i=$((i + 1))
    done
    expect 0 "$wetgate" merge run.json --verify
    same_tree whole/out OUT
    same_tree whole.work run.work
    result run.qc/report.json | diff whole/result.json - >log || fail "$name: another report: $(head -n 3 log)"
    [ -z "$(find . -name '*.part')" ] || fail "$name: temporary files are left: $(find . -name '*.part')"
}
together "two runs of the whole job" 2 "" ""
together "four runs that make all frames anew" 2 --overwrite --overwrite --overwrite --overwrite
together "four overlapping shards" 3 "--frames 1001-1005" "--frames 1003-1008" "--frames 1002-1006" "--frames 1001-1008x2"

# A job edited between shards: the merge says which frames are of which version, and what to do.
rm -rf OUT run.work run.qc
expect 0 "$wetgate" run run.json --frames 1001-1004
job run "$source" "${passes/dust\"/dust\", \"strength\": 0.5}" "$outputs"
expect 0 "$wetgate" run run.json --frames 1005-1006
expect 10 "$wetgate" merge run.json
grep -q "2 of 8 frames are not made: 1007-1008; 4 of 8 frames were made by another version of the job" log || fail "$(cat log)"
grep -q -- "--frames 1001-1004,1007-1008" log || fail "merge does not say what to run: $(cat log)"
[ ! -e OUT/o.mov ] || fail "a mixed movie was written"

# Frames of two kinds of machine (here: of two settings of the arithmetic) are joined only when asked for.
job run "$source" '[{"pass": "sanitize"}]' "$outputs"
expect 0 "$wetgate" run run.json --frames 1001-1005
sed -i 's/"show": "test"/"show": "test", "compute": {"threads": 2}/' run.json
expect 0 "$wetgate" run run.json --frames 1006-1008
expect 2 "$wetgate" merge run.json
grep -q "1001-1005 by .*1006-1008 by " log || fail "merge does not say which frames are of which kind: $(cat log)"
expect 0 "$wetgate" merge run.json --mix-fingerprints
