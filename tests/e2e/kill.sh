#!/usr/bin/env bash
# Kill -9 at random moments of a job of three passes, then run again: the same bytes as an undisturbed run, and never a file under
# a final name that is not the whole one. SIGTERM: out by that signal within 5 s, nothing left behind, also from within a slow frame.
#   WETGATE_KILL_ROUNDS=200   more rounds
. "$(dirname "$0")/support.sh"
rounds=${WETGATE_KILL_ROUNDS:-12}
plates 8 160 96

source='{"path": "demo/plates/demo.####.exr", "range": "1001-1008", "colorspace": "ACEScg", "rate": "24"}'
passes='[{"pass": "sanitize"}, {"pass": "deflicker"}, {"pass": "dust"}]'
outputs='[{"name": "exr", "path": "OUT/o.####.exr", "type": "exr"},
          {"name": "mov", "path": "OUT/o.mov", "type": "prores", "profile": "422", "colorspace": "Rec.709"}]'
job run "$source" "$passes" "$outputs"

start=$(date +%s%N)
expect 0 "$wetgate" run run.json
took_ms=$((($(date +%s%N) - start) / 1000000))
mkdir whole
mv OUT run.work whole
result run.qc/report.json >whole/result.json
pause() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

# Each file under a final name, outputs and records alike, is the one of the undisturbed run.
whole_or_absent() {
    local others
    others=$(for place in OUT run.work; do [ ! -d $place ] || diff -rq whole/$place $place; done 2>&1 |
        grep -v -e '^Only in whole/' -e '^Only in .*: \..*\.part$' || true)
    [ -z "$others" ] || fail "$1: $others"
}
completes() {
    expect 0 "$wetgate" run run.json
    same_tree whole/OUT OUT
    result run.qc/report.json | diff whole/result.json - >log || fail "$1: another report: $(head -n 3 log)"
    [ -z "$(find OUT run.work -name '*.part')" ] || fail "$1: temporary files of dead runs are left: $(find OUT run.work -name '*.part')"
}

RANDOM=4711
ended=0 orphans=0
for round in $(seq "$rounds"); do
    [ $((round % 4)) != 1 ] || rm -rf OUT run.work run.qc  # some rounds go on from the wreck of the one before
    "$wetgate" run run.json >/dev/null 2>&1 &
    pids=$!
    if [ $((round % 4)) = 3 ]; then  # two at the same frames
        "$wetgate" run run.json >/dev/null 2>&1 &
        pids+=" $!"
    fi
    pause $((RANDOM % took_ms))
    kill -9 $pids 2>/dev/null || ended=$((ended + 1))
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
    whole_or_absent "round $round"
    [ -z "$(find . -name '*.part')" ] || orphans=$((orphans + 1))
    [ $((round % 4)) != 0 ] || completes "round $round"
done
completes "the last round"
echo "$rounds rounds of kill -9 within $took_ms ms: $ended had ended by themselves, $orphans left temporary files (all removed by the next run), none a partial file"

for signal in TERM INT; do
    rm -rf OUT run.work run.qc
    "$wetgate" run run.json >/dev/null 2>&1 &
    pid=$!
    # In the middle of the work, however fast the machine is by then.
    until [ -n "$(find OUT -name '*.exr' 2>/dev/null)" ] || ! kill -0 $pid 2>/dev/null; do pause 20; done
    start=$(date +%s)
    kill -$signal $pid
    code=0
    wait $pid || code=$?
    [ $(($(date +%s) - start)) -le 5 ] || fail "SIG$signal took longer than 5 s"
    [ "$code" = $((128 + $(kill -l $signal))) ] || fail "SIG$signal ended with $code, not by the signal"
    [ -z "$(find . -name '*.part')" ] || fail "SIG$signal left temporary files"
    whole_or_absent "SIG$signal"
done
completes "after SIGTERM and SIGINT"
