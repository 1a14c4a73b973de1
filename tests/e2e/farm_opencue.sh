#!/usr/bin/env bash
# OpenCue: the specification keeps Cuebot's rules, and its commands, run as RQD runs them, make the bytes of one run.
. "$(dirname "$0")/support.sh"
checks="python3 $here/tests/support/cue_checks.py"
# Every path of the job holds what a shell, XML or Cuebot would act on.
place="$folder/it's #IFRAME# \$(touch ran) & <b>; %d é"
mkdir "$place"
cd "$place"
plates 12 160 90

analysed() { # FOLDER: a shot that two passes measure and solve
    mkdir "$1"
    cat >"$1/fix.json" <<JOB
{"schema": "wetgate.job/1", "name": "ep-1", "show": "demo", "work": "work", "shots": [{"name": "sh-1",
  "source": {"path": "../demo/plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"},
  "passes": [{"pass": "sanitize"}, {"pass": "pixel_defects", "min_frames": 6}, {"pass": "deflicker"}],
  "outputs": [{"name": "plate", "path": "out/sh1.####.exr", "type": "exr"},
              {"name": "mov", "path": "out/sh1.mov", "type": "prores", "colorspace": "Rec.709"}]}], "qc": {"report": "qc"}}
JOB
}
plain() { # FOLDER: two shots without analysis, one on a single task
    mkdir "$1"
    cat >"$1/fix.json" <<JOB
{"schema": "wetgate.job/1", "name": "two", "show": "demo", "work": "work", "shots": [
 {"name": "a", "source": {"path": "../demo/plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"},
  "range": "1003-1009", "passes": [{"pass": "sanitize"}], "outputs": [{"name": "plate", "path": "out/a.####.exr", "type": "exr"}]},
 {"name": "A", "source": {"path": "../demo/plates/demo.mov", "first_frame": 1001, "colorspace": "Rec.709"}, "range": "1002-1004",
  "passes": [{"pass": "sanitize"}],
  "outputs": [{"name": "mov", "path": "out/b.mov", "type": "prores", "colorspace": "Rec.709"}]}], "qc": {"report": "qc"}}
JOB
}

for kind in analysed plain; do
    $kind whole.$kind
    expect 0 "$wetgate" run whole.$kind/fix.json
    $kind farm.$kind
    expect 0 "$wetgate" submit farm.$kind/fix.json --to opencue --dry-run -o spec.$kind --wetgate "$wetgate" --user artist \
        --chunk 5 --cores 2 --env "NOTE=<b> 'x' \$HOME" --tags general,linux --limits seats --time-limit 60
    grep -q "^$place/spec.$kind/spec.xml$" log || fail "submit does not say what it wrote: $(cat log)"
    $checks rules spec.$kind/spec.xml
    $checks run spec.$kind/spec.xml
    same_tree whole.$kind/out farm.$kind/out
    result whole.$kind/qc/report.json >whole.json
    result farm.$kind/qc/report.json >farm.json
    diff whole.json farm.json || fail "the report of $kind differs"
    # The same job, the same file.
    expect 0 "$wetgate" submit farm.$kind/fix.json --to opencue --dry-run -o again --wetgate "$wetgate" --user artist \
        --chunk 5 --cores 2 --env "NOTE=<b> 'x' \$HOME" --tags general,linux --limits seats --time-limit 60
    cmp spec.$kind/spec.xml again/spec.xml
done
grep -q '#FRAMESPEC#' spec.analysed/spec.xml || fail "no chunks"
[ ! -e ran ] || fail "a path was run as a command"

# What is not there, and what Cuebot cannot have, is said.
expect 2 "$wetgate" submit farm.plain/fix.json --to opencue -o spec.plain --user artist
grep -q "wetgate-opencue" log && grep -q "The specification is written" log || fail "no word on the launcher: $(cat log)"
expect 2 "$wetgate" submit farm.plain/fix.json --to opencue -o spec.plain --user root
grep -q "no jobs of root" log || fail "root: $(cat log)"
sed -i 's/"first_frame": 1001/"first_frame": -2/; s/"range": "1002-1004"/"range": "-2-0"/' farm.plain/fix.json
expect 2 "$wetgate" submit farm.plain/fix.json --to opencue -o spec.plain --user artist
grep -q "frames below 0" log || fail "negative frames: $(cat log)"

# scripts/opencue: the outline and the launcher, against stand-ins for OpenCue's packages.
expect 0 "$wetgate" submit farm.analysed/fix.json --to opencue --dry-run -o outline --user artist --chunk 5 \
    --env "A=b c" --tags general,linux
python3 "$here/tests/support/outline_checks.py" "$wetgate" farm.analysed/fix.json outline/spec.xml "$here/scripts/opencue"
