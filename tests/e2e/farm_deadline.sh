#!/usr/bin/env bash
# The files of `submit --to deadline`, read strictly, their tokens expanded as Deadline expands them, and run: the same
# bytes as one run. Names that hurt, a task that fails, and a submission by hand.
. "$(dirname "$0")/support.sh"
. "$here/tests/e2e/farm_support.sh"
whole_run

farm="$here/tests/support/deadline_farm.py"
mkdir bin
printf '#!/bin/sh\n[ "$1" = -SubmitJob ] && exec python3 -B "%s" "$@"\n' "$farm" >bin/deadlinecommand
chmod +x bin/deadlinecommand
export PATH="$PWD/bin:$PATH" DEADLINE_FARM="$PWD/jobs"
run_farm() { python3 -B "$farm" run; }

# Our plugin, in a folder with every letter that a shell, a file of keys or a token of Deadline's would trip over.
hostile="it's \$(touch gone) \`touch gone\` \"q\" <STARTFRAME> <quote> é “c” & ; % = #"
farm_job "$hostile/farm.json"
expect 0 "$wetgate" submit --to deadline --wetgate "$wetgate" --chunk 6 --pool gpu --comment '<b>&"$(x)' --env 'A=b=c;$(x)' "$hostile/farm.json"
grep -q '^05_merge 00' log || fail "no ids: $(cat log)"
grep -q '^EnvironmentKeyValue0=A=b=c;$(x)$' "$hostile/work/farm.deadline/01_a.measure.1.deflicker.job.txt" || fail "environment"
expect 0 run_farm
[ "$(grep -c ^complete log)" = 5 ] || fail "not all jobs: $(cat log)"
[ ! -e gone ] || fail "a name was executed"
same_as_whole "$hostile"

# A second submission finds all done: nothing is made again.
rm -r jobs
touch before
expect 0 "$wetgate" submit --to deadline --wetgate "$wetgate" --chunk 6 "$hostile/farm.json"
expect 0 run_farm
[ "$(grep -c ^complete log)" = 5 ] || fail "not all jobs of the second submission: $(cat log)"
find "$hostile/OUT" -name '*.exr' -newer before >remade
[ ! -s remade ] || fail "frames were made again"

# CommandLine, by hand: the same files go through submit.sh. It cannot have the names above, and says why.
expect 2 "$wetgate" submit --to deadline --plugin commandline --dry-run "$hostile/farm.json"
grep -q 'token' log || fail "the reason of the refusal: $(cat log)"
rm -r jobs
farm_job "by hand/farm.json"
expect 0 "$wetgate" submit --to deadline --plugin commandline --wetgate "$wetgate" --chunk 6 --dry-run -o files "by hand/farm.json"
cp -r files again
expect 0 "$wetgate" submit --to deadline --plugin commandline --wetgate "$wetgate" --chunk 6 --dry-run -o again "by hand/farm.json"
same_tree files again
[ ! -e jobs ] || fail "a dry run submitted"
expect 0 files/submit.sh
[ "$(wc -l <log)" = 5 ] || fail "submit.sh: $(cat log)"
expect 0 run_farm
same_as_whole "by hand"

# A shot whose frame is damaged: its task is tried as often as it is said, what waits for it never begins.
rm -r jobs
farm_job damaged/farm.json
cp -r demo/plates damaged/plates
head -c 2000 demo/plates/demo.1007.exr >damaged/plates/demo.1007.exr
sed -i "s|$folder/demo/plates/demo.####|plates/demo.####|" damaged/farm.json
expect 0 "$wetgate" submit --to deadline --wetgate "$wetgate" --chunk 6 --retries 1 damaged/farm.json
expect 1 run_farm
grep -q '^error 2 of 2: wetgate: .*demo.1007.exr.*(exit 10, class input shot a frame 1007)' log || fail "the message: $(cat log)"
grep -q '^complete farm b.apply' log || fail "the other shot: $(cat log)"
grep -q '^pending farm merge' log || fail "the merge: $(cat log)"
[ ! -e damaged/qc/report.json ] || fail "a merge of half a job"
cp demo/plates/demo.1007.exr damaged/plates/
expect 0 run_farm
cmp damaged/OUT/a.mov whole/OUT/a.mov || fail "the bytes after the repair"

# A job that is invalid fails at its first task: no retry can help.
rm -r jobs
farm_job invalid/farm.json
expect 0 "$wetgate" submit --to deadline --wetgate "$wetgate" --retries 5 invalid/farm.json
sed -i 's/"deflicker"/"deflickr"/' invalid/farm.json
expect 1 run_farm
[ "$(grep -c '^error' log)" = 2 ] || fail "an invalid job is tried again: $(cat log)" # a.measure and b.apply, once each
grep -q '^error 1 of 6: .*did you mean' log || fail "the reason: $(cat log)"
