#!/usr/bin/env bash
# scripts/ci-reprocess: the first run makes all, the second nothing; a touched plate, a changed parameter, a new and a
# deleted plate cost what depends on them.
. "$(dirname "$0")/support.sh"
plates 14 192 108
export WETGATE=$wetgate
mkdir -p plates/sh010 plates/day2/sh020 templates
for n in 1 2 3 4 5 6 7; do
    cp "demo/plates/demo.100$n.exr" "plates/sh010/sh010.100$n.exr"
    cp "demo/plates/demo.$((1007 + n)).exr" "plates/day2/sh020/sh020.$((1007 + n)).exr"
done
cp "$here/jobs/ci/dailies.json" templates/
reprocess() { "$here/scripts/ci-reprocess" plates templates/dailies.json -o out --junit ci/junit.xml "$@"; }

# says SHOT FRAMES MADE REUSED: the shot's line of the table
says() { grep -qE "^$1 +$2 +$3 +$4 +0 +0 " log || fail "no line '$1 $2 $3 $4': $(cat log)"; }

expect 0 reprocess
says day2_sh020 1008-1014 7 0
says sh010 1001-1007 7 0
[ -s out/sh010_v001.mov ] && [ -s out/day2_sh020/day2_sh020_v001.1014.exr ] || fail "outputs: $(find out -type f)"
python3 - <<'PY' || fail "junit.xml"
import xml.etree.ElementTree as xml
root = xml.parse('ci/junit.xml').getroot()
suites = {s.get('name'): s for s in root}
assert {'sh010', 'day2_sh020', 'ci-reprocess'} <= set(suites), suites
assert [c.get('name') for c in suites['ci-reprocess']] == ['day2_sh020', 'sh010'], xml.tostring(suites['ci-reprocess'])
assert int(root.get('tests')) == sum(int(s.get('tests')) for s in root)
PY
result out/qc/report.json >first.json
(cd out && find . -name '*.exr' -o -name '*.mov' | sort | xargs sha256sum) >first.sums

expect 0 reprocess -n 2
says day2_sh020 1008-1014 0 7
says sh010 1001-1007 0 7
result out/qc/report.json >again.json
cmp first.json again.json || fail "the report of a run that made nothing differs"

# A plate with a new time but the same light: what looks at it (dust reads two frames around) is made again, to the same bytes.
touch -d '2020-02-02' plates/sh010/sh010.1002.exr
expect 0 reprocess
says day2_sh020 1008-1014 0 7
says sh010 1001-1007 4 3
(cd out && find . -name '*.exr' -o -name '*.mov' | sort | xargs sha256sum) >touched.sums
cmp first.sums touched.sums || fail "a touched plate changed bytes"

# A parameter of the template: all of it.
sed -i 's/"limit_stops": 0.5/"limit_stops": 0.25/' templates/dailies.json
expect 0 reprocess
says day2_sh020 1008-1014 7 0
says sh010 1001-1007 7 0

# A new plate is picked up; one that went is named and what was made of it stays; so with frames.
cp demo/plates/demo.mov plates/late.mov
mv plates/day2 gone
rm plates/sh010/sh010.1007.exr
sed -i 's/"colorspace": "ACEScg", "rate"/"colorspace": "Rec.709", "rate"/' templates/dailies.json
code=0
reprocess --use movies >log 2>&1 || code=$?
[ $code = 0 ] || [ $code = 15 ] || { cat log; fail "exit $code"; }
says late 1001-1014 14 0
grep -q '^day2_sh020: its plates are not there any more' log || fail "a deleted plate: $(cat log)"
[ -e out/day2_sh020/day2_sh020_v001.1014.exr ] || fail "outputs of a deleted plate were taken away"
grep -q '<skipped message="its plates' ci/junit.xml || fail "a deleted plate in junit.xml: $(cat ci/junit.xml)"
sed -i 's/"colorspace": "Rec.709", "rate"/"colorspace": "ACEScg", "rate"/' templates/dailies.json
rm plates/late.mov

# Frames that went; media of one name; a plate that cannot be read: the rest is made, and each is said.
head -c 300 demo/plates/demo.mov >plates/broken.mov
head -c 2000 demo/plates/demo.1003.exr >plates/sh010/sh010.1003.exr
mkdir plates/twice && cp plates/sh010/sh010.1001.exr plates/twice/twice.1.exr && cp demo/plates/demo.mov plates/twice/twice.mov
code=0
reprocess >log 2>&1 || code=$?
[ $code = 20 ] || { cat log; fail "exit $code instead of 20"; }
for words in '^sh010: frames 1007 were made of plates that are not there any more' '^broken: is no shot: ' \
    '^twice: is no shot: .* would both be the shot twice: rename one' '^sh010 +1001-1006 +[0-9]+ +[0-9]+ +[1-5] '; do
    grep -qE "$words" log || fail "no '$words': $(cat log)"
done

# Nothing there: said, nothing done; outputs among the plates are refused.
mkdir none
expect 10 "$here/scripts/ci-reprocess" none templates/dailies.json -o empty
grep -q 'no plates under none' log || fail "no plates: $(cat log)"
expect 2 "$here/scripts/ci-reprocess" plates templates/dailies.json -o plates/out
expect 10 "$here/scripts/ci-reprocess" plates templates/none.json -o out
