"""wetgate's steps as layers of an outline of pyoutline, beside layers of other programs.

    import outline
    import outline.cuerun
    import wetgate_outline

    job = outline.Outline("ep101_fix", show="demo", shot="sh010")
    layers = wetgate_outline.add_layers(job, "/show/ep101.json", "--chunk", "24")
    layers["sh010.apply"].depend_all(render)          # a layer of another program
    outline.cuerun.launch(job, use_pycuerun=False)

Give the outline no frame range of its own: pyoutline would cut those of the layers by it. The steps, commands and needs
are those of `wetgate submit --to opencue`, whose options add_layers() takes. With use_pycuerun=False, Cuebot runs the
commands themselves; else this module must be in the PYTHONPATH of the farm's machines, too.
"""
import os
import shlex
import subprocess
import tempfile
from xml.etree import ElementTree

import outline
import outline.exception
import outline.layer


class Wetgate(outline.layer.Layer):
    """A step of a wetgate job. Its argument "command" is a list of one text: the command for a shell."""

    def __init__(self, name, **args):
        super().__init__(name, **args)
        self.require_arg("command")

    def _execute(self, frames):
        words = shlex.split(self.get_arg("command")[0])
        if "--frames" in words:
            words[words.index("--frames") + 1] = str(frames)
        code = subprocess.call(words)
        if code != 0:
            raise outline.exception.ShellCommandFailureException(
                "wetgate ended with %d: %s" % (code, self.get_arg("command")[0]), code if code > 0 else 128 - code)


def _arguments(layer, environment):
    """What pyoutline takes of a <layer> of the specification."""
    text = layer.findtext
    arguments = {
        "command": [text("cmd")],
        "range": text("range"),
        "chunk": int(text("chunk")),
        "overrideCores": True,  # pyoutline's word for: these, not those of the service
        "cores": float(text("cores")),
        "threadable": text("threadable") == "True",
        "memory": text("memory"),
        "service": text("services/service"),
        "env": environment,
    }
    for name, kind in (("gpus", int), ("gpu_memory", str), ("timeout", int)):
        if text(name) is not None:
            arguments[name] = kind(text(name))
    if text("tags") is not None:
        arguments["tags"] = text("tags").split(" | ")
    limits = [limit.text for limit in layer.findall("limits/limit")]
    if limits:
        arguments["limits"] = limits
    return arguments


def _specification(job, options, wetgate):
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([wetgate, "submit", job, "--to", "opencue", "--dry-run", "-o", folder, *options],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise outline.exception.OutlineException("wetgate does not submit %s:\n%s" % (job, done.stdout))
        return ElementTree.parse(os.path.join(folder, "spec.xml")).getroot()


def add_layers(target, job, *options, wetgate="wetgate"):
    """Adds the steps of the job file `job` to the outline `target`, each depending on those before it.

    `options` are further ones of `wetgate submit`. Returns the layers by name. Raises OutlineException with what
    wetgate said where it refuses the job.
    """
    specification = _specification(os.path.abspath(job), options, wetgate)
    environment = {key.get("name"): key.text or "" for key in specification.findall("job/env/key")}
    layers = {}
    for element in specification.findall("job/layers/layer"):
        layer = Wetgate(element.get("name"), **_arguments(element, dict(environment)))
        for output in element.findall("outputs/output"):
            layer.add_output(output.get("name"), output.text)
        target.add_layer(layer)
        layers[element.get("name")] = layer
    for depend in specification.findall("depends/depend"):
        layers[depend.findtext("deplayer")].depend_all(layers[depend.findtext("onlayer")])
    return layers
