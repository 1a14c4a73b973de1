#!/usr/bin/env bash
# A decoder that crashes, ends, hangs or takes all memory over one frame costs that frame and nothing else; wetgate's end
# is its decoders' end; and decoding in other processes changes no byte.
. "$(dirname "$0")/support.sh"
shim=$WETGATE_BUILD/tests/e2e/libplanted_fault.so
[ -e "$shim" ] || skip "the planted fault is not built: $shim"
if ldd "$WETGATE_BUILD/wetgate-decoder" | grep -qE 'lib(a|t)san'; then skip "a sanitizer takes the faults that are planted"; fi
plates 6 320 180
exr='{"path": "demo/truth/demo.####.exr", "range": "1001-1006", "colorspace": "ACEScg", "rate": "24"}'
mov='{"path": "demo/plates/demo.mov", "first_frame": 1001, "colorspace": "Rec.709"}'
exr_out='[{"name": "o", "path": "OUT/o.####.exr", "type": "exr"}]'
mov_out='[{"name": "o", "path": "OUT/o.mov", "type": "prores", "profile": "422hq"}]'
plant() { env LD_PRELOAD="$shim" PLANTED_FILE=demo.1004 PLANTED_PACKET=3 PLANTED_FAULT="$1" "${@:2}"; }
clean() { rm -rf OUT run.work run.qc; }

# The report: frame 1004 is missing, for this reason, and nothing else is.
blames() {
    python3 - "$1" <<'PY' || fail "the report does not say of frame 1004 alone that $1"
import json, sys
shot = json.load(open("run.qc/report.json"))["result"]["shots"][0]
missing = [f for f in shot["findings"] if f["check"] in ("missing_frame", "unreadable_frame")]
assert {f["first_frame"] for f in missing} == {1004} and any(sys.argv[1] in f["message"] for f in missing), missing
assert [f["frame"] for f in shot["frames"] if "failed" in f] == [1004], shot["frames"]
PY
}
others_whole() { for n in 1001 1002 1003 1005 1006; do cmp "OUT/o.$n.exr" "$1/o.$n.exr" || fail "frame $n"; done; }

# On and off: the same bytes, of pictures and of a movie whose packets are copied.
for kind in exr mov; do
    for isolate in on off; do
        clean
        if [ $kind = exr ]; then job run "$exr" '[]' "$exr_out"; else job run "$mov" '[]' "$mov_out"; fi
        expect 0 "$wetgate" run run.json --isolate $isolate
        mv OUT "$kind.$isolate"
        result run.qc/report.json >"$kind.$isolate/result.json"
    done
    same_tree $kind.on $kind.off
done

for fault in "segv died by SIGSEGV" "exit ended with exit code 7" "hang was not done after 1 s" "memory std::bad_alloc"; do
    clean
    job run "$exr" '[]' "$exr_out"
    expect 20 plant "${fault%% *}" "$wetgate" run run.json --continue-on-error --frame-limit 1
    [ ! -e OUT/o.1004.exr ] || fail "a file for the frame that was lost"
    blames "${fault#* }"
    others_whole exr.on
done

# A movie: its other frames keep their numbers and bytes.
job run "$mov" '[]' "$exr_out"
clean
expect 0 "$wetgate" run run.json
mv OUT mov.exr
clean
expect 20 plant segv "$wetgate" run run.json --continue-on-error
blames "died by SIGSEGV"
others_whole mov.exr
clean
expect 10 plant segv "$wetgate" run run.json
grep -q "frame 1004, .*demo.mov: .*the decoder died by SIGSEGV" log || fail "the message: $(tail -n 1 log)"

# A substitute is a substitute whatever the frame was lost by.
clean
job run "$exr" '[]' "$exr_out" ', "on_bad_frame": "hold"'
expect 20 plant segv "$wetgate" run run.json
others_whole exr.on
"$wetgate" compare OUT/o.1004.exr exr.on/o.1003.exr --progress none >log || fail "hold is not the frame before"

expect 10 plant segv "$wetgate" probe 'demo/truth/demo.####.exr' --decode
grep -q "frame 1004: .*died by SIGSEGV" log && grep -q "5 of 6 frames decode" log || fail "probe: $(cat log)"

# While a decoder hangs: kill -9 of wetgate leaves no decoder, SIGTERM neither and within 5 s.
decoders() {  # of process group $1
    local status
    for status in /proc/[0-9]*/stat; do
        read -r -a fields 2>/dev/null <"$status" || continue
        [ "${fields[1]}" != "(wetgate-decoder)" ] || [ "${fields[4]}" != "$1" ] || [ "${fields[2]}" = Z ] || echo "${fields[0]}"
    done
}
clean
job run "$exr" '[]' "$exr_out"
for signal in KILL TERM; do
    clean
    setsid env LD_PRELOAD="$shim" PLANTED_FILE=demo.1004 PLANTED_FAULT=hang "$wetgate" run run.json >/dev/null 2>&1 &
    pid=$!
    for _ in $(seq 100); do [ -z "$(decoders $pid)" ] || [ ! -e OUT/o.1003.exr ] || break; sleep 0.1; done
    [ -n "$(decoders $pid)" ] || fail "no decoder of process group $pid"
    start=$(date +%s)
    kill -$signal $pid
    code=0
    wait $pid || code=$?
    [ "$code" = $((128 + $(kill -l $signal))) ] || fail "SIG$signal ended with $code"
    [ $(($(date +%s) - start)) -le 5 ] || fail "SIG$signal took longer than 5 s"
    for _ in $(seq 20); do [ -n "$(decoders $pid)" ] || break; sleep 0.1; done
    [ -z "$(decoders $pid)" ] || fail "SIG$signal left a decoder"
done
