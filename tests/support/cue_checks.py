"""What Cuebot and RQD do with an OpenCue job specification, as far as a test can do it.

    cue_checks.py rules SPEC.xml           the rules that Cuebot's parser and database have for it
    cue_checks.py run SPEC.xml [LAYER...]  runs the layers in the order of their dependencies, chunk by chunk, by sh

Read in cjsl-1.15.dtd, JobSpec.java, FrameSet.java, DispatchSupportService.java, the database's columns and rqcore.py of
OpenCue; written anew here. $WETGATE_CJSL_DTD may name the DTD itself: then xmllint checks against it, too.
"""
import os
import re
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

order = {
    "spec": ["facility", "dept", "show", "shot", "user", "email", "uid", "job", "depends"],
    "job": ["paused", "priority", "maxretries", "maxcores", "maxgpus", "autoeat", "localbook", "os", "env", "layers"],
    "layer": ["cmd", "range", "chunk", "cores", "threadable", "memory", "gpus", "gpu", "gpu_memory", "timeout",
              "timeout_llu", "tags", "limits", "env", "services", "outputs"],
    "layers": ["layer"], "limits": ["limit"], "services": ["service"], "outputs": ["output"], "env": ["key"],
    "depends": ["depend"], "depend": ["depjob", "deplayer", "depframe", "onjob", "onlayer", "onframe"],
}
needed = {"spec": ["show", "shot", "user", "job", "depends"], "job": ["layers"], "layers": ["layer"],
          "layer": ["cmd", "range", "chunk"], "depend": ["depjob", "onjob"]}
many = {"layer", "limit", "service", "output", "key", "depend"}
attributes = {"job": ["name"], "layer": ["name", "type"], "output": ["name"], "key": ["name"], "depend": ["type", "anyframe"]}
tokens = re.compile("#(ZFRAME|IFRAME|FRAME_START|FRAME_END|FRAME_CHUNK|LAYER|JOB|FRAMESPEC|FRAME)#")


def check_structure(element):
    tag = element.tag
    names = [child.tag for child in element]
    places = [order[tag].index(name) for name in names] if tag in order else []
    assert tag in order or not names, f"<{tag}> holds {names}"
    assert places == sorted(places), f"<{tag}> has its parts in another order: {names}"
    for name in set(names) - many:
        assert names.count(name) == 1, f"<{tag}> has {names.count(name)} <{name}>"
    for name in needed.get(tag, []):
        assert name in names, f"<{tag}> has no <{name}>"
    assert sorted(element.attrib) == sorted(attributes.get(tag, [])), f"<{tag}> {element.attrib}"
    for value in element.attrib.values():
        assert re.fullmatch(r"[\w.:-]+", value), f"{value!r} is no NMTOKEN"
    assert tag not in order or not (element.text or "").strip(), f"text in <{tag}>"
    for child in element:
        check_structure(child)


def conformed(name):
    name = re.sub("_{2,}", "_", name.lower()).replace("-", "_")
    assert re.fullmatch(r"[a-z0-9_.]{3,}", name), f"Cuebot refuses the name {name!r}"
    return name


def frames_of(text):
    first, _, last = text.partition("-")
    assert first.isdigit() and (last or first).isdigit(), f"range {text!r}"  # so: none below 0
    return range(int(first), int(last or first) + 1)


