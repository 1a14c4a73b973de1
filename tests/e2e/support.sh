# Sourced by every case: a folder that goes away, small demo plates, and a few checks.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
wetgate=$WETGATE_BUILD/wetgate
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() { echo "FAILED: $*"; exit 1; }
skip() { echo "skipped: $*"; exit 77; }

# COMMAND | has PATTERN: reads all of it, where `grep -q` would end early and the command by SIGPIPE, which counts here
has() { grep -c "$@" >/dev/null; }

# expect CODE COMMAND...: runs it quietly; its output is in ./log
expect() {
    local wanted=$1 code=0
    shift
    "$@" >log 2>&1 || code=$?
    [ "$code" = "$wanted" ] || { cat log; fail "exit $code instead of $wanted: $*"; }
}

# plates FRAMES WIDTH HEIGHT [NOISE]: demo media in ./demo
plates() { "$here/scripts/make-demo-media" demo "$@" >/dev/null; }

# job NAME SOURCE PASSES OUTPUTS [SHOT_EXTRA]: writes NAME.json; SHOT_EXTRA is $shot_extra where it is not given
job() {
    cat >"$1.json" <<JOB
{"schema": "wetgate.job/1", "name": "$1", "show": "test", "work": "$1.work",
 "shots": [{"name": "s", "source": $2, "passes": $3, "outputs": $4${5:-${shot_extra:-}}}],
 "qc": {"report": "$1.qc"}}
JOB
}

# run_to FOLDER SOURCE PASSES OUTPUTS [FRAMES...]: the job as a whole, or in shards of these frames and a merge; outputs and
# result go into FOLDER.
run_to() {
    local to=$1 source=$2 passes=$3 outputs=$4
    shift 4
    job run "$source" "$passes" "$outputs"
    rm -rf OUT run.work run.qc
    if [ $# = 0 ]; then expect 0 "$wetgate" run run.json; fi
    for frames in "$@"; do expect 0 "$wetgate" run run.json --frames "$frames"; done
    if [ $# != 0 ]; then expect 0 "$wetgate" merge run.json; fi
    mkdir "$to"
    mv OUT "$to/out"
    result run.qc/report.json >"$to/result.json"
}

# The part of a report that must not depend on the run.
result() { python3 -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))["result"], sort_keys=True, indent=1))' "$1"; }

# same_tree A B: the same files with the same bytes
same_tree() { diff -r "$1" "$2" >log || { head log; fail "$1 and $2 differ"; }; }

# no_partials FOLDER: every EXR is whole
no_partials() {
    find "$1" -name '*.exr' -print0 | while IFS= read -r -d '' file; do
        "$wetgate" probe "$file" --decode --progress none >/dev/null 2>&1 || fail "a partial file under a valid name: $file"
    done
}
