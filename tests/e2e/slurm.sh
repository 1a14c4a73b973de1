#!/usr/bin/env bash
# A real Slurm on this machine: a job as arrays and a merge writes the same bytes as one run, also when tasks are cancelled
# in the middle of a frame, preempted, put back by exit 75, or behind a plate that is damaged.
. "$(dirname "$0")/support.sh"
[ "$(id -u)" = 0 ] || skip "Slurm's daemons need root"
for program in slurmctld slurmd munged sbatch; do
    command -v $program >/dev/null || skip "no $program (Debian: slurm-wlm, munge)"
done
getent hosts "$(hostname -s)" >/dev/null || skip "this machine's own name has no address, which Slurm needs"

node=$folder/slurm
trap 'stop_node; rm -rf "$folder"' EXIT
stop_node() {
    scancel --user=root 2>/dev/null || true
    for _ in $(seq 50); do [ -n "$(squeue -h 2>/dev/null)" ] || break; sleep 0.2; done
    "$here/tests/support/slurm_node.sh" stop "$node"
}
# Arrays of two: a step of three chunks becomes two jobs.
SLURM_NODE_MAX_ARRAY=2 "$here/tests/support/slurm_node.sh" start "$node" || fail "no Slurm"
export SLURM_CONF=$node/slurm.conf

plates 12 320 180
source='{"path": "demo/plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"}'
outputs='[{"name": "exr", "path": "OUT/o.####.exr", "type": "exr"},
          {"name": "mov", "path": "OUT/o.mov", "type": "prores", "profile": "422", "colorspace": "Rec.709"}]'
job run "$source" '[{"pass": "sanitize"}, {"pass": "deflicker"}]' "$outputs"
expect 0 "$wetgate" run run.json
mv OUT whole
result run.qc/report.json >whole/result.json

# wetgate with a flush of files that takes its time while there is a file "slow", so that a signal meets a frame half written
cat >slow.cpp <<'CPP'
#include <dlfcn.h>
#include <unistd.h>
extern "C" int fsync(int fd) {
    if (access(SLOW, F_OK) == 0) usleep(400000);
    return reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fsync"))(fd);
}
CPP
c++ -shared -fPIC -DSLOW="\"$folder/slow\"" -o slow.so slow.cpp -ldl
printf '#!/bin/sh\nLD_PRELOAD=%s/slow.so exec %s "$@"\n' "$folder" "$wetgate" >slow_wetgate
# wetgate with one task that ends with 75, once
printf '#!/bin/sh\ncase "$*" in *"--stage apply"*) mkdir %s/once 2>/dev/null && exit 75 ;; esac\nexec %s "$@"\n' \
    "$folder" "$wetgate" >once_wetgate
chmod +x slow_wetgate once_wetgate

