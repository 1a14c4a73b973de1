#!/usr/bin/env bash
# Faults of disks, networks, limits and people, one after the other: each ends with the documented exit code and a clear last
# line, leaves no file under its name that is not the whole one, and the same command completes to the same bytes afterwards.
# Prints a table: fault | exit code | message | state after the re-run.
#   WETGATE_FAULTS=full   also SQLite's loop: the first call of each kind fails, the second, the third ... until the fault no
#                         longer fires, once and for ever (an hour or two)
#   WETGATE_FAULTS_STEP=N of that loop every N-th place only
. "$(dirname "$0")/support.sh"
shim=$WETGATE_BUILD/tests/e2e/libfault_shim.so
[ -e "$shim" ] || skip "tests/support/fault_shim.cpp is not built"
mounted=()
clean_up() {
    for place in ${mounted[@]+"${mounted[@]}"}; do umount "$place" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap clean_up EXIT
exec 3>&1
fail() { echo "FAILED: $*" >&3; exit 1; }  # also where stdout goes elsewhere

# Debian's numbers, as errno has them.
EIO=5 EAGAIN=11 ENOMEM=12 EACCES=13 EMFILE=24 ENOSPC=28 EROFS=30 ETIMEDOUT=110 ESTALE=116 EDQUOT=122

plates 3 96 64
many='{"path": "plates/p.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"}'
few='{"path": "demo/plates/demo.####.exr", "range": "1001-1003", "colorspace": "ACEScg", "rate": "24"}'
passes='[{"pass": "sanitize"}, {"pass": "deflicker"}]'
outputs='[{"name": "exr", "path": "OUT/o.####.exr", "type": "exr"},
          {"name": "mov", "path": "OUT/o.mov", "type": "prores", "profile": "422", "colorspace": "Rec.709"}]'

# golden NAME SOURCE: the job of this source becomes run.json; what it gives undisturbed is kept in golden.NAME
golden() {
    sources=$2
    job run "$2" "$passes" "$outputs"
    fresh
    expect 0 "$wetgate" run run.json
    rm -rf "golden.$1"
    mkdir "golden.$1"
    mv OUT run.work "golden.$1"
    result run.qc/report.json >"golden.$1/result.json"
    golden=golden.$1
}
fresh() { rm -rf OUT run.work run.qc fired; }

# Every file under a final name is the one that an undisturbed run writes.
whole_or_absent() {
    local others
    others=$({ [ ! -d OUT ] || diff -rq "$golden/OUT" OUT; [ ! -d run.work ] || diff -rq "$golden/run.work" run.work; } 2>&1 |
        grep -v -e "^Only in $golden" -e "^Only in .*: \..*\.part$" || true)
    [ -z "$others" ] || fail "$1: a file that is not the whole one: $others"
}

# completes NAME: the same command, undisturbed, gives the same bytes, and nothing is left lying about
completes() {
    expect 0 "$wetgate" run run.json
    diff -r "$golden/OUT" OUT >log || fail "$1: other bytes after the re-run: $(head -n 3 log)"
    result run.qc/report.json | diff "$golden/result.json" - >log || fail "$1: another report after the re-run: $(head -n 3 log)"
    [ -z "$(find . -name '*.part')" ] || fail "$1: temporary files are left: $(find . -name '*.part')"
}

row() { printf '%-52s | %4s | %-96.96s | %s\n' "$1" "$2" "$3" "$4"; }
message_of() { sed -n 's/^WETGATE-FAIL.* msg="\(.*\)"$/\1/p' "$1" | tail -n 1 | sed "s|$folder/||g"; }

# judge NAME CODES CODE: the code is one of CODES (a|b), the last line says so, no file is partial
judge() {
    local code=$3
    [[ "|$2|" == *"|$code|"* ]] || { tail -n 5 out err; fail "$1: exit $code instead of $2"; }
    if [ "$code" != 0 ] && [ "$code" -lt 128 ]; then
        [[ $(tail -n 1 out) == "WETGATE-FAIL class="*" code=$code "* ]] || fail "$1: the last line is '$(tail -n 1 out)'"
    fi
    whole_or_absent "$1"
}

# attempt NAME CODES COMMAND...: from nothing, with the fault; then again without it
attempt() {
    local name=$1 codes=$2 code=0
    shift 2
    fresh
    "$@" >out 2>err || code=$?
    judge "$name" "$codes" "$code"
    completes "$name"
    row "$name" "$code" "$(message_of out)" "same bytes"
}

