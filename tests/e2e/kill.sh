#!/usr/bin/env bash
# Kill -9 at random moments, then run again: the same bytes as an undisturbed run, and never a partial file under a
# valid name. SIGTERM: out by that signal within 5 s, nothing left behind.
. "$(dirname "$0")/support.sh"
rounds=${WETGATE_KILL_ROUNDS:-12}
plates 12 512 288

source='{"path": "demo/plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"}'
passes='[{"pass": "sanitize"}, {"pass": "deflicker"}]'
outputs='[{"name": "exr", "path": "OUT/o.####.exr", "type": "exr"},
          {"name": "mov", "path": "OUT/o.mov", "type": "prores", "profile": "422", "colorspace": "Rec.709"}]'
job run "$source" "$passes" "$outputs"

start=$(date +%s%N)
expect 0 "$wetgate" run run.json
took_ms=$((($(date +%s%N) - start) / 1000000))
mv OUT whole
result run.qc/report.json >whole/result.json

RANDOM=4711
for round in $(seq "$rounds"); do
    [ $((round % 4)) != 1 ] || rm -rf OUT run.work run.qc  # some rounds go on from the wreck of the one before
    "$wetgate" run run.json >/dev/null 2>&1 &
    pid=$!
    delay_ms=$((RANDOM % took_ms))
    sleep "$(printf '%d.%03d' $((delay_ms / 1000)) $((delay_ms % 1000)))"
    kill -9 $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    [ ! -d OUT ] || no_partials OUT
    if [ -e OUT/o.mov ]; then cmp -s OUT/o.mov whole/o.mov || fail "a movie under its name that is not the whole one"; fi
    if [ $((round % 4)) = 0 ]; then
        expect 0 "$wetgate" run run.json
        result run.qc/report.json >OUT/result.json
        same_tree whole OUT
        [ -z "$(find OUT run.work -name '*.part')" ] || fail "temporary files of dead runs are left: $(find OUT run.work -name '*.part')"
        rm OUT/result.json
    fi
done

for signal in TERM INT; do
    rm -rf OUT run.work run.qc
    "$wetgate" run run.json >/dev/null 2>&1 &
    pid=$!
    sleep "$(printf '%d.%03d' $((took_ms / 2000)) $((took_ms / 2 % 1000)))"
    start=$(date +%s)
    kill -$signal $pid
    code=0
    wait $pid || code=$?
    [ $(($(date +%s) - start)) -le 5 ] || fail "SIG$signal took longer than 5 s"
    [ "$code" = $((128 + $(kill -l $signal))) ] || fail "SIG$signal ended with $code, not by the signal"
    [ -z "$(find . -name '*.part')" ] || fail "SIG$signal left temporary files"
    [ ! -d OUT ] || no_partials OUT
done
expect 0 "$wetgate" run run.json
result run.qc/report.json >OUT/result.json
same_tree whole OUT
