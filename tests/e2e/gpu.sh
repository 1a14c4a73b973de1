#!/usr/bin/env bash
# Every pass on the GPU: it runs there, gives the same bytes in a second run and in shards, and what the CPU gives but for
# rounding. A pass without a row here fails the test. WETGATE_GPU_DEVICE=cpu tries the rows where there is no GPU.
. "$(dirname "$0")/support.sh"
device=${WETGATE_GPU_DEVICE:-cuda}
plates 8 256 144 10
source='{"path": "demo/rigged/demo.####.exr", "range": "1001-1008", "colorspace": "ACEScg", "rate": "24"}'
outputs='[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'
extra=', "mattes": {"ball": {"path": "demo/mattes/demo.####.exr", "invert": true}, "backdrop": {"path": "demo/mattes/demo.####.exr"}}, "references": {"hero": {"path": "demo/truth/demo.1004.exr", "colorspace": "ACEScg"}, "wide": {"path": "demo/wide.exr", "colorspace": "ACEScg"}}'

job try "$source" '[]' "$outputs" "$extra"
code=0
"$wetgate" run try.json --device "$device" >log 2>&1 || code=$?
[ "$code" != 13 ] || skip "no CUDA device here"

# A model for the pass "model", learned on the device, too.
mkdir own
job before "$source" '[]' '[{"name": "o", "path": "before/p.####.exr", "type": "exr"}]'
job after "$source" '[{"pass": "grade", "slope": [1.3, 1.0, 0.8]}]' '[{"name": "o", "path": "after/p.####.exr", "type": "exr"}]'
expect 0 "$wetgate" run before.json
expect 0 "$wetgate" run after.json
cat >train.json <<JSON
{"schema": "wetgate.train/1", "name": "fix", "task": "pairs", "output": "own", "licence": "test", "shows": ["test"],
 "pairs": {"before": {"path": "before/p.####.exr", "range": "1001-1008", "colorspace": "ACEScg"},
           "after": {"path": "after/p.####.exr", "range": "1001-1008", "colorspace": "ACEScg"}, "key_frames": "1001,1008"},
 "network": {"widths": [8, 12]}, "steps": 60, "batch": 2, "patch_px": 48, "work": "train.work"}
JSON
expect 0 "$wetgate" train train.json --device "$device"
for file in "$WETGATE_BUILD"/models/*; do [ -e "own/$(basename "$file")" ] || cp -r "$file" own/; done

rows() {
    cat <<'ROWS'
{"pass": "sanitize"}
{"pass": "pixel_defects"}
{"pass": "frame_repair", "repair": "1004"}
{"pass": "dust"}
{"pass": "scratch"}
{"pass": "deflicker"}
{"pass": "deflicker", "mode": "local"}
{"pass": "light_drift", "anchor_frames": [1001]}
{"pass": "shot_match", "reference": "hero"}
{"pass": "env_match", "reference": "hero", "matte": "backdrop"}
{"pass": "relight", "key_fill_stops": -0.3}
{"pass": "lens_dirt"}
{"pass": "intruder"}
{"pass": "remove", "matte": "ball"}
{"pass": "wire"}
{"pass": "background", "matte": "backdrop", "reference": "wide", "place": "frame"}
{"pass": "denoise"}
{"pass": "denoise", "quality": "normal", "coding": "acescct", "regrain": 0.5}
{"pass": "denoise", "engine": "classical"}
{"pass": "inpaint", "matte": "ball"}
{"pass": "inpaint", "matte": "ball", "engine": "classical"}
{"pass": "regrain", "reference": "hero"}
{"pass": "upscale"}
{"pass": "upscale", "engine": "lanczos"}
{"pass": "lens", "distortion": {"convention": "opencv", "k1": -0.1}, "units": "picture", "focal": [0.9, 1.6]}
{"pass": "stabilise"}
{"pass": "reframe", "aspect": "1:1"}
{"pass": "deband"}
{"pass": "model", "model": "fix"}
{"pass": "grade", "slope": [1.1, 1.0, 0.9]}
ROWS
}

expect 0 "$wetgate" passes list
for pass in $(awk '{print $1}' log); do
    rows | has "\"pass\": \"$pass\"" || fail "the pass $pass has no row in $0"
done

wrong=()
number=0
while read -r pass; do
    number=$((number + 1))
    job run "$source" "[$pass]" "$outputs" "$extra"
    made() {
        local to=$1 on=$2
        shift 2
        rm -rf OUT run.work run.qc
        "$wetgate" run run.json --device "$on" --models own --qc-gate off "$@" >log 2>&1 || return 1
        if [ $# != 0 ]; then
            "$wetgate" run run.json --device "$on" --models own --qc-gate off >log 2>&1 || return 1
        fi
        mv OUT "$to"
    }
    began=$(date +%s.%N)
    if ! made "$number.device" "$device"; then
        wrong+=("$pass does not run on $device: $(tail -n 1 log)")
        continue
    fi
    took=$(echo "$(date +%s.%N) $began" | awk '{printf "%.1f", $1 - $2}')
    # In shards: three frames first, then the rest.
    if ! made "$number.shards" "$device" --frames 1003-1005; then
        wrong+=("$pass does not run in shards on $device: $(tail -n 1 log)")
    elif ! diff -rq "$number.device" "$number.shards" >/dev/null; then
        wrong+=("$pass gives other bytes in shards on $device")
    fi
    if ! made "$number.cpu" cpu; then
        wrong+=("$pass does not run on the CPU: $(tail -n 1 log)")
        continue
    fi
    "$wetgate" compare "$number.device/o.####.exr" "$number.cpu/o.####.exr" --json >compared.json 2>log || true
    least=$(python3 - <<'PY' 2>>log || echo 0
import json
compared = json.load(open("compared.json"))
assert compared["same_length"] and compared["summary"], compared
found = [channel["least_psnr_db"] for channel in compared["summary"] if channel["least_psnr_db"] is not None]
print(min(found, default=999))  # none: not a bit differs
PY
    )
    echo "$pass: ${took} s on $device, at least $least dB from the CPU"
    python3 -c 'import sys; sys.exit(float(sys.argv[1]) < 40)' "$least" || wrong+=("$pass is $least dB from the CPU on $device")
done < <(rows)
[ ${#wrong[@]} = 0 ] || { printf '%s\n' "${wrong[@]}"; fail "${#wrong[@]} of $number rows"; }