def check_rules(root):
    text = root.findtext
    assert text("user") not in ("", "root"), "Cannot launch jobs as root."
    assert text("show"), "no show"
    job = root.find("job")
    suffix = conformed(job.get("name"))
    assert len("-".join((text("show"), conformed(text("shot")), text("user"))) + "_" + suffix) <= 255
    layers = job.findall("layers/layer")
    names = [conformed(layer.get("name")) for layer in layers]
    assert len(set(names)) == len(names) <= 1000, names
    tasks = 0
    for layer in layers:
        command = layer.findtext("cmd")
        assert len(command) <= 4000 and command == command.strip() and "\n" not in command and "`" not in command
        assert all(match.group() == "#FRAMESPEC#" for match in tokens.finditer(command)), f"tokens in {command}"
        chunk, size = int(layer.findtext("chunk")), len(frames_of(layer.findtext("range")))
        assert 1 <= chunk <= size, f"chunk {chunk} of {size} frames"
        tasks += -(-size // chunk)
        assert re.fullmatch(r"\d+\.\d", layer.findtext("cores")), "cores without a point are hundredths"
        if float(layer.findtext("cores")) > 1:
            assert layer.findtext("threadable") == "True", "Cuebot gives one core to what is not threadable"
        for name in ("memory", "gpu_memory"):
            assert layer.find(name) is None or re.fullmatch(r"[1-9]\d*m", layer.findtext(name)), name
        assert (layer.find("gpus") is None) == (layer.find("gpu_memory") is None)
        for tag in (layer.findtext("tags") or "general").replace(" ", "").split("|"):
            assert re.fullmatch(r"[\w.]{3,}", tag), tag
        assert layer.findtext("services/service") == "default"
        for output in layer.findall("outputs/output"):
            assert len(output.text) <= 2048
    assert tasks <= 100_000
    for key in job.findall("env/key"):
        value = key.text or ""
        assert value == value.strip() and len(value) <= 2048
    for depend in root.findall("depends/depend"):
        assert depend.get("type") == "LAYER_ON_LAYER" and depend.get("anyframe") == "False"
        assert conformed(depend.findtext("depjob")) == conformed(depend.findtext("onjob")) == suffix
        here, before = conformed(depend.findtext("deplayer")), conformed(depend.findtext("onlayer"))
        assert names.index(before) < names.index(here)


def run(root, only):
    environment = {key.get("name"): key.text or "" for key in root.findall("job/env/key")}
    waits = {}
    for depend in root.findall("depends/depend"):
        waits.setdefault(depend.findtext("deplayer"), set()).add(depend.findtext("onlayer"))
    done = set()
    for layer in root.findall("job/layers/layer"):
        name, command = layer.get("name"), layer.findtext("cmd")
        if only and name not in only:
            continue
        assert only or waits.get(name, set()) <= done, f"{name} before {waits[name]}"
        frames, chunk = frames_of(layer.findtext("range")), int(layer.findtext("chunk"))
        for first in frames[::chunk]:
            last = min(first + chunk - 1, frames[-1])
            span = str(first) if first == last else f"{first}-{last}"
            words = {"ZFRAME": f"{first:04}", "IFRAME": first, "FRAME_START": first, "FRAME_END": last, "LAYER": name,
                     "FRAME_CHUNK": chunk, "JOB": "the_job", "FRAMESPEC": span, "FRAME": f"{first:04}-{name}"}
            with tempfile.NamedTemporaryFile("w", suffix=".cmd", delete=False) as script:
                script.write(tokens.sub(lambda match: str(words[match.group(1)]), command))
            cores = int(float(layer.findtext("cores")))
            code = subprocess.call(["sh", script.name], stdin=subprocess.DEVNULL, cwd=tempfile.gettempdir(),
                                   env={**os.environ, **environment, "CUE_THREADS": str(cores), "CUE3": "1",
                                        "CUE_RANGE": layer.findtext("range"), "CUE_LAYER": name})
            os.unlink(script.name)
            if code != 0:
                sys.exit(f"{name} {span} ended with {code}")
        done.add(name)


def main():
    mode, spec = sys.argv[1:3]
    root = ElementTree.parse(spec).getroot()
    if mode == "run":
        run(root, sys.argv[3:])
        return
    head = open(spec, encoding="utf-8").read(400)
    assert '"http://localhost:8080/spcue/dtd/cjsl-1.15.dtd"' in head, head
    check_structure(root)
    check_rules(root)
    dtd = os.environ.get("WETGATE_CJSL_DTD")
    if dtd:
        subprocess.run(["xmllint", "--nonet", "--noout", "--dtdvalid", dtd, spec], check=True)
    print(f"{spec}: {'valid against ' + dtd if dtd else 'no DTD at hand'}, rules passed")


main()
