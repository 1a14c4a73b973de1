#!/usr/bin/env bash
# Every example in jobs/ is valid and runs, and the demo repairs what was planted.
. "$(dirname "$0")/support.sh"
plates 48 640 338
cp -r "$here/jobs" jobs
for example in jobs/*.json; do
    expect 0 "$wetgate" validate "$example"
    expect 0 "$wetgate" plan "$example" --chunk 12
    expect 0 "$wetgate" run "$example"
done
[ -s demo/out/qc/report.json ] || fail "no report"
python3 - <<'PY' || fail "the demo's repair"
import json, math, pathlib, statistics
planted = json.loads(pathlib.Path("demo/planted.json").read_text())
work = pathlib.Path("demo/out/demo.work/demo")
artefact = lambda name: json.loads(next(work.glob(f"*.{name}.json")).read_text())["artefact"]
stops = {row["frame"]: row["stops"] for row in artefact("deflicker")["frames"]}
for c in range(3):
    left = [math.log(row["rgb"][c]) + math.log(2) * stops[row["frame"]][c] for row in planted["gains"]]
    assert statistics.pstdev(left) < 0.02, (c, statistics.pstdev(left))
found = {(d["x"], d["y"]) for d in artefact("pixel_defects")["defects"]}
true = {(d["x"], d["y"]) for d in planted["defects"]}
assert len(found & true) >= 0.98 * len(true), (len(found & true), len(true))
assert len(found - true) <= 0.02 * len(true), found - true
result = json.loads(pathlib.Path("demo/out/qc/report.json").read_text())["result"]
assert result["verdict"] == "pass", result["gates"]
PY
