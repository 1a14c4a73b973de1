#!/usr/bin/env bash
# scripts/local-farm: the bytes of one run, in a folder of any name; what fails stops it, what is temporary is tried again,
# a signal takes all tasks with it, and the same command goes on where it stopped.
. "$(dirname "$0")/support.sh"
. "$here/tests/e2e/farm_support.sh"
export WETGATE=$wetgate
whole_run

hostile="it's \$(touch gone) \`touch gone\` \"q\" & ; % é"
farm_job "$hostile/farm.json"
expect 0 "$here/scripts/local-farm" -n 2 --chunk 6 "$hostile/farm.json"
grep -q '^\[8/8\] merge.1: done' log || fail "progress: $(cat log)"
[ ! -e gone ] || fail "a name was executed"
same_as_whole "$hostile"

# A damaged frame: its code and message come out, the merge never begins; mended, the same command goes on.
farm_job damaged/farm.json
cp -r demo/plates damaged/plates
head -c 2000 demo/plates/demo.1007.exr >damaged/plates/demo.1007.exr
sed -i "s|$folder/demo/plates/demo.####|plates/demo.####|" damaged/farm.json
expect 10 "$here/scripts/local-farm" -n 2 --chunk 6 damaged/farm.json
grep -q 'WETGATE-FAIL class=input code=10 shot=a frame=1007' log || fail "the message: $(cat log)"
[ ! -e damaged/work/farm.local/logs/merge.1.log ] || fail "the merge began"

# The same with a substitute: all is done, and 20 says that it is not all sound.
sed 's|"on_bad_frame": "fail"||; s|"name": "a", |"name": "a", "on_bad_frame": "hold", |; s|"work": "work"|"work": "held.work"|; s|OUT/|HELD/|g' \
    damaged/farm.json >damaged/held.json
expect 20 "$here/scripts/local-farm" -n 2 --chunk 6 damaged/held.json
grep -q '^\[8/8\] merge.1: done in .*, frames missing or substituted' log || fail "substitutes: $(cat log)"
[ -s damaged/HELD/a.mov ] || fail "no movie of the held shot"

# A binary that says "temporary" twice is tried again, and not more often than told.
cat >flaky <<'SH'
#!/bin/sh
case $1 in run) echo x >>"$FLAKY"; [ "$(grep -c . "$FLAKY")" -gt 2 ] || exit 75 ;; esac
exec "$WETGATE_REAL" "$@"
SH
chmod +x flaky
cp demo/plates/demo.1007.exr damaged/plates/
export WETGATE_REAL=$wetgate WETGATE=$PWD/flaky
FLAKY=$PWD/calls expect 75 "$here/scripts/local-farm" -n 1 --retries 1 --chunk 6 damaged/farm.json
grep -q 'ended with 75, try 2' log || fail "no second try: $(cat log)"
FLAKY=$PWD/more expect 0 "$here/scripts/local-farm" -n 1 --retries 2 --chunk 6 damaged/farm.json
rm whole/OUT/result.json # it has the hash of the job, whose paths are others here
same_tree whole/OUT damaged/OUT

# SIGTERM takes the tasks with it, at once; nothing partial is left.
cat >slow <<'SH'
#!/bin/sh
case $1 in run) touch "$SLOW"; sleep 30 & wait ;; esac
exec "$WETGATE_REAL" "$@"
SH
chmod +x slow
for signal in TERM INT; do
    # A shell's background has SIGINT ignored, unlike a terminal's foreground.
    SLOW=$PWD/started.$signal env --default-signal=INT "$here/scripts/local-farm" --wetgate "$PWD/slow" -n 2 damaged/farm.json >log 2>&1 &
    pid=$!
    for _ in $(seq 100); do [ ! -e started.$signal ] || break; sleep 0.1; done
    [ -e started.$signal ] || fail "no task began: $(cat log)"
    start=$(date +%s)
    kill -$signal $pid
    code=0
    wait $pid || code=$?
    [ $(($(date +%s) - start)) -le 5 ] || fail "SIG$signal took longer than 5 s"
    [ "$code" = $((128 + $(kill -l $signal))) ] || fail "SIG$signal ended with $code: $(cat log)"
    ! ps -e -o args | grep -F "$PWD/slow" | grep -qv grep || fail "tasks are left: $(ps -e -o args | grep -F "$PWD/slow")"
done

expect 2 "$here/scripts/local-farm" -n none damaged/farm.json
expect 2 "$here/scripts/local-farm" --shot nosuch damaged/farm.json

# What submit was told reaches every task that it concerns; what this farm has not, and what may not be written, is refused.
export WETGATE_MODELS=$PWD/models
expect 0 "$wetgate" submit damaged/farm.json --to local --dry-run -o files --isolate off --frame-limit 7 --io-retries 9 --output-root . \
    --verify --preview --mix-fingerprints -v --wetgate ./slow
for step in a.measure.1.deflicker a.solve.1.deflicker a.apply merge; do
    for words in "--isolate off" "--frame-limit 7" "--io-retries 9" "--output-root $PWD/\\." "--models $PWD/models" " -v\\( \\|$\\)" "^timeout\\|^$PWD/\\./slow\\|^env\\|$PWD/\\./slow"; do
        grep -q -e "$words" "files/$step.commands" || fail "$words does not reach $step: $(head -n 1 "files/$step.commands")"
    done
done
grep -q -e '--verify --preview --mix-fingerprints' files/merge.commands || fail "the merge: $(cat files/merge.commands)"
! grep -q -e --verify files/a.apply.commands || fail "--verify is the merge's own"
unset WETGATE_MODELS
expect 2 "$wetgate" submit damaged/farm.json --to local --dry-run -o files --threads 2
grep -q -e --cores log || fail "the refusal of --threads: $(cat log)"
expect 2 "$wetgate" submit damaged/farm.json --to local --dry-run -o files --pool gpu
grep -q 'pool is nothing that local has' log || fail "the refusal of --pool: $(cat log)"
mkdir elsewhere
WETGATE_OUTPUT_ROOTS=$PWD/elsewhere expect 2 "$wetgate" submit damaged/farm.json --to local --dry-run
grep -q 'output-root' log || fail "the refusal of the work folder: $(cat log)"
