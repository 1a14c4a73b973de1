"""scripts/opencue against stand-ins for OpenCue's Python packages: pyoutline's layers and pycue's launchSpecAndWait.

    outline_checks.py WETGATE JOB SPEC.xml SCRIPTS    SPEC.xml is what `wetgate submit --to opencue` wrote for JOB

The stand-ins have what pyoutline 1.x documents of Layer and Outline, and no more.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import types
from xml.etree import ElementTree

wetgate, job, spec, scripts = sys.argv[1:5]


class Layer:
    def __init__(self, name, **args):
        self.name, self.args, self.outputs, self.depends, self.required = name, args, {}, [], []

    def require_arg(self, key):
        self.required.append(key)

    def get_arg(self, key, default=None):
        return self.args.get(key, default)

    def add_output(self, name, path):
        assert name not in self.outputs, name
        self.outputs[name] = path

    def depend_all(self, on):
        self.depends.append(on.name)


class Outline:
    def __init__(self):
        self.layers = []

    def add_layer(self, layer):
        assert all(other.name != layer.name for other in self.layers), layer.name
        self.layers.append(layer)


class OutlineException(Exception):
    pass


class ShellCommandFailureException(OutlineException):
    def __init__(self, message, status):
        super().__init__(message)
        self.exit_status = status


for name in ("outline", "outline.exception", "outline.layer"):
    sys.modules[name] = types.ModuleType(name)
outline = sys.modules["outline"]
outline.layer, outline.exception = sys.modules["outline.layer"], sys.modules["outline.exception"]
outline.layer.Layer = Layer
outline.exception.OutlineException = OutlineException
outline.exception.ShellCommandFailureException = ShellCommandFailureException
sys.path.insert(0, scripts)
import wetgate_outline

options = ("--user", "artist", "--chunk", "5", "--env", "A=b c", "--tags", "general,linux")
target = Outline()
layers = wetgate_outline.add_layers(target, job, *options, wetgate=wetgate)

root = ElementTree.parse(spec).getroot()
wanted = root.findall("job/layers/layer")
assert [layer.name for layer in target.layers] == [layer.get("name") for layer in wanted]
for layer, element in zip(target.layers, wanted):
    # pyoutline writes cmd as " ".join(command), cores as %0.1f.
    assert " ".join(layer.args["command"]) == element.findtext("cmd"), layer.args["command"]
    assert "%0.1f" % layer.args["cores"] == element.findtext("cores")
    assert (layer.args["range"], str(layer.args["chunk"])) == (element.findtext("range"), element.findtext("chunk"))
    assert layer.args["memory"] == element.findtext("memory")
    assert " | ".join(layer.args["tags"]) == element.findtext("tags") == "general | linux"
    assert layer.args["env"] == {"A": "b c"}
    assert layer.outputs == {o.get("name"): o.text for o in element.findall("outputs/output")}
    assert layer.depends == [d.findtext("onlayer") for d in root.findall("depends/depend")
                             if d.findtext("deplayer") == layer.name]
    assert layer.required == ["command"]

# As pycuerun runs a chunk on a machine: every word arrives, frames in the place of the token, the code comes back.
with tempfile.TemporaryDirectory() as folder:
    witness = pathlib.Path(folder, "wit#IFRAME#ness $x")
    witness.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$0.words\"\nexit 33\n")
    witness.chmod(0o755)
    step = wetgate_outline.add_layers(Outline(), job, *options, "--wetgate", str(witness), wetgate=wetgate)[
        target.layers[0].name]
    try:
        step._execute("1001-1005")
        raise AssertionError("a failure that nobody sees")
    except ShellCommandFailureException as failure:
        assert failure.exit_status == 33
    words = pathlib.Path(f"{witness}.words").read_text().splitlines()
    assert words[:2] == ["run", os.path.abspath(job)], words
    assert words[words.index("--frames") + 1] == "1001-1005", words

try:
    wetgate_outline.add_layers(Outline(), job, "--user", "root", wetgate=wetgate)
    raise AssertionError("a refusal that nobody sees")
except OutlineException as refusal:
    assert "no jobs of root" in str(refusal), refusal

# The launcher, with a pycue that writes down what it is given, one that fails, and none.
with tempfile.TemporaryDirectory() as folder:
    package = pathlib.Path(folder, "opencue")
    package.mkdir()
    package.joinpath("__init__.py").write_text("from . import api\n")
    package.joinpath("api.py").write_text(
        "import os, pathlib, types\n"
        "class Job:\n"
        "    data = types.SimpleNamespace(name='demo-ep101-artist_fix')\n"
        "    def addComment(self, subject, message):\n"
        "        pathlib.Path(os.environ['WITNESS'] + '.comment').write_text(subject + ': ' + message)\n"
        "        if 'MUTE' in os.environ: raise RuntimeError('no comments today')\n"
        "class ConnectionException(Exception): pass\n"
        "def launchSpecAndWait(text):\n"
        "    if 'FAIL' in os.environ: raise RuntimeError('no such show')\n"
        "    if 'AWAY' in os.environ: raise ConnectionException('unavailable')\n"
        "    pathlib.Path(os.environ['WITNESS']).write_text(text)\n"
        "    return [Job()]\n")

    def launch(**environment):
        witness = os.path.join(folder, "witness")
        return subprocess.run([sys.executable, os.path.join(scripts, "wetgate-opencue"), spec, "--comment", "as asked"],
                              env={**os.environ, "WITNESS": witness, **environment}, capture_output=True, text=True)

    done = launch(PYTHONPATH=folder)
    assert (done.returncode, done.stdout) == (0, "demo-ep101-artist_fix\n"), done
    assert pathlib.Path(folder, "witness").read_text() == pathlib.Path(spec).read_text()
    assert pathlib.Path(folder, "witness.comment").read_text() == "wetgate: as asked"
    done = launch(PYTHONPATH=folder, FAIL="1")
    assert done.returncode == 2 and "no such show" in done.stderr, done
    done = launch(PYTHONPATH=folder, AWAY="1")
    assert done.returncode == 75 and "unavailable" in done.stderr, done
    done = launch(PYTHONPATH=folder, MUTE="1")  # it has the job: again would be twice
    assert done.returncode == 0 and "no comments today" in done.stderr, done
    package.joinpath("__init__.py").write_text("raise ImportError('gone')\n")
    done = launch(PYTHONPATH=folder)
    assert done.returncode == 2 and "is not there" in done.stderr, done
print("outline checks passed")
