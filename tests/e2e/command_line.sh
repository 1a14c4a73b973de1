#!/usr/bin/env bash
# Usage, validation, progress dialects, path maps, probe and compare, as documented.
. "$(dirname "$0")/support.sh"
plates 4 320 180
source='{"path": "demo/plates/demo.####.exr", "range": "1001-1004", "colorspace": "ACEScg", "rate": "24"}'
outputs='[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'
job run "$source" '[{"pass": "sanitize"}]' "$outputs"

expect 0 "$wetgate" --help
grep -q 'Exit codes' log || fail "--help has no exit codes"
expect 0 "$wetgate" --version
expect 2 "$wetgate"
expect 2 "$wetgate" walk
expect 2 "$wetgate" run
expect 0 "$wetgate" passes list
for pass in sanitize pixel_defects deflicker denoise inpaint upscale model grade; do
    grep -q "^$pass" log || fail "passes list has no $pass"
done
expect 0 "$wetgate" passes show deflicker
expect 2 "$wetgate" passes show deflickr
grep -q 'deflicker' log || fail "no suggestion: $(cat log)"

# Models: a folder without any, and one whose card and weights are spoilt, each with exit 12.
expect 12 "$wetgate" models --models nowhere list
mkdir models
expect 0 "$wetgate" models --models models list
echo '{"schema": "wetgate.model_card/1"}' >models/tiny.json
expect 12 "$wetgate" models verify --models models
grep -q '/licence: is missing' log || fail "models verify does not tell what the card lacks: $(cat log)"
expect 12 "$wetgate" models --models models show tinny
grep -q 'tiny' log || fail "models show does not tell the models that there are: $(cat log)"

# All problems at once, each with its pointer, and a suggestion for a mistyped key.
sed 's/"sanitize"}/"sanitize", "strenght": 2}/; s/"colorspace": "ACEScg", //' run.json >bad.json
expect 2 "$wetgate" validate bad.json
grep -q '/shots/0/passes/0/strenght.*strength' log || fail "no suggestion: $(cat log)"
grep -q '/shots/0/source' log || fail "not all problems at once: $(cat log)"
sed 's/"ACEScg"/"ACESgc"/' run.json >bad.json
expect 2 "$wetgate" run bad.json
grep -q 'ACEScg' log || fail "no suggestion for the colour space: $(cat log)"
sed 's/1001-1004/1001-1009/' run.json >bad.json
expect 2 "$wetgate" validate bad.json
grep -q '5 source frames are missing' log || fail "missing frames: $(cat log)"
sed 's#OUT/o#demo/plates/demo#' run.json >bad.json
expect 2 "$wetgate" run bad.json
expect 13 "$wetgate" run run.json --device cuda:77
expect 2 "$wetgate" run run.json --frames 1001-1004:2
grep -q OpenJD log && grep -q OpenCue log || fail "a-b:n does not name both readings: $(cat log)"
expect 2 "$wetgate" run run.json --shot nobody
expect 2 "$wetgate" run run.json --frames 2000

expect 0 "$wetgate" run run.json --frames 1001-1002 --progress deadline
grep -qx 'Progress: 100%' log || fail "deadline: $(cat log)"
! grep -qiE 'error|failed' log || fail "a word that schedulers take for a fault: $(cat log)"
! grep -q $'\r' log || fail "a carriage return off a terminal"
expect 0 "$wetgate" run run.json --frames 1003 --progress openjd
grep -qE '^openjd_progress: 100\.0$' log || fail "openjd: $(cat log)"
expect 0 "$wetgate" run run.json --frames 1003-1004 --progress json --log-json log.json
grep -q '"percent":100' log || fail "json: $(cat log)"
expect 0 "$wetgate" run run.json
grep -q '4 already there' log || fail "frames that were done are made again: $(cat log)"
touch -d '2020-01-01' demo/plates/demo.1002.exr
expect 0 "$wetgate" run run.json
grep -q '1 made, 3 already there' log || fail "a changed plate is not made again: $(cat log)"
expect 0 "$wetgate" run run.json --overwrite
grep -q '4 made' log || fail "--overwrite: $(cat log)"
rm OUT/o.1003.exr
expect 0 "$wetgate" run run.json
grep -q '1 made, 3 already there' log || fail "a deleted output is not made again: $(cat log)"

