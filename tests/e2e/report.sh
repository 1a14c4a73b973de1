#!/usr/bin/env bash
# report.html and junit.xml: of a real run, and of samples with everything in them, in headless Chromium.
. "$(dirname "$0")/support.sh"
for tool in chromium chromedriver; do command -v $tool >/dev/null || skip "no $tool (scripts/setup installs it)"; done
sample() { python3 "$here/tests/e2e/report_samples.py" "$@"; }

# A run writes both beside report.json; they are of the same result.
plates 4 96 64
job run '{"path": "demo/plates/demo.####.exr", "range": "1001-1004", "colorspace": "ACEScg", "rate": "24"}' '[{"pass": "sanitize"}]' \
    '[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'
expect 0 "$wetgate" run run.json
for file in report.json report.csv report.html junit.xml; do [ -s run.qc/$file ] || fail "no $file"; done
grep -q '<testsuite name="s" ' run.qc/junit.xml || fail "junit.xml has not the shot"
python3 - <<'CHECK' || fail "report.html and report.json differ"
import json
report = json.load(open("run.qc/report.json"))
page = open("run.qc/report.html", encoding="utf-8").read()
assert f"<title>{report['result']['verdict'].upper()}: run - wetgate QC report</title>" in page
assert all(frame["outputs"][0]["hash"] in page for frame in report["result"]["shots"][0]["frames"])
CHECK

# Samples: a hostile one that fails, and a large one.
for kind in before after touch; do ffmpeg -v error -f lavfi -i testsrc=s=64x36 -frames:v 1 $kind.jpg; done
name='<script>alert(1)</script>'
sample fail 200 4 >fail.json
sample pass 1000 30 >large.json
page=$WETGATE_BUILD/tests/e2e/report_page
"$page" fail.json fail.html junit.xml "$name" 1005 before.jpg after.jpg touch.jpg "$name" 1101 before.jpg after.jpg -
"$page" large.json large.html large.xml
# 2 s is the promise; a machine of the CI may have four tests at work beside this one.
python3 -B "$here/tests/e2e/report_checks.py" "$folder/fail.html" "$name" "$folder/large.html" junit.xml "${WETGATE_REPORT_SECONDS:-6}"