# struck FAULT...: the run with calls that fail. Plates are read by wetgate itself: a decoder cannot write the mark that
# tells that a fault fired.
struck() {
    local fault=$1
    shift
    timeout 60 env WETGATE_FAULT="$fault" WETGATE_FAULT_FIRED="$folder/fired" LD_PRELOAD="$shim" "$wetgate" run run.json --io-retries 1 --isolate off "$@"
}
# fails NAME CODES FAULT
fails() {
    attempt "$1" "$2" struck "$3"
    [ -s fired ] || fail "$1: the fault did not fire"
}

row fault exit message "state after the re-run"
golden few "$few"

# Network file systems and disks: one fault is got over, one that stays is 75; a full disk is 11 at once.
fails "write, EIO once" 0 "call=write,path=/OUT/,errno=$EIO,nth=2"
fails "write, EIO for ever" 75 "call=write,path=/OUT/,errno=$EIO,nth=2,times=0"
fails "write, ENOSPC once" 11 "call=write,path=/OUT/,errno=$ENOSPC,nth=2"
fails "write of a record, EDQUOT for ever" 11 "call=write,path=/frames/,errno=$EDQUOT,nth=2,times=0"
fails "write of the movie, ENOSPC for ever" 11 "call=write,path=o.mov,errno=$ENOSPC,times=0"
fails "write of the report, ESTALE once" 0 "call=write,path=report.html,errno=$ESTALE"
fails "fsync, EIO for ever" 75 "call=fsync,path=/OUT/,errno=$EIO,times=0"
fails "fsync of the folder, ESTALE once" 0 "call=fsync,path=/OUT,errno=$ESTALE,nth=4"
fails "close, ESTALE once" 0 "call=close,path=/OUT/.o,errno=$ESTALE,nth=3"
fails "close, EDQUOT once" 11 "call=close,path=/OUT/.o,errno=$EDQUOT"
fails "close of a packet, ETIMEDOUT for ever" 75 "call=close,path=.prores,errno=$ETIMEDOUT,times=0"
fails "rename, ESTALE once" 0 "call=rename,path=/OUT/,errno=$ESTALE,nth=3"
fails "rename of the movie, ESTALE for ever" 75 "call=rename,path=o.mov,errno=$ESTALE,times=0"
fails "open of a temp, ENOSPC" 11 "call=open,path=/OUT/.o,errno=$ENOSPC,nth=2"
fails "mkdir, EROFS" 11 "call=mkdir,path=/OUT,errno=$EROFS,times=0"
fails "read of a plate, EIO once" 0 "call=read,path=/plates/,errno=$EIO,nth=3"
fails "read of a plate, ESTALE for ever" 75 "call=read,path=/plates/,errno=$ESTALE,nth=3,times=0"
attempt "read of a plate by a decoder, ESTALE for ever" 75 env WETGATE_FAULT="call=read,path=/plates/,errno=$ESTALE,nth=3,times=0" \
    LD_PRELOAD="$shim" "$wetgate" run run.json --io-retries 1
fails "open of a plate, EMFILE" "0|75" "call=open,path=/plates/,errno=$EMFILE,nth=2,times=0"
fails "stat of a plate, ESTALE for ever" 75 "call=stat,path=/plates/,errno=$ESTALE,nth=2,times=0"

# Kills at a call, and memory and threads that are refused.
for n in 150 350 550; do fails "kill -9 at call $n" 137 "call=any,path=$folder,signal=9,nth=$n"; done
fails "a large block of memory is refused" 14 "call=malloc,errno=$ENOMEM,nth=20,times=0"
fails "threads are refused from the start" 14 "call=thread,errno=$EAGAIN,nth=5,times=0"
fresh
WETGATE_FAULT="call=thread,errno=0,times=0" WETGATE_FAULT_FIRED=$folder/fired LD_PRELOAD=$shim expect 0 "$wetgate" run run.json --isolate off
threads=$(stat -c %s fired)
for n in $((threads - 1)) "$threads"; do fails "thread $n of $threads is refused" 14 "call=thread,errno=$EAGAIN,nth=$n"; done

# Limits.
limited() { (ulimit "$1" "$2" && exec timeout 60 "$wetgate" run run.json); }
attempt "RLIMIT_FSIZE, 8 KiB" 11 limited -f 8
attempt "RLIMIT_NOFILE, 12 descriptors" 75 limited -n 12
for mib in 300 750; do attempt "RLIMIT_AS, $mib MiB" "0|14" timeout 60 prlimit --as=$((mib << 20)) "$wetgate" run run.json; done

