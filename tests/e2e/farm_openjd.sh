#!/usr/bin/env bash
# OpenJD: templates keep the specification's rules, and their tasks, run in a session that has the job moved to another
# place, make the bytes of one run.
. "$(dirname "$0")/support.sh"
checks="python3 $here/tests/support/openjd_checks.py"
# Every path of the job holds what a template or a shell would act on.
place="$folder/a {{Param.JobFile}} \"'\$(touch ran)é"
mkdir "$place"
cd "$place"
plates 12 160 90

show() { # FOLDER: plates and two jobs, one with passes that measure and solve
    mkdir "$1"
    cp -r demo/plates "$1/plates"
    cat >"$1/analysed.json" <<JOB
{"schema": "wetgate.job/1", "name": "analysed", "work": "analysed.work", "shots": [{"name": "sh-1",
  "source": {"path": "plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"},
  "passes": [{"pass": "sanitize"}, {"pass": "pixel_defects", "min_frames": 6}, {"pass": "deflicker"}],
  "outputs": [{"name": "plate", "path": "analysed.out/sh1.####.exr", "type": "exr"},
              {"name": "mov", "path": "analysed.out/sh1.mov", "type": "prores", "colorspace": "Rec.709"}]}],
 "qc": {"report": "analysed.qc"}}
JOB
    # The second shot is counted from below 0, and its source is named by an absolute path, which the session maps.
    cat >"$1/plain.json" <<JOB
{"schema": "wetgate.job/1", "name": "plain", "work": "plain.work", "shots": [
 {"name": "a", "source": {"path": "plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"},
  "range": "1003-1009", "passes": [{"pass": "sanitize"}], "outputs": [{"name": "plate", "path": "plain.out/a.####.exr", "type": "exr"}]},
 {"name": "b", "source": {"path": $(python3 -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$place/show/plates/demo.mov"),
                          "first_frame": -2, "colorspace": "Rec.709"},
  "range": "-2-4", "passes": [{"pass": "sanitize"}],
  "outputs": [{"name": "mov", "path": "plain.out/b.mov", "type": "prores", "colorspace": "Rec.709"}]}],
 "qc": {"report": "plain.qc"}}
JOB
}

show show
for job in analysed plain; do
    for form in zipped chunked; do
        switch=()
        [ $form = zipped ] || switch=(--chunking)
        expect 0 "$wetgate" submit show/$job.json --to openjd --dry-run -o "$job.$form" --wetgate "$wetgate" --chunk 5 --cores 2 \
            --env "NOTE={{x}} <b>" --tags attr.zone=b1 --limits seats --time-limit 60 --comment "é \"{{Param.Work}}\"" "${switch[@]}"
        $checks check "$job.$form/template.json" "$job.$form/parameters.json"
        cp -r "$job.$form" first
        expect 0 "$wetgate" submit show/$job.json --to openjd --dry-run -o "$job.$form" --wetgate "$wetgate" --chunk 5 --cores 2 \
            --env "NOTE={{x}} <b>" --tags attr.zone=b1 --limits seats --time-limit 60 --comment "é \"{{Param.Work}}\"" "${switch[@]}"
        same_tree "$job.$form" first
        rm -r first
    done
    expect 0 "$wetgate" run show/$job.json
done

# The show is moved away: the session finds all of it in another place, the job's own paths and absolute ones.
mkdir moved
cp -r show/plates show/analysed.json show/plain.json moved
mv show gone
$checks cancel analysed.zipped/template.json analysed.zipped/parameters.json "$place/show" "$place/moved"
for run in analysed.zipped plain.chunked plain.zipped; do
    job=${run%.*}
    rm -rf moved/$job.out moved/$job.qc  # but for the first, which the cancelled task has begun
    [ $run = analysed.zipped ] || rm -rf moved/$job.work
    $checks run $run/template.json $run/parameters.json "$place/show" "$place/moved"
    same_tree gone/$job.out moved/$job.out
    result gone/$job.qc/report.json >whole.json
    result moved/$job.qc/report.json >farm.json
    diff whole.json farm.json || fail "the report of $run differs"
done
# And where it was, in a session without rules.
mv gone show
rm -rf show/analysed.out show/analysed.work show/analysed.qc
$checks run analysed.chunked/template.json analysed.chunked/parameters.json "$place/show" "$place/show"
same_tree show/analysed.out moved/analysed.out
[ ! -e ran ] || fail "a path was run as a command"

# A bundle for AWS Deadline Cloud, and what is said without its command.
python3 - analysed.zipped/parameter_values.json analysed.zipped/parameters.json <<'PY' || fail "the bundle's values"
import json, sys
bundle = {one["name"]: one["value"] for one in json.load(open(sys.argv[1]))["parameterValues"]}
assert bundle.pop("deadline:priority") == 50 and bundle.pop("deadline:maxRetriesPerTask") == 3
assert bundle == json.load(open(sys.argv[2]))
PY
expect 2 "$wetgate" submit show/plain.json --to openjd -o bundle
grep -q "deadline" log && grep -q "The template is written" log || fail "no word on deadline: $(cat log)"
mkdir bin
printf '#!/bin/sh\necho "$@"\necho job-0123456789abcdef\n' >bin/deadline
chmod +x bin/deadline
PATH=$PWD/bin:$PATH expect 0 "$wetgate" submit show/plain.json --to openjd -o bundle
grep -qF "bundle submit --yes $place/bundle" log && grep -q job-0123456789abcdef log || fail "the bundle: $(cat log)"
