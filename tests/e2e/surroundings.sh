#!/usr/bin/env bash
# What a farm's machine need not have: HOME, a terminal, standard streams, a network, a current folder to write into, an
# environment. Modes of files are the umask's; threads and memory are the task's share of the machine.
. "$(dirname "$0")/support.sh"
plates 4 320 180
source='{"path": "demo/plates/demo.####.exr", "range": "1001-1004", "colorspace": "ACEScg", "rate": "24"}'
outputs='[{"name": "exr", "path": "OUT/o.####.exr", "type": "exr"},
          {"name": "mov", "path": "OUT/o.mov", "type": "prores", "profile": "422", "colorspace": "Rec.709"}]'
job run "$source" '[{"pass": "sanitize"}, {"pass": "deflicker"}]' "$outputs"
expect 0 "$wetgate" run run.json
mv OUT whole
again() { rm -rf OUT run.work run.qc; }

# No environment, terminal, network and standard streams; the current folder takes no file.
again
net=(unshare -n)
"${net[@]}" true 2>/dev/null || { net=(); echo "with the network: unshare -n is not allowed here"; }
(cd /proc && "${net[@]}" setsid --wait env -i "$wetgate" run "$folder/run.json" <&- >&- 2>&-) || fail "exit $?"
same_tree whole OUT

# A home that is not there, another locale and time zone.
again
HOME=/nowhere LC_ALL=C TZ=Asia/Kolkata expect 0 "$wetgate" run run.json
same_tree whole OUT

for row in "077 600 700" "002 664 775"; do
    read -r mask file_mode folder_mode <<<"$row"
    again
    (umask "$mask" && expect 0 "$wetgate" run run.json && expect 0 "$wetgate" submit run.json --to slurm --dry-run)
    wrong=$(find OUT run.work run.qc \( -type f ! -name submit.sh ! -perm "$file_mode" \) -o \
        \( \( -type d -o -name submit.sh \) ! -perm "$folder_mode" \))
    [ -z "$wrong" ] || fail "umask $mask: $(ls -ld $wrong | head -n 5)"
done

# Threads, as the plan's memory tells: CUE_THREADS, SLURM_CPUS_PER_TASK, affinity.
memory() { "$@" "$wetgate" plan run.json --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["shots"][0]["memory_bytes"])'; }
one=$("$wetgate" plan run.json --threads 1 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["shots"][0]["memory_bytes"])')
for limit in "env CUE_THREADS=1" "env SLURM_CPUS_PER_TASK=1" "taskset -c $(taskset -cp $$ | sed 's/.*: *//; s/[-,].*//')"; do
    [ "$(memory $limit)" = "$one" ] || fail "$limit is not one thread"
done
[ "$(nproc)" = 1 ] || [ "$(memory env)" -gt "$one" ] || fail "the plan's memory does not depend on threads"

# Memory: what Slurm or a limit of the shell leaves.
SLURM_MEM_PER_NODE=300 expect 14 "$wetgate" run run.json
grep -q 'Slurm lets it have 0.3 GiB' log || fail "Slurm's memory: $(cat log)"
SLURM_MEM_PER_NODE=3000 expect 0 "$wetgate" run run.json

# Which GPU: a list that cannot be read is refused, for any GPU may be another task's; the CPU needs none.
CUE_GPU_CORES=x expect 13 "$wetgate" run run.json --device auto
CUE_GPU_CORES=x expect 0 "$wetgate" run run.json --device cpu
CUDA_VISIBLE_DEVICES= CUE_GPU_CORES=x expect 13 "$wetgate" run run.json --device cuda
grep -q 'sees 0 CUDA devices' log || fail "an empty CUDA_VISIBLE_DEVICES: $(cat log)"
