#!/usr/bin/env bash
# A full disk is exit 11 at once, nothing is half-written, and the same command finishes when there is room.
. "$(dirname "$0")/support.sh"
[ "$(id -u)" = 0 ] || skip "needs root to mount a small file system"
mkdir small
mount -t tmpfs -o size=1500k tmpfs small 2>/dev/null || skip "cannot mount a tmpfs here"
trap 'umount "$folder/small" 2>/dev/null || true; rm -rf "$folder"' EXIT
plates 12 320 180
job run '{"path": "demo/plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"}' '[{"pass": "sanitize"}]' \
    '[{"name": "o", "path": "small/o.####.exr", "type": "exr"}]'
expect 11 "$wetgate" run run.json
grep -q "No space left" log || fail "the message does not say why: $(cat log)"
no_partials small
[ -z "$(find small -name '.*.part')" ] || fail "temporary files are left on the full disk"
mount -o remount,size=50m small
expect 0 "$wetgate" run run.json
no_partials small
[ "$(find small -name '*.exr' | wc -l)" = 12 ] || fail "not all frames are there"

# A folder that is a file, and one that may not be written.
touch blocked
job run '{"path": "demo/plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"}' '[]' \
    '[{"name": "o", "path": "blocked/o.####.exr", "type": "exr"}]'
expect 11 "$wetgate" run run.json
expect 2 "$wetgate" validate run.json
