#!/usr/bin/env bash
# Learned passes through the real binary: shards, report, mattes, sizes, refusals, and a fix learned from key frames.
. "$(dirname "$0")/support.sh"
plates 6 192 112
exr='{"path": "demo/plates/demo.####.exr", "range": "1001-1006", "colorspace": "ACEScg", "rate": "24"}'
outputs='[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'

# Promise 1 with a network: one run and shards write the same bytes, and the report names the model.
run() { run_to "$1" "$exr" '[{"pass": "sanitize"}, {"pass": "denoise", "quality": "normal", "coding": "acescct"}]' "$outputs" "${@:2}"; }
run whole
run shards 1006,1002 1001,1003-1005
same_tree whole shards
python3 - <<'PY' || fail "the report does not say what the model did"
import json
model, = json.load(open("whole/result.json"))["shots"][0]["models"]
assert model["model"] == "denoise_t5" and model["pass"] == "denoise" and len(model["sha256"]) == 64, model
assert model["frames"] == "1001-1006" and model["mean_touched"] > 0.9, model
PY

# A wire under a matte is filled, and nothing else changes.
mkdir mattes
for frame in 1001 1002; do
    ffmpeg -v error -f lavfi -i "color=black:s=192x112" -vf "drawbox=x=0:y=50:w=192:h=3:color=white:t=fill,format=gray" -frames:v 1 "mattes/m.$frame.png"
done
short='{"path": "demo/plates/demo.####.exr", "range": "1001-1002", "colorspace": "ACEScg", "rate": "24"}'
job wire "$short" '[{"pass": "sanitize"}, {"pass": "inpaint", "matte": "wire"}]' "$outputs" ', "mattes": {"wire": {"path": "mattes/m.####.png"}}'
expect 0 "$wetgate" run wire.json
python3 - <<'PY' || fail "the matte was not kept to"
import json
shot = json.load(open("wire.qc/report.json"))["result"]["shots"][0]
for frame in shot["frames"]:
    fill, = [p for p in frame["passes"] if p["pass"] == "inpaint"]
    assert fill["bounds"] == [0, 50, 192, 53], fill
    assert abs(fill["facts"]["synthesised"] - 3 / 112) < 1e-9, fill
    assert frame["plate"]["changed_outside"] == 0, frame["plate"]
PY
job bare "$short" '[{"pass": "inpaint"}]' "$outputs"
expect 2 "$wetgate" validate bare.json
grep -q 'needs a "matte"' log || fail "validate does not see the missing matte: $(cat log)"
expect 2 "$wetgate" run bare.json
grep -q 'needs a "matte"' log || fail "no hint at the matte: $(cat log)"

# Twice the size: windows double, the header stays; mattes behind it are refused.
rm -rf OUT
job large "$short" '[{"pass": "sanitize"}, {"pass": "upscale"}]' "$outputs"
expect 0 "$wetgate" run large.json
expect 0 "$wetgate" probe OUT/o.1001.exr
grep -q '384 x 224' log || fail "not twice as large: $(cat log)"
expect 0 "$wetgate" plan large.json
job order "$short" '[{"pass": "upscale"}, {"pass": "grade", "matte": "wire", "slope": [1.1, 1.1, 1.1]}]' "$outputs" ', "mattes": {"wire": {"path": "mattes/m.####.png"}}'
expect 2 "$wetgate" run order.json
grep -q 'size of the plate' log || fail "a matte of another size was accepted: $(cat log)"

# A model that is missing, altered or of another show: exit 12, and validate says it too.
cp -r "$WETGATE_BUILD/models" models
sed -i 's/"shows": "\*"/"shows": ["dune"]/' models/sr_x2.json
expect 12 "$wetgate" run large.json --models models --overwrite
grep -q "may not run on show 'test'" log || fail "scope: $(cat log)"
expect 2 "$wetgate" validate large.json --models models
grep -q "may not run on show 'test'" log || fail "validate does not check the scope: $(cat log)"
printf 'X' | dd of=models/denoise_t5.safetensors bs=1 seek=5000 conv=notrunc status=none
expect 12 "$wetgate" run run.json --models models --overwrite
grep -q 'not those of its card' log || fail "altered weights: $(cat log)"
expect 12 "$wetgate" run run.json --models nowhere --overwrite
sed 's/"quality": "normal"/"model": "denoise_t6"/' run.json >other.json
expect 12 "$wetgate" run other.json
grep -q 'denoise_t5' log || fail "the models that there are, are not named: $(cat log)"
expect 0 "$wetgate" run run.json --frames 1001  # the shipped ones still do

# A grade learned from two key frames; a training that is killed goes on to the same weights.
rm -rf OUT
job before "$exr" '[{"pass": "sanitize"}]' '[{"name": "o", "path": "before/p.####.exr", "type": "exr"}]'
job after "$exr" '[{"pass": "sanitize"}, {"pass": "grade", "slope": [1.3, 1.0, 0.8]}]' '[{"name": "o", "path": "after/p.####.exr", "type": "exr"}]'
expect 0 "$wetgate" run before.json
expect 0 "$wetgate" run after.json
train() {
    cat >train.json <<JSON
{"schema": "wetgate.train/1", "name": "fix", "task": "pairs", "output": "$1", "licence": "test", "shows": ["test"],
 "pairs": {"before": {"path": "before/p.####.exr", "range": "1001-1006", "colorspace": "ACEScg"},
           "after": {"path": "after/p.####.exr", "range": "1001-1006", "colorspace": "ACEScg"}, "key_frames": "1001,1006"},
 "network": {"widths": [8, 12]}, "steps": 120, "batch": 2, "patch_px": 48, "checkpoint_every": 10, "work": "train.work"}
JSON
}
train own
expect 0 "$wetgate" train train.json
sed 's/"output": "own"/"output": "killed"/' train.json >killed.json
"$wetgate" train killed.json >log 2>&1 &
pid=$!
until ls train.work/*.checkpoint >/dev/null 2>&1 || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done
kill -9 $pid 2>/dev/null || true
wait $pid 2>/dev/null || true
expect 0 "$wetgate" train killed.json --progress json
grep -m 1 '"done"' log | grep -q '"done": *1,' && fail "a killed training began anew: $(head -3 log)"
expect 0 "$wetgate" models verify --models own  # the report beside the card is none
expect 2 "$wetgate" train killed.json  # is there already
cmp own/fix.safetensors killed/fix.safetensors || fail "a killed training ended with other weights"
job fixed '{"path": "before/p.####.exr", "range": "1001-1006", "colorspace": "ACEScg", "rate": "24"}' '[{"pass": "model", "model": "fix"}]' "$outputs"
expect 0 "$wetgate" run fixed.json --models own
cat >prune.json <<JSON
{"schema": "wetgate.train/1", "name": "cut", "task": "prune", "start": "none", "output": "own", "licence": "test", "stills": "."}
JSON
expect 12 "$wetgate" train prune.json