# submit BINARY [OPTION...]: the job from scratch
farm="$folder/the farm's 100% \$(touch no) \"x\""
submit() {
    local binary=$1
    shift
    expect 0 "$wetgate" submit run.json --to slurm -o "$farm" --wetgate "$binary" --chunk 4 --cores 1 "$@"
}
# until SECONDS COMMAND...: waits for a command to succeed
until_true() {
    local tries=$(($1 * 10))
    shift
    for _ in $(seq $tries); do
        if "$@"; then return 0; fi
        sleep 0.1
    done
    squeue || true
    tail -n 20 "$farm"/*.log || true
    fail "waited in vain: $*"
}
queue_is_empty() {
    local queue
    # Slurm lets a task that was put back wait for two minutes.
    for task in $(squeue -h -t PENDING -o '%i:%r' | sed -n 's/:BeginTime$//p'); do
        scontrol update "JobId=$task" StartTime=now || true
    done
    queue=$(squeue -h) && [ -z "$queue" ] # a controller that is too busy to answer says nothing either
}
was_preempted() { grep -rqs 'PREEMPTION' "$farm"; }
half_a_frame() { [ -n "$(find OUT -name '.*.part' 2>/dev/null)" ]; }
same_as_whole() {
    [ -e run.qc/report.json ] || { tail -n 20 "$farm"/*.log; fail "no report: $1"; }
    result run.qc/report.json >OUT/result.json
    same_tree whole OUT
    [ -z "$(find OUT run.work -name '*.part')" ] || fail "temporary files are left: $1"
    rm -rf OUT run.work run.qc "$farm"
}
# How the jobs ended since the file was emptied
states() { sed -E 's/.* Name=([^ ]*) JobState=([A-Z_]*) .*/\1 \2/' "$node/jobcomp.log" | sort; }

rm -rf run.work run.qc
expect 0 "$wetgate" submit run.json --to slurm -o "$farm" --dry-run
queue_is_empty || fail "--dry-run handed something over"

submit "$folder/once_wetgate" --comment 'it"s \ 100% `id` $(id) #1 é <b>; & {{Param.X}}' --tags avx2,big --limits wetgate:1 \
    --partition low --priority 40 --env "NAME=\$(touch no) 'x' \"y\"" --time-limit 10
merge=$(sed -n 's/^03_merge //p' log)
scontrol show job "$merge" | has -F 'Comment=it"s \ 100% `id` $(id) #1 é <b>; & {{Param.X}}' ||
    fail "the comment: $(scontrol show job "$merge")"
scontrol show job "$merge" | has -F 'Features=avx2&big' || fail "the tags: $(scontrol show job "$merge")"
until_true 120 queue_is_empty
[ -d once ] && grep -q 'back into the queue, retry 1 of 3' "$farm"/02_s.apply*.log || fail "no task was put back"
[ "$(ls "$farm"/00_s.measure*.log | wc -l)" = 3 ] || fail "not three chunks: $(ls "$farm")"
[ ! -e no ] && [ ! -e "$farm/no" ] || fail "a name was run as a command"
same_as_whole "one task was put back by 75"

# A binary that is stopped in the middle of a frame leaves nothing partial; the next submission goes on.
touch slow
submit "$folder/slow_wetgate"
until_true 120 half_a_frame
scancel --user=root
until_true 60 queue_is_empty
[ -z "$(find . -name '.*.part')" ] || fail "scancel left temporary files"
no_partials OUT
[ "$(ls OUT/o.*.exr 2>/dev/null | wc -l)" -lt 12 ] || fail "scancel came too late to test anything"
grep -rqs 'CANCELLED' "$farm" || fail "no log tells of the end"
submit "$wetgate"
until_true 120 queue_is_empty
same_as_whole "cancelled and submitted again"

# Preempted by a job of a higher partition: back into the queue by Slurm, and on.
submit "$folder/slow_wetgate" --partition low
until_true 120 half_a_frame
sbatch --partition=high --cpus-per-task="$(nproc)" --mem=64M --output=/dev/null --wrap 'sleep 1' >/dev/null
until_true 60 was_preempted
rm slow
until_true 120 queue_is_empty
same_as_whole "preempted"

# A damaged plate: its chunk ends, everything behind it is cancelled, nothing hangs; mended, the job finishes.
cp demo/plates/demo.1006.exr sound.exr
truncate -s 5000 demo/plates/demo.1006.exr
: >"$node/jobcomp.log"
submit "$wetgate"
until_true 120 queue_is_empty
[ ! -e OUT/o.mov ] && [ ! -e run.qc ] || fail "a merge of a job that is not whole"
[ "$(states | grep -c 'run.s.measure.1.deflicker FAILED')" = 1 ] || fail "states: $(states)"
[ "$(states | grep -v measure | sed 's/.* //' | sort -u)" = CANCELLED ] || fail "states: $(states)"
cat sound.exr >demo/plates/demo.1006.exr
submit "$wetgate"
until_true 120 queue_is_empty
same_as_whole "mended"
