#!/usr/bin/env bash
# 10 000 damaged EXR, MOV, JSON, safetensors and cut lists: no crash, no hang, no more than the memory limit. Then
# some of them, and names that are out to command a terminal or a page, through the binary itself.
# WETGATE_MUTANTS sets how many of a kind (1430; there are 7 kinds). Stills are for scripts/fuzz: batches are forked, and
# OpenImageIO now and then waits for ever in a child for what the fork left behind.
. "$(dirname "$0")/support.sh"
driver=$WETGATE_BUILD/tests/fuzz/fuzz_driver
[ -x "$driver" ] || skip "no fuzz_driver in this build"

"$driver" --inputs "${WETGATE_MUTANTS:-1430}" --seconds 10 --memory-mib 512 --keep "$folder/findings" \
    exr movie job safetensors model_card edl otio 2>driver.log | tee table || { tail -n 20 driver.log; fail "an input did what none may"; }
[ "$(wc -l <table)" = 8 ] || fail "not all of the 7 kinds were run"

# Through the binary: mutants of pictures as a sequence, of movies one by one.
"$driver" --write-mutants pictures 96 exr
"$driver" --write-mutants movies 8 movie
mkdir sequence
for n in $(seq 0 95); do mv pictures/$n.* "sequence/p.$((1001 + n)).exr"; done
printable() { ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$1" || fail "control characters in $2"; }
bounded() { (ulimit -v 4000000; exec timeout 60 "$@"); }
code=0
bounded "$wetgate" probe sequence/p.####.exr --decode --progress none >log 2>&1 || code=$?
[ $code = 10 ] || { tail log; fail "probe of damaged pictures ended with $code"; }
printable log "what probe says"
grep -q 'of 96 frames decode' log || fail "probe does not say how many frames decode"
for movie in movies/*; do
    code=0
    bounded "$wetgate" probe "$movie" --decode --progress none >log 2>&1 || code=$?
    [ $code = 0 ] || [ $code = 10 ] || { tail log; fail "probe of $movie ended with $code"; }
    printable log "what probe says of $movie"
done
job run '{"path": "sequence/p.####.exr", "range": "1001-1096", "colorspace": "ACEScg", "rate": "24"}' '[]' \
    '[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'
code=0
bounded "$wetgate" run run.json --continue-on-error >log 2>&1 || code=$?
[ $code = 20 ] || { tail log; fail "a job of damaged pictures ended with $code"; }
printable log "what run says"
"$driver" --run exr OUT/*.exr >verdicts 2>&1 || fail "an output of a damaged sequence"
! grep -v ': accepted$' verdicts || fail "an output of a damaged sequence is none"

# A picture that says of itself what no report, log or terminal may take for its own words.
"$driver" --write-seeds seeds
mkdir hostile
python3 "$here/tests/support/hostile_exr.py" seeds/exr/zip.exr hostile/p.1001.exr
python3 "$here/tests/support/hostile_exr.py" seeds/exr/zip.exr hostile/p.1002.exr 2
own_words() {  # LOG WHAT: no control characters, and no line that a name made
    printable "$1" "$2"
    ! grep -qE '^(Progress: 100%.*img|WETGATE-FAIL class=none)' "$1" || fail "$2 lets a name pass for a line of its own"
    ! grep -qP '\xC2[\x80-\x9F]|\xE2\x80\xAE' "$1" || fail "$2 holds C1 controls or turns the reading direction"
}
expect 0 "$wetgate" probe hostile/p.1001.exr --decode
own_words log "what probe says"
expect 10 "$wetgate" probe hostile/p.1002.exr
grep -q 'alert(1)' log || fail "the reason does not name the attribute"
own_words log "what probe says of a file that it refuses"
[[ $(tail -n 1 log) == 'WETGATE-FAIL class=input code=10 shot=- frame='* ]] || fail "the last line: $(tail -n 1 log)"
expect 0 "$wetgate" probe hostile/p.1001.exr --json
python3 -c 'import json, sys; json.load(open("log"))' || fail "probe --json is no JSON"
code=0
"$wetgate" compare hostile/p.1001.exr seeds/exr/zip.exr -v --progress none >log 2>&1 || code=$?
grep -q 'alert(1)' log || { cat log; fail "compare ($code) does not name the attribute"; }
own_words log "what compare says"
rm -rf OUT run.work run.qc
job run '{"path": "hostile/p.####.exr", "range": "1001-1002", "colorspace": "ACEScg", "rate": "24"}' '[]' \
    '[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'
expect 20 "$wetgate" run run.json --continue-on-error --progress openjd
own_words log "what run says"
python3 "$here/tests/support/hostile_report.py" run.qc || fail "the report of hostile names"
