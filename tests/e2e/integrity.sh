#!/usr/bin/env bash
# Promise 2: a job with no passes, and one whose passes touch nothing, give back every channel, part and attribute of
# every shared EXR file, bit for bit.
. "$(dirname "$0")/support.sh"
[ -d "$WETGATE_SHARED/footage/exr" ] || skip "no ../shared/footage/exr here"
outputs='[{"name": "o", "path": "OUT/o.exr", "type": "exr"}]'
find "$(cd "$WETGATE_SHARED/footage/exr" && pwd)" -name '*.exr' | sort >files
while read -r file; do
    for passes in '[]' '[{"pass": "grade"}, {"pass": "pixel_defects"}, {"pass": "deflicker"}]'; do
        rm -rf OUT run.work run.qc
        job run '{"path": "'"$file"'", "range": "1-1", "colorspace": "Linear Rec.709", "rate": "24"}' "$passes" "$outputs"
        expect 0 "$wetgate" run run.json --qc-gate off
        "$wetgate" compare "$file" OUT/o.exr --json --progress none >compared || fail "$file: $(cat compared)"
        python3 - "$file" <<'PY' || fail "$file: header"
import json, sys
report = json.load(open("compared"))
assert report["within"] and report["frames"][0]["identical"], report
# Lossy compression is not kept: writing it again would change pixels.
lossy = sys.argv[1].endswith("MultiView/Adjuster.exr")  # B44A
assert report["frames"][0]["headers"] == (["compression differs"] if lossy else []), report["frames"][0]["headers"]
PY
    done
done <files
echo "$(wc -l <files) files"
