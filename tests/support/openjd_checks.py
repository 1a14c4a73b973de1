"""An OpenJD job template against the rules of its specification, and its tasks run as a session runs them.

    openjd_checks.py check TEMPLATE VALUES            every rule; then the same of templates with one fault each
    openjd_checks.py run TEMPLATE VALUES FROM TO      all tasks in order, with FROM mapped to TO on "the worker"
    openjd_checks.py cancel TEMPLATE VALUES FROM TO   the first task of the first step, with SIGTERM when it is at work

The rules are those of openjd-specifications, "2023-09 Template Schemas" (section numbers below) and RFC 0001; written
anew here. VALUES is parameters.json.
"""
import copy
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time


class Fault(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Fault(what)


control = re.compile("[\x00-\x1f\x7f-\x9f]")
identifier = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
capability = re.compile(r"([a-z_][a-z0-9_]*:)?(amount|attr)(\.[a-z_][a-z0-9_]*)+")
standard = {"amount.worker.vcpu", "amount.worker.memory", "amount.worker.gpu", "amount.worker.gpu.memory",
            "amount.worker.disk.scratch", "attr.worker.os.family", "attr.worker.cpu.arch"}


def keys(where, thing, required, optional=()):
    need(isinstance(thing, dict), f"{where} is no object")
    need(not set(required) - set(thing), f"{where} lacks {set(required) - set(thing)}")
    need(not set(thing) - set(required) - set(optional), f"{where} has {set(thing) - set(required) - set(optional)}")


def text(where, value, least, most, pattern=None):
    need(isinstance(value, str) and least <= len(value) <= most, f"{where}: {str(value)[:60]!r} in length or kind")
    need(pattern is None or not pattern.search(value), f"{where}: {value[:60]!r} holds a letter that it may not")


def listing(where, value, least, most):
    need(isinstance(value, list) and least <= len(value) <= most, f"{where} is no list of {least} to {most}")


def unique(where, names):
    need(len(set(names)) == len(names), f"{where}: names twice")


def references(where, value, scope):  # 7.3
    """What the format string refers to; each must be in `scope`."""
    found, at = [], 0
    while True:
        begin, end = value.find("{{", at), value.find("}}", at)
        if begin < 0 and end < 0:
            return found
        need(0 <= begin < end, f"{where}: braces of {value[:60]!r}")
        name = value[begin + 2:end].strip()
        need(name in scope, f"{where}: {name} is not known here")
        found.append(name)
        at = end + 2


def integers(where, expression):  # 3.4.1.1.1
    need(isinstance(expression, str), f"{where} is no text")
    seen = []
    for part in expression.split(","):
        match = re.fullmatch(r"[ \t]*(-?\d+)(?:[ \t]*-[ \t]*(-?\d+)(?::(-?\d+))?)?[ \t]*", part)
        need(match, f"{where}: {part!r} is no range")
        first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
        need(step != 0 and (last - first) * step >= 0, f"{where}: {part!r} runs the other way")
        values = set(range(first, last + (1 if step > 0 else -1), step))
        need(all(max(values) < min(s) or min(values) > max(s) for s in seen), f"{where}: {expression!r} overlaps")
        seen.append(values)
    values = sorted(set().union(*seen))
    need(len(values) <= 1024, f"{where}: {len(values)} values")  # openjd-model; the specification has it for lists
    return values


def check_parameters(definitions):  # 2
    listing("parameterDefinitions", definitions, 1, 50)
    for one in definitions:
        need(isinstance(one.get("type"), str), "a parameter without a type")
        name = one.get("name", "")
        need(isinstance(name, str) and identifier.fullmatch(name), f"parameter {name!r}")
        if one["type"] == "PATH":
            keys(name, one, ("name", "type"), ("description", "default", "objectType", "dataFlow"))
            need(one.get("objectType", "FILE") in ("FILE", "DIRECTORY"), f"{name}: objectType")
            need(one.get("dataFlow", "IN") in ("NONE", "IN", "OUT", "INOUT"), f"{name}: dataFlow")
            # openjd-model: a default stays inside of the template's folder.
            need(not one.get("default", "").startswith(("/", "..")), f"{name}: an absolute default")
        else:
            need(one["type"] == "STRING", f"{name}: type {one['type']}")
            keys(name, one, ("name", "type"), ("description", "default", "userInterface"))
            keys(name, one.get("userInterface", {}), (), ("control",))
        if "default" in one:
            text(name, one["default"], 0, 1024)
        text(name, one.get("description", "-"), 1, 2048, re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"))
    unique("parameterDefinitions", [one["name"] for one in definitions])


def check_host(where, requirements):  # 3.3
    keys(where, requirements, (), ("amounts", "attributes"))
    need(requirements, f"{where} is empty")
    need(sum(len(part) for part in requirements.values()) <= 50, f"{where} has more than 50")
    for kind, prefix in (("amounts", "amount"), ("attributes", "attr")):
        listing(f"{where} {kind}", requirements.get(kind, [{}]), 1, 50)
        unique(f"{where} {kind}", [one["name"].lower() for one in requirements.get(kind, [])])
        for one in requirements.get(kind, []):
            name = one["name"].lower()
            match = capability.fullmatch(name)
            need(match and match[2] == prefix and len(name) <= 100, f"{where}: {name}")
            need(name in standard or name.split(".")[1] not in ("worker", "job", "step", "task"), f"{where}: {name}")
    for one in requirements.get("amounts", []):
        keys(where, one, ("name",), ("min", "max"))
        least = one.get("min", 0)
        need(isinstance(least, (int, float)) and not isinstance(least, bool) and least >= 0, f"{where}: min {least}")
        need("min" in one or "max" in one, f"{where}: an amount without min and max")
    for one in requirements.get("attributes", []):
        keys(where, one, ("name",), ("anyOf", "allOf"))
        listing(where, one.get("anyOf", one.get("allOf")), 1, 50)
        for value in one.get("anyOf", []) + one.get("allOf", []):
            need(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,99}", value), f"{where}: {value}")
            if one["name"] == "attr.worker.os.family":
                need(value in ("linux", "windows", "macos"), f"{where}: {value}")


def tasks_of(where, space, extensions):  # 3.4
    """The values of each task, as the session sees them."""
    keys(where, space, ("taskParameterDefinitions",), ("combination",))
    listing(where, space["taskParameterDefinitions"], 1, 16)
    ranges, chunked = {}, None
    for one in space["taskParameterDefinitions"]:
        name = one.get("name", "")
        need(identifier.fullmatch(name) and name not in ranges, f"{where}: parameter {name!r}")
        if one.get("type") == "CHUNK[INT]":  # RFC 0001
            keys(f"{where} {name}", one, ("name", "type", "range", "chunks"))
            keys(f"{where} {name}", one["chunks"], ("defaultTaskCount", "rangeConstraint"), ("targetRuntimeSeconds",))
            need("TASK_CHUNKING" in extensions, f"{where}: CHUNK[INT] without the extension")
            need(chunked is None, f"{where}: two chunked parameters")
            need(one["chunks"]["rangeConstraint"] in ("CONTIGUOUS", "NONCONTIGUOUS"), f"{where}: rangeConstraint")
            count = one["chunks"]["defaultTaskCount"]
            need(isinstance(count, int) and count >= 1, f"{where}: defaultTaskCount")
            chunked = name
            values = integers(f"{where} {name}", one["range"])
            pieces = -(-len(values) // count)  # evened out, not filled
            ends = [round(i * len(values) / pieces) for i in range(pieces + 1)]
            ranges[name] = [f"{values[a]}-{values[b - 1]}" for a, b in zip(ends, ends[1:])]
        else:
            keys(f"{where} {name}", one, ("name", "type", "range"))
            need(one["type"] == "INT", f"{where} {name}: type {one['type']}")
            ranges[name] = [str(value) for value in integers(f"{where} {name}", one["range"])]
    combination = space.get("combination")
    if combination is None:
        need(len(ranges) == 1, f"{where}: this check multiplies nothing")
        (name, values), = ranges.items()
        return [{name: value} for value in values]
    need(re.fullmatch(r"[A-Za-z0-9_*(), ]{1,1280}", combination), f"{where}: combination {combination!r}")
    names = [name.strip() for name in combination.strip().removeprefix("(").removesuffix(")").split(",")]
    need(sorted(names) == sorted(ranges), f"{where}: {combination!r} is not of all parameters, once each")
    need(chunked is None, f"{where}: a chunked parameter cannot be zipped")
    need(len({len(ranges[name]) for name in names}) == 1, f"{where}: zipped parameters of different length")
    return [dict(zip(names, values)) for values in zip(*(ranges[name] for name in names))]


def check(template):
    """Every rule. Returns what each step runs: (step, values of its tasks)."""
    keys("the template", template, ("specificationVersion", "name", "steps"),
         ("$schema", "extensions", "description", "parameterDefinitions", "jobEnvironments"))
    need(template["specificationVersion"] == "jobtemplate-2023-09", "specificationVersion")
    extensions = template.get("extensions", [])
    need("extensions" not in template or extensions == ["TASK_CHUNKING"], f"extensions {extensions}")
    text("name", template["name"], 1, 128, control)
    text("description", template.get("description", "-"), 1, 2048,
         re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"))
    check_parameters(template["parameterDefinitions"])
    names = [one["name"] for one in template["parameterDefinitions"]]
    paths = [one["name"] for one in template["parameterDefinitions"] if one["type"] == "PATH"]
    raw = {f"RawParam.{name}" for name in names}
    references("name", template["name"], raw | {f"Param.{name}" for name in names if name not in paths})
    host = raw | {f"Param.{name}" for name in names} | {
        "Session.WorkingDirectory", "Session.HasPathMappingRules", "Session.PathMappingRulesFile"}
    for environment in template.get("jobEnvironments", []):  # 4
        keys("an environment", environment, ("name", "variables"))
        text("an environment's name", environment["name"], 1, 64, control)
        for name, value in environment["variables"].items():
            need(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,255}", name), f"variable {name!r}")
            text(f"variable {name}", value, 0, 2048)
            references(f"variable {name}", value, host)
    listing("steps", template["steps"], 1, 10 ** 6)
    runs, before = [], set()
    for step in template["steps"]:
        name = step.get("name", "")
        keys(f"step {name}", step, ("name", "script"),
             ("description", "dependencies", "hostRequirements", "parameterSpace"))
        text("a step's name", name, 1, 64, control)
        listing(f"{name}: dependencies", step.get("dependencies", [{}]), 1, 10 ** 6)
        depends = [one["dependsOn"] for one in step.get("dependencies", [])]
        unique(f"{name}: dependencies", depends)
        need(set(depends) <= before, f"{name} depends on {set(depends) - before}, which is not before it")
        need(name not in before, f"step {name} twice")
        before.add(name)
        check_host(f"{name}: hostRequirements", step.get("hostRequirements", {"amounts": [
            {"name": "amount.worker.vcpu", "min": 1}]}))
        tasks = tasks_of(name, step["parameterSpace"], extensions) if "parameterSpace" in step else [{}]
        keys(f"{name}: script", step["script"], ("actions",))
        keys(f"{name}: actions", step["script"]["actions"], ("onRun",))
        action = step["script"]["actions"]["onRun"]  # 5
        keys(f"{name}: onRun", action, ("command",), ("args", "timeout", "cancelation"))
        scope = host | {f"Task.{kind}.{key}" for kind in ("Param", "RawParam") for key in tasks[0]}
        listing(f"{name}: args", action.get("args", [""]), 1, 10 ** 6)
        for word in [action["command"]] + action.get("args", []):
            text(f"{name}: a word", word, 0, 10 ** 9, control)
            references(f"{name}: a word", word, scope)
        need(action["command"] != "", f"{name}: command")
        timeout = action.get("timeout", 1)
        need(isinstance(timeout, int) and timeout > 0, f"{name}: timeout {timeout!r}")
        cancel = action.get("cancelation", {"mode": "TERMINATE"})
        keys(f"{name}: cancelation", cancel, ("mode",), ("notifyPeriodInSeconds",))
        need(cancel["mode"] == "NOTIFY_THEN_TERMINATE", f"{name}: a cancel would kill at once")
        need(1 <= cancel.get("notifyPeriodInSeconds", 120) <= 600, f"{name}: notifyPeriodInSeconds")
        runs.append((step, tasks))
    return runs


def check_values(template, values):
    for one in template["parameterDefinitions"]:
        need(one["name"] in values or "default" in one, f"{one['name']} has no value")
        text(one["name"], values.get(one["name"], ""), 0, 1024)
        if one["type"] == "PATH":
            need(values[one["name"]].startswith("/"), f"{one['name']} is not absolute")
    need(set(values) <= {one["name"] for one in template["parameterDefinitions"]}, "values without a parameter")


# --- a session ---------------------------------------------------------------------------------------------------------

class Session:
    def __init__(self, template, values, source, destination):
        self.folder = tempfile.mkdtemp(prefix="session-")
        self.rules = os.path.join(self.folder, "path mapping.json")
        rules = [{"source_path_format": "POSIX", "source_path": source, "destination_path": destination}]
        with open(self.rules, "w", encoding="utf-8") as file:  # "the contents are the empty object" without rules
            json.dump({"version": "pathmapping-1.0", "path_mapping_rules": rules} if source != destination else {}, file)
        self.symbols = {"Session.PathMappingRulesFile": self.rules, "Session.WorkingDirectory": self.folder}
        for one in template["parameterDefinitions"]:
            value = values.get(one["name"], one.get("default"))
            self.symbols["RawParam." + one["name"]] = value
            if one["type"] == "PATH" and (value == source or value.startswith(source + "/")):
                value = destination + value[len(source):]
            self.symbols["Param." + one["name"]] = value
        self.environment = {}
        for environment in template.get("jobEnvironments", []):
            for name, value in environment["variables"].items():
                self.environment[name] = self.resolved(value, {})

    def resolved(self, value, task):
        symbols = {**self.symbols, **{f"Task.Param.{name}": one for name, one in task.items()}}
        return re.sub(r"\{\{\s*([\w.]+)\s*\}\}", lambda match: symbols[match[1]], value)

    def start(self, step, task):
        action = step["script"]["actions"]["onRun"]
        words = [self.resolved(word, task) for word in [action["command"]] + action.get("args", [])]
        environment = {"PATH": os.environ["PATH"], **self.environment}  # no HOME
        return subprocess.Popen(words, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def messages(output, code):
    """What the session makes of the lines of an action. Faults are near-misses and what must not be there."""
    progress, failures = [], []
    for line in output.decode("utf-8").split("\n"):
        need(not re.match(r"openjd_(env|unset_env|redacted_env|session_runtime_loglevel)", line), f"{line!r} in a task")
        match = re.match(r"openjd_(progress|status|fail): (.+)$", line)
        need(match or "openjd_" not in line.split("/")[0], f"a message that is none: {line!r}")
        need(len(line) < 65536 and "\r" not in line, f"{line[:60]!r}")
        if match and match[1] == "progress":
            progress.append(float(match[2]))
        if match and match[1] == "fail":
            failures.append(match[2])
    need(all(0 <= value <= 100 for value in progress) and progress == sorted(progress), f"progress {progress}")
    need(len(failures) == (1 if code > 0 else 0), f"ended with {code} and said openjd_fail {len(failures)} times")
    return progress


def run(session, runs):
    for step, tasks in runs:
        for task in tasks:
            process = session.start(step, task)
            output, _ = process.communicate()
            progress = messages(output, process.returncode)
            if process.returncode != 0:
                sys.exit(f"{step['name']} {task} ended with {process.returncode}\n{output.decode()}")
            need(step["name"].split(".")[1:2] != ["apply"] or progress[-1:] == [100.0], f"{step['name']}: {progress}")


def cancel(session, runs):
    step, tasks = runs[0]
    process = session.start(step, tasks[0])
    seen = b""
    while b"openjd_progress" not in seen and process.poll() is None:
        seen += process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)  # "a process may receive more than one"
    begun = time.monotonic()
    rest, _ = process.communicate(timeout=30)
    need(time.monotonic() - begun < 6, "it did not end within 5 s of SIGTERM")
    need(process.returncode in (-signal.SIGTERM, 0), f"ended with {process.returncode}")
    messages(seen + rest, -1)
    print(f"{step['name']} {tasks[0]} ended by {process.returncode}")
    # And a task that fails says so once: the merge of what is not made.
    step, _ = runs[-1]
    process = session.start(step, {})
    output, _ = process.communicate()
    need(process.returncode == 10, f"the merge of nothing ended with {process.returncode}")
    messages(output, process.returncode)


# --- templates with one fault each --------------------------------------------------------------------------------------

def faults(template):
    def of(change):
        broken = copy.deepcopy(template)
        change(broken)
        return broken

    def put(path, value):
        def change(broken):
            for part in path[:-1]:
                broken = broken[part]
            if value is None:
                del broken[path[-1]]
            else:
                broken[path[-1]] = value
        return path, of(change)

    first = ("steps", 0)
    space = first + ("parameterSpace",)
    ranges = space + ("taskParameterDefinitions", 0)
    action = first + ("script", "actions", "onRun")
    last = len(template["steps"]) - 1
    yield put(("specificationVersion",), "jobtemplate-2023-10")
    yield put(("name",), "n" * 129)
    yield put(("name",), "a\u0085b")
    yield put(("name",), "{{Param.JobFile}}")  # a path is not known where the job is made
    yield put(("steps",), [])
    yield put(("version",), 1)
    yield put(("extensions",), ["CHUNKS"])
    yield put(("parameterDefinitions",), template["parameterDefinitions"] * 30)
    yield put(("parameterDefinitions", 0, "default"), "/absolute")
    yield put(("parameterDefinitions", 0, "dataFlow"), "in")
    yield put(("parameterDefinitions", 0, "objectType"), "FOLDER")
    yield put(("parameterDefinitions", 0, "name"), "Job File")
    yield put(("parameterDefinitions", 1, "name"), "JobFile")
    yield put(first + ("name",), "s" * 65)
    yield put(first + ("name",), template["steps"][last]["name"])
    yield put(first + ("dependencies",), [])
    yield put(first + ("dependencies",), [{"dependsOn": "nobody"}])
    yield put(first + ("dependencies",), [{"dependsOn": template["steps"][0]["name"]}])
    yield put(("steps", last, "dependencies", 0), {"dependsOn": template["steps"][last]["name"]})
    yield put(("steps", last, "dependencies"), template["steps"][last]["dependencies"] * 2)
    yield put(first + ("hostRequirements", "amounts"), [])
    yield put(first + ("hostRequirements", "amounts", 0, "name"), "amount.worker.cores")
    yield put(first + ("hostRequirements", "amounts", 0, "name"), "worker.vcpu")
    yield put(first + ("hostRequirements", "amounts", 0, "min"), -1)
    yield put(first + ("hostRequirements", "amounts", 0, "min"), "4")
    yield put(first + ("hostRequirements", "amounts", 0, "min"), None)
    yield put(first + ("hostRequirements", "attributes", 0, "anyOf"), ["beos"])
    yield put(ranges + ("range",), "1-10x2")
    yield put(ranges + ("range",), "1-5,3-8")
    yield put(ranges + ("range",), "10-1")
    yield put(ranges + ("range",), "")
    yield put(ranges + ("range",), "1-1025")
    yield put(ranges + ("type",), "INTEGER")
    yield put(ranges + ("name",), "1st")
    if template.get("extensions"):
        yield put(("extensions",), None)
        yield put(space + ("combination",), "(Frames)")
        yield put(ranges + ("chunks", "defaultTaskCount"), 0)
        yield put(ranges + ("chunks", "rangeConstraint"), "TOGETHER")
    else:
        yield put(space + ("combination",), "(Start)")
        yield put(space + ("combination",), "(Start, Stop)")
        yield put(space + ("combination",), "Start + End")
        yield put(space + ("taskParameterDefinitions", 1, "range"), "1-100")
    yield put(action + ("command",), "")
    yield put(action + ("args",), [])
    yield put(action + ("args", 0), "a\nb")
    yield put(action + ("args", 0), "{{Task.Param.Nobody}}")
    yield put(action + ("args", 0), "{{Param.JobFile")
    yield put(action + ("args", 0), "}}{{")
    yield put(action + ("timeout",), 0)
    yield put(action + ("cancelation",), None)
    yield put(action + ("cancelation", "notifyPeriodInSeconds"), 601)
    yield put(action + ("env",), {})


def main():
    mode, template_file, values_file = sys.argv[1:4]
    with open(template_file, encoding="utf-8") as file:
        template = json.load(file)
    with open(values_file, encoding="utf-8") as file:
        values = json.load(file)
    runs = check(template)
    check_values(template, values)
    if mode == "check":
        count = 0
        for path, broken in faults(template):
            try:
                check(broken)
            except Fault:
                count += 1
            else:
                sys.exit(f"a template with a fault at {path} passes: the check is too lax")
        print(f"{template_file}: {len(runs)} steps, {sum(len(tasks) for _, tasks in runs)} tasks; {count} faults refused")
        return
    session = Session(template, values, *sys.argv[4:6])
    (run if mode == "run" else cancel)(session, runs)


main()
