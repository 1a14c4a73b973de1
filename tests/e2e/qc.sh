#!/usr/bin/env bash
# QC through the real binary: media without a job, a job's checks and settings, silence on clean footage, alarms on flashing clips.
. "$(dirname "$0")/support.sh"

# found REPORT: one line a finding, "check side severity first last"
found() {
    python3 - "$1" <<'PY'
import json, sys
for shot in json.load(open(sys.argv[1]))["result"]["shots"]:
    for f in shot["findings"]:
        print(f["check"], f["side"], f["severity"], f["first_frame"], f["end_frame"] - 1)
PY
}

# The list of checks names its standards, without any media.
expect 0 "$wetgate" qc --checks
grep -q 'BT.1702' log || fail "no standard in the list of checks: $(cat log)"
expect 2 "$wetgate" qc
grep -q -- '--checks' log || fail "no hint what to name: $(cat log)"

# A flash and a hole in a clip that moves; the flash is mended by the job, and the report says of which side it tells.
plates 12 320 180
mkdir plates
cp demo/truth/demo.*.exr plates/
oiiotool plates/demo.1006.exr --mulc 3 -d half -o plates/demo.1006.exr
oiiotool plates/demo.1009.exr --mulc 0 -d half -o plates/demo.1009.exr
exr='{"path": "plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"}'
outputs='[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'
expect 0 "$wetgate" qc 'plates/demo.####.exr' --colorspace ACEScg -o alone
found alone/report.json >lines
grep -q '^flash_frame output Issue 1006 1006$' lines || fail "the flash was not found: $(cat lines)"
grep -q '^black output Issue 1009 1009$' lines || fail "the hole was not found: $(cat lines)"
for file in report.html report.csv junit.xml; do [ -s "alone/$file" ] || fail "no $file"; done
python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse("alone/junit.xml")' || fail "junit.xml is no XML"
expect 2 "$wetgate" qc 'plates/demo.####.exr'  # whose colours nobody declared
grep -q -- '--colorspace' log || fail "no hint at the colour space: $(cat log)"

job mended "$exr" '[{"pass": "grade", "frames": "1006", "slope": [0.3333, 0.3333, 0.3333]}]' "$outputs"
expect 0 "$wetgate" run mended.json
found mended.qc/report.json >lines
grep -q '^flash_frame input FYI 1006 1006$' lines || fail "the source's flash is not told of: $(cat lines)"
grep -q '^flash_frame output .* 1006 ' lines && fail "a flash that was taken out is told of the output: $(cat lines)"
python3 - <<'PY' || fail "the job as run is not kept, or not the one that was run"
import hashlib, json
report = json.load(open("mended.qc/report.json"))["result"]
assert report["job_file"]["file"] == "job.json", report["job_file"]
assert open("mended.qc/job.json").read() == open("mended.json").read()
shot, = report["shots"]
motion, = [m for m in shot["metrics"] if m["name"] == "freeze"]
assert len(motion["output"]) == len(motion["input"]) == 12 and motion["output"][0] is None
PY

# A job sets a check otherwise; a name that is none is refused with the nearest one.
sed 's/"qc": {/"qc": {"checks": {"black": {"severity": "Blocker"}, "flash_frame": {"enabled": false}}, /' mended.json >strict.json
expect 15 "$wetgate" run strict.json
found mended.qc/report.json >lines
grep -q '^black output Blocker 1009 1009$' lines || fail "the severity is not the job's: $(cat lines)"
grep -q '^flash_frame' lines && fail "a check that is off found something: $(cat lines)"
sed 's/"flash_frame"/"flash_fram"/' strict.json >wrong.json
expect 2 "$wetgate" run wrong.json
grep -q "did you mean 'flash_frame'" log || fail "no hint at the name: $(cat log)"
expect 2 "$wetgate" validate wrong.json
sed 's/"qc": {/"qc": {"measure": false, /' mended.json >blind.json
expect 0 "$wetgate" run blind.json --overwrite
[ -z "$(found mended.qc/report.json)" ] || fail "a job that wants nothing looked at has findings"

# Records of a run without QC are made again when it is wanted.
expect 0 "$wetgate" run mended.json
found mended.qc/report.json | has '^black' || fail "what was made without QC was not looked at"

# Against a reference: what differs, frame by frame.
expect 0 "$wetgate" qc 'plates/demo.####.exr' --colorspace ACEScg --reference 'demo/truth/demo.####.exr' -o against
python3 - <<'PY' || fail "the figures against the reference are wrong"
import json
shot, = json.load(open("against/report.json"))["result"]["shots"]
plots = {m["name"]: m["output"] for m in shot["metrics"]}
assert plots["psnr"][0] == 100 and plots["psnr"][5] < 40, plots["psnr"]
assert plots["ssim"][0] == 1 and plots["ssim"][8] < 0.9, plots["ssim"]
assert plots["delta_itp"][0] == 0 and plots["delta_itp"][5] > 10, plots["delta_itp"]
PY

# A file that is cut off is one bad frame.
head -c 20000 plates/demo.1003.exr >cut && mv cut plates/demo.1003.exr
expect 20 "$wetgate" qc 'plates/demo.####.exr' --colorspace ACEScg -o damaged
found damaged/report.json | has '^unreadable_frame output Blocker 1003 1003$' || fail "the damaged frame is not told of"

# A part of a sequence.
expect 2 "$wetgate" qc 'plates/demo.####.exr' --colorspace ACEScg --range 990-1002
expect 0 "$wetgate" qc 'plates/demo.####.exr' --colorspace ACEScg --range 1004-1008 -o part
python3 - <<'PY' || fail "a part is not judged as one"
import json
shot, = json.load(open("part/report.json"))["result"]["shots"]
assert shot["range"] == [1004, 1009], shot["range"]
assert [f["first_frame"] for f in shot["findings"] if f["check"] == "flash_frame"] == [1006], shot["findings"]
PY

# The demo's plates have NaN and Inf: a closed gate.
expect 15 "$wetgate" qc 'demo/plates/demo.####.exr' --colorspace ACEScg -o sick
found sick/report.json | has '^non_finite output Blocker' || fail "NaN closes no gate"

[ -d "$WETGATE_SHARED/footage/pse" ] || { echo "no ../shared: clips of others are not looked at"; exit 0; }
pse="$WETGATE_SHARED/footage/pse"
for clip in 2Hz_6s extendedFLONG gray; do expect 0 "$wetgate" qc "$pse/$clip.mp4" --colorspace Rec.709 -o "pse_$clip"; done
expect 15 "$wetgate" qc "$pse/3Hz_6s.mp4" --colorspace Rec.709 -o pse_3Hz
found pse_3Hz/report.json | has '^pse_luminance output Blocker' || fail "3Hz_6s raises no alarm"
found pse_2Hz_6s/report.json | has '^pse_extended' || fail "2Hz_6s is not told of"
for clip in extendedFLONG gray; do
    found "pse_$clip/report.json" | grep '^pse_' && fail "$clip raises an alarm"
done
for clip in "$WETGATE_SHARED"/footage/clips/*; do
    "$wetgate" qc "$clip" --colorspace Rec.709 -o clean --progress none >/dev/null 2>&1 || [ $? = 15 ] || fail "cannot look at $clip"
    found clean/report.json | grep '^pse_' && fail "an alarm on $clip"
done
exit 0