# What happens to stdout, stderr and the log loses no frame.
attempt "stdout and stderr are closed" 0 bash -c "exec '$wetgate' run run.json >&- 2>&-"
attempt "the reader of stdout goes away" 0 bash -c "set -o pipefail; '$wetgate' run run.json --progress json | head -c 1 >/dev/null"
attempt "stdout is full" 0 bash -c "exec '$wetgate' run run.json >/dev/full"
attempt "the log file is full" 0 "$wetgate" run run.json --log-json /dev/full
attempt "the log file cannot be opened" 11 "$wetgate" run run.json --log-json run.json/log.json
expect 11 bash -c "'$wetgate' plan run.json --json >/dev/full"
expect 0 bash -c "set -o pipefail; '$wetgate' plan run.json --json | true"

# A clock that jumps: the same bytes, and other machines' temps are judged by the file server's clock.
jumping() {
    mkdir -p OUT
    touch "OUT/.o.1001.exr.render12-0123abcd.77-1.0.part"
    touch -d '13 hours ago' "OUT/.o.1002.exr.render12-0123abcd.77-1.1.part"
    env WETGATE_FAULT_CLOCK=1 LD_PRELOAD="$shim" "$wetgate" run run.json || return
    [ -e OUT/.o.1001.exr.render12-0123abcd.77-1.0.part ] || fail "a clock that jumps took a living shard's temp"
    [ ! -e OUT/.o.1002.exr.render12-0123abcd.77-1.1.part ] || fail "an old temp of another host is left"
    rm OUT/.o.1001.exr.render12-0123abcd.77-1.0.part
}
attempt "the clock jumps by a year at every look" 0 jumping

# SIGTERM while a write hangs, as on a dead server, and while nobody reads stdout: out by that signal within 5 s.
terminated() {
    local code=0 tenths=0
    "$@" &
    local pid=$!
    sleep 2
    kill -TERM $pid
    while kill -0 $pid 2>/dev/null && [ $tenths -le 50 ]; do sleep 0.1; tenths=$((tenths + 1)); done
    [ $tenths -le 50 ] || { kill -9 $pid; fail "SIGTERM took longer than 5 s"; }
    wait $pid || code=$?
    [ -z "$(find . -name '*.part')" ] || fail "SIGTERM left temporary files"
    return $code
}
hung() { exec env WETGATE_FAULT="call=write,path=/OUT/,errno=0,delay_ms=60000,nth=2" LD_PRELOAD="$shim" "$wetgate" run run.json; }
attempt "SIGTERM while a write hangs" 143 terminated hung
mkfifo unread
unread() { exec "$wetgate" run run.json --progress json -v >unread; }
exec {keep_open}<>unread
dd if=/dev/zero of=unread bs=4096 count=64 oflag=nonblock 2>/dev/null || true  # full from the start
attempt "SIGTERM while nobody reads stdout" 143 terminated unread
exec {keep_open}>&-

# Plates that vanish, are cut short or replaced while the job runs, when the first frame gets its name.
mkdir plates other
for n in $(seq 1001 1012); do
    cp "demo/truth/demo.$((1001 + (n - 1001) % 3)).exr" "plates/p.$n.exr"
    cp "demo/plates/demo.$((1001 + (n - 1001) % 3)).exr" "other/p.$n.exr"
done
passes='[{"pass": "sanitize"}]'
golden many "$many"
# meanwhile NAME CODES COMMAND [RESTORE]: COMMAND runs as the first output gets its name
meanwhile() {
    local name=$1 codes=$2 code=0
    fresh
    env WETGATE_FAULT_COMMAND="cd '$folder' && $3" WETGATE_FAULT="call=rename,path=/OUT/" WETGATE_FAULT_FIRED="$folder/fired" LD_PRELOAD="$shim" \
        "$wetgate" run run.json --threads 1 --io-retries 1 --isolate off >out 2>err || code=$?
    [ -s fired ] || fail "$name: the fault did not fire"
    judge "$name" "$codes" "$code"
    ${4:-true}
    completes "$name"
    row "$name" "$code" "$(message_of out)" "${5:-same bytes}"
}
put_back() { cp -p other.kept/p.1012.exr plates/p.1012.exr; }
mkdir other.kept && cp -p plates/p.1012.exr other.kept/
meanwhile "a plate vanishes" 10 "rm plates/p.1012.exr" put_back
meanwhile "a plate is cut short" 10 "truncate -s 3000 plates/p.1012.exr" put_back
# One that was read before it was replaced, and one that was replaced before it was read: neither may count as done.
cp -a plates plates.kept
for n in 1001 1012; do
    cp other/p.$n.exr plates/p.$n.exr
    golden "other.$n" "$many"
    cp -p "plates.kept/p.$n.exr" plates/
    golden=golden.many
    name="plate $n is replaced while it is worked on"
    code=0
    fresh
    env WETGATE_FAULT_COMMAND="cd '$folder' && cp other/p.$n.exr plates/p.$n.exr" WETGATE_FAULT="call=rename,path=/OUT/" \
        LD_PRELOAD="$shim" "$wetgate" run run.json --threads 1 >out 2>err || code=$?
    [[ "|75|" == *"|$code|"* ]] || { cat out; fail "$name: exit $code instead of 75"; }
    [ ! -e run.work/s/frames/$n.json ] || fail "$name: it has a record"
    golden=golden.other.$n
    completes "$name"
    row "$name" "$code" "$(message_of out)" "the new plate's bytes"
    cp -p "plates.kept/p.$n.exr" plates/