expect 0 "$wetgate" plan run.json --chunk 2 --json
python3 -c 'import json; p = json.load(open("log"))["shots"][0]; assert [s["frames"] for s in p["shards"]] == ["1001-1002", "1003-1004"], p' || fail "plan"
expect 0 "$wetgate" probe demo/plates/demo.####.exr --json
python3 -c 'import json; p = json.load(open("log")); assert (p["first_frame"], p["end_frame"], p["width"]) == (1001, 1005, 320), p' || fail "probe"
expect 0 "$wetgate" compare demo/truth/demo.1001.exr demo/truth/demo.1001.exr
expect 15 "$wetgate" compare demo/truth/demo.1001.exr demo/truth/demo.1002.exr
expect 0 "$wetgate" compare demo/truth/demo.1001.exr demo/truth/demo.1002.exr --tolerance 1000

# Figures by region and matte, colour differences, CSV, and a difference image that another tool agrees with.
expect 15 "$wetgate" compare demo/truth/demo.1001.exr demo/truth/demo.1002.exr --region all=0,0,320,180 --region "@top=0,0,320,9" \
    --difference d.####.exr --csv d.csv --colorspace ACEScg --json
python3 - <<'PY' || fail "compare --json: $(head -c 3000 log)"
import json
c = json.load(open('log'))
f = c['frames'][0]
assert f['regions']['all'] == f['channels'], f
assert [d['region'] for d in f['delta_itp']] == ['', 'all', '@top'] and f['delta_itp'][0]['mean'] > 0, f
assert f['regions']['@top'][0]['samples'] == 320 * 9, f
lines = {(l['region'], l['channel']): l for l in c['summary']}
assert lines['all', 'R']['worst'] == f['channels'][2]['rmse'] and f['channels'][2]['channel'] == 'R', lines
rows = open('d.csv').read().splitlines()
assert len(rows) == 1 + 3 * 3 + 3 and rows[4].startswith('0,"all","B",57600,'), rows
assert '"\'@top"' in rows[-1], rows  # no formula for a spreadsheet
PY
oiiotool demo/truth/demo.1001.exr demo/truth/demo.1002.exr --absdiff -d float -o ref.exr
expect 0 "$wetgate" compare ref.exr d.0000.exr
oiiotool --pattern constant:color=0 320x180 1 --fill:color=1 100x60+10+20 --chnames A -d half -o matte.exr
expect 15 "$wetgate" compare demo/truth/demo.####.exr demo/rigged/demo.####.exr --matte matte.exr --json
python3 - <<'PY' || fail "compare --matte"
import json
f = json.load(open('log'))['frames']
assert len(f) == 4 and [f[0]['regions'][r][0]['samples'] for r in ('inside', 'outside', 'edge')] == [
    6000, 320 * 180 - 6000, 108 * 68 - 92 * 52], f[0]['regions']
PY
expect 15 "$wetgate" compare demo/truth/demo.1001.exr demo/truth/demo.1002.exr --difference d.png --gain 20
[ "$(oiiotool --info d.png | grep -c '320 x  180, 3 channel, uint16 png')" = 1 ] || fail "the PNG: $(oiiotool --info d.png)"
expect 2 "$wetgate" compare demo/truth/demo.1001.exr demo/truth/demo.1002.exr --region box=5,5,5,9
expect 2 "$wetgate" compare demo/truth/demo.####.exr demo/truth/demo.####.exr --difference d.exr
expect 2 "$wetgate" compare demo/truth/demo.####.exr demo/truth/demo.####.exr --difference demo/truth/demo.####.exr

# The same job on a machine that sees the plates elsewhere.
mv demo/plates elsewhere
expect 10 "$wetgate" run run.json --overwrite
expect 0 "$wetgate" run run.json --overwrite --map "$folder/demo/plates=$folder/elsewhere"
printf '{"version": "pathmapping-1.0", "path_mapping_rules": [{"source_path_format": "POSIX", "source_path": "%s", "destination_path": "%s"}]}' \
    "$folder/demo/plates" "$folder/elsewhere" >map.json
expect 0 "$wetgate" run run.json --overwrite --path-map map.json

# A NaN that no pass repairs closes a gate; accepted with a reason it does not.
job nan "${source/demo\/plates/elsewhere}" '[]' "$outputs"
expect 15 "$wetgate" run nan.json
expect 0 "$wetgate" run nan.json --qc-gate warn
sed 's#"report": "nan.qc"#"report": "nan.qc", "accept": [{"check": "non_finite", "reason": "the artist wants them"}]#' nan.json >accepted.json
expect 0 "$wetgate" run accepted.json
grep -q 'the artist wants them' nan.qc/report.json || fail "the reason is not in the report"
