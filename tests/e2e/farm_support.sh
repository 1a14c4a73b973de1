# Sourced by the cases of farms, after support.sh: a job of two shots, and what one run of it gives.
plates 12 192 108

# "a" (1001-1012) has a pass that looks at the whole shot and a movie, "b" (-3 to 8) neither and starts below 0.
farm_shots='{"name": "a", "source": {"path": "PLATES/plates/demo.####.exr", "range": "1001-1012", "colorspace": "ACEScg", "rate": "24"},
   "passes": [{"pass": "sanitize"}, {"pass": "deflicker"}],
   "outputs": [{"name": "exr", "path": "OUT/a.####.exr", "type": "exr"},
               {"name": "mov", "path": "OUT/a.mov", "type": "prores", "profile": "422hq", "colorspace": "Rec.709"}]},
  {"name": "b", "source": {"path": "PLATES/plates/demo.mov", "first_frame": -3, "colorspace": "Rec.709"},
   "passes": [{"pass": "sanitize"}], "outputs": [{"name": "exr", "path": "OUT/b.####.exr", "type": "exr"}]}'

# farm_job FILE: that job, in a folder that may have any name
farm_job() {
    mkdir -p "$(dirname "$1")"
    cat >"$1" <<JOB
{"schema": "wetgate.job/1", "name": "farm", "show": "test", "work": "work", "shots": [${farm_shots//PLATES/$folder/demo}], "qc": {"report": "qc"}}
JOB
}

# whole_run: one run of it, in ./whole
whole_run() {
    farm_job whole/farm.json
    expect 0 "$wetgate" run whole/farm.json
    result whole/qc/report.json >whole/OUT/result.json
}

# same_as_whole FOLDER: what a farm made in it
same_as_whole() {
    result "$1/qc/report.json" >"$1/OUT/result.json"
    same_tree whole/OUT "$1/OUT"
}