done
passes='[{"pass": "sanitize"}, {"pass": "deflicker"}]'
golden few "$few"

# Real disks: full, out of inodes, read-only, not ours.
# on_disk NAME PLACE ROOM COMMAND...: COMMAND mounts the faulty disk at PLACE, ROOM makes it a good one
on_disk() {
    local name=$1 place=$2 room=$3 code=0
    shift 3
    fresh
    mkdir "$place"
    "$@" "$place" 2>/dev/null || { row "$name" - "skipped: cannot mount here" -; return 0; }
    mounted=("$folder/$place")
    "$wetgate" run run.json >out 2>err || code=$?
    judge "$name" 11 "$code"
    mount -o "$room" "$place"
    completes "$name"
    row "$name" "$code" "$(message_of out)" "same bytes"
    umount "$place"
    mounted=()
}
read_only() { mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"; }
disks() {
    [ "$(id -u)" = 0 ] || { row "full and read-only disks" - "skipped: needs root" -; return 0; }
    on_disk "a disk of 80 KiB" OUT remount,size=20m mount -t tmpfs -o size=80k tmpfs
    on_disk "a disk of 4 inodes" OUT remount,nr_inodes=1000 mount -t tmpfs -o nr_inodes=4 tmpfs
    on_disk "a disk of 60 KiB for the work folder" run.work remount,size=20m mount -t tmpfs -o size=60k tmpfs
    on_disk "a read-only file system" OUT remount,bind,rw read_only

    local code=0
    chmod 755 "$folder"
    local as_another="setpriv --reuid 65534 --regid 65534 --clear-groups"
    $as_another "$wetgate" passes list >/dev/null 2>&1 || { row "a folder of another user" - "skipped: the build cannot be read" -; return 0; }
    fresh
    mkdir OUT run.work run.qc
    chmod 777 run.work run.qc
    $as_another "$wetgate" run run.json >out 2>err || code=$?
    judge "a folder of another user" 11 "$code"
    completes "a folder of another user"
    row "a folder of another user" "$code" "$(message_of out)" "same bytes"
}
disks

[ "${WETGATE_FAULTS:-}" = full ] || exit 0

# every NAME CALL FIELDS CODES [STEP]: FIELDS (errno=.., times=..) at the first, second, third ... CALL until it no longer fires
every() {
    local name=$1 call=$2 fields=$3 codes=$4 step=$((${5:-1} * ${WETGATE_FAULTS_STEP:-1})) n=1 places=0 code
    local -A seen=()
    while :; do
        fresh
        code=0
        timeout 60 env WETGATE_FAULT="call=$call,$fields,nth=$n" WETGATE_FAULT_FIRED="$folder/fired" LD_PRELOAD="$shim" \
            "$wetgate" run run.json --io-retries 1 --isolate off >out 2>err || code=$?
        [ -s fired ] || break
        judge "$name at $n" "$codes" "$code"
        [ "$code" = 0 ] || completes "$name at $n"
        [ "$code" != 0 ] || diff -r "$golden/OUT" OUT >log || fail "$name at $n: exit 0 and other bytes"
        seen[$code]=$((${seen[$code]:-0} + 1))
        places=$((places + 1))
        n=$((n + step))
    done
    local counts=""
    for code in "${!seen[@]}"; do counts+="${seen[$code]} x $code, "; done
    row "$name" "" "$places places of about $n: ${counts%, }" "same bytes"
}
here_files="path=$folder"
every "any call, ESTALE once" any "$here_files,errno=$ESTALE" 0
every "any call, EIO for ever" any "$here_files,errno=$EIO,times=0" "0|75" 4
for call in open write fsync close rename mkdir; do
    case $call in rename | mkdir) place=$here_files ;; *) place=path=.part ;; esac  # those see the final name
    every "$call, ENOSPC once" $call "$place,errno=$ENOSPC" "0|11"
    every "$call, ENOSPC for ever" $call "$place,errno=$ENOSPC,times=0" "0|11" 4
done
every "any call, kill -9" any "$here_files,signal=9" 137 4
every "large blocks of memory, once" malloc "errno=$ENOMEM" "0|14"
