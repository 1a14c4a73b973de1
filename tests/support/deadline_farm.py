"""A small farm that takes jobs as Deadline does, and reads them more strictly.

  deadline_farm.py submit JOB_INFO PLUGIN_INFO    as deadlinecommand -SubmitJob
  deadline_farm.py run                            every job whose dependencies are complete, until none is left

The jobs are in $DEADLINE_FARM. Sources: the manual's "Manual Job Submission" and the shipped CommandLine.py for its tokens;
.NET's ParseArgumentsIntoList and glib's g_shell_parse_argv for how a command line becomes words.
"""
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here / "deadline_stub"))
from Deadline import Plugins, Scripting  # noqa: E402

JOB_KEYS = set("""Plugin Name BatchName Comment Department Pool SecondaryPool Group Priority Frames ChunkSize ConcurrentTasks
    LimitConcurrentTasksToNumberOfCpus OnJobComplete JobDependencies ResumeOnCompleteDependencies ResumeOnDeletedDependencies
    ResumeOnFailedDependencies OverrideTaskFailureDetection FailureDetectionTaskErrors EnableAutoTimeout TaskTimeoutMinutes
    OnTaskTimeout LimitGroups""".split())
NUMBERED_KEYS = ("EnvironmentKeyValue", "ExtraInfoKeyValue", "OutputDirectory", "OutputFilename")
PLUGIN_KEYS = {
    "CommandLine": {"Executable", "Arguments", "ShellExecute", "SingleFramesOnly"},
    "Wetgate": {"Executable", "Arguments", "Frames", "ChunkSize", "GpusPerTask"},
}


def read_info(path):
    """key=value lines; keys once, values without blanks at the ends (Deadline trims them)."""
    info = {}
    text = pathlib.Path(path).read_text(encoding="utf-8")
    assert text.endswith("\n"), path
    for line in text[:-1].split("\n"):
        key, equals, value = line.partition("=")
        assert equals and re.fullmatch(r"[A-Za-z]+[0-9]*", key), line
        assert key not in info and value == value.strip(), line
        info[key] = value
    return info


def read_job(path):
    info = read_info(path)
    for key in info:
        numbered = re.fullmatch(r"(\D+)(\d+)", key)
        if not numbered:
            assert key in JOB_KEYS, key
            continue
        name, number = numbered.group(1), int(numbered.group(2))
        assert name in NUMBERED_KEYS, key
        assert number == 0 or name + str(number - 1) in info, key  # Deadline stops at the first number that is missing
    assert info["Plugin"] in PLUGIN_KEYS and 0 <= int(info["Priority"]) <= 100
    for job_id in filter(None, info.get("JobDependencies", "").split(",")):
        assert re.fullmatch(r"[0-9a-f]{24}", job_id), job_id
    return info


def tasks_of(info):
    """(first, last) of each task: one run of numbers that are not negative, in chunks."""
    run = re.fullmatch(r"(\d+)(?:-(\d+))?", info["Frames"])
    assert run, info["Frames"]
    first, last, chunk = int(run.group(1)), int(run.group(2) or run.group(1)), int(info["ChunkSize"])
    assert first <= last and chunk >= 1
    return [(start, min(start + chunk - 1, last)) for start in range(first, last + 1, chunk)]


def dotnet_words(line):
    """System.Diagnostics.Process on Unix."""
    words, i = [], 0
    while i < len(line):
        if line[i] in " \t":
            i += 1
            continue
        word, in_quotes = "", False
        while i < len(line):
            run = 0
            while i < len(line) and line[i] == "\\":
                run, i = run + 1, i + 1
            if run and i < len(line) and line[i] == '"':
                word += "\\" * (run // 2)
                if run % 2:
                    word, i = word + '"', i + 1
                    continue
            else:
                word += "\\" * run
            if i >= len(line):
                break
            if line[i] == '"':
                if in_quotes and line[i + 1:i + 2] == '"':
                    word, i = word + '"', i + 2
                    continue
                in_quotes, i = not in_quotes, i + 1
                continue
            if line[i] in " \t" and not in_quotes:
                break
            word, i = word + line[i], i + 1
        words.append(word)
    return words


def glib_words(line):
    """Mono's Process on Unix: a shell's quotes, without its expansions."""
    words, word, i = [], None, 0
    while i < len(line):
        c = line[i]
        if c in " \t":
            if word is not None:
                words.append(word)
            word = None
        elif c == "'":
            end = line.index("'", i + 1)
            word, i = (word or "") + line[i + 1:end], end
        elif c == '"':
            word, i = word or "", i + 1
            while line[i] != '"':
                if line[i] == "\\" and line[i + 1] in '"\\`$':
                    i += 1
                word, i = word + line[i], i + 1
        elif c == "\\":
            word, i = (word or "") + line[i + 1], i + 1
        elif c == "#" and word is None:
            break
        else:
            word = (word or "") + c
        i += 1
    return words + ([] if word is None else [word])


def words_of(line):
    words = dotnet_words(line)
    assert words == glib_words(line), "Deadline's versions differ over: " + line
    return words


def commandline_arguments(arguments, first, last):
    """The tokens of the CommandLine plugin, in its order."""
    for name, number in (("STARTFRAME", first), ("ENDFRAME", last)):
        arguments = re.sub("(?i)<%s>" % name, str(number), arguments)
    arguments = re.sub("(?i)<QUOTE>", '"', arguments)
    for name, number in (("STARTFRAME", first), ("ENDFRAME", last)):
        arguments = re.sub("(?i)<%s%%(\\d+)>" % name, lambda m, n=number: str(n).zfill(int(m.group(1))), arguments)
    return arguments.replace("\u201c", '"').replace("\u201d", '"')


def load_plugin():
    file = here.parent.parent / "scripts" / "deadline" / "Wetgate" / "Wetgate.py"
    spec = importlib.util.spec_from_file_location("Wetgate", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_wetgate_task(worker, environment=None):
    """A task of our plugin, from the first callback to the last; FailRenderException when it fails."""
    Plugins.worker = worker
    module = load_plugin()
    plugin = module.GetDeadlinePlugin()
    plugin.InitializeProcessCallback()
    assert plugin.PluginType == Plugins.PluginType.Simple and plugin.StdoutHandling
    plugin.PreRenderTasksCallback()
    argv = [plugin.RenderExecutableCallback()] + words_of(plugin.RenderArgumentCallback())
    worker.argv = argv
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, **(environment or {}), **worker.environment}, text=True,
                          errors="replace") as process:
        for line in process.stdout:
            plugin.feed(line.rstrip("\n"))
    try:
        plugin.CheckExitCodeCallback(process.returncode)
    finally:
        module.CleanupDeadlinePlugin(plugin)


def run_commandline_task(info, first, last, environment):
    arguments = commandline_arguments(info["Arguments"], first, last)
    argv = [info["Executable"]] + words_of(arguments)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, **environment}, check=False)
    if done.returncode != 0:
        raise Plugins.FailRenderException("Process returned non-zero exit code '%d'" % done.returncode)


class Farm:
    def __init__(self):
        self.folder = pathlib.Path(os.environ["DEADLINE_FARM"])
        self.folder.mkdir(parents=True, exist_ok=True)

    def submit(self, job_file, plugin_file):
        job, plugin = read_job(job_file), read_info(plugin_file)
        assert set(plugin) <= PLUGIN_KEYS[job["Plugin"]], plugin
        known = self.jobs()
        for before in filter(None, job.get("JobDependencies", "").split(",")):
            assert before in known, "no such job: " + before
        job_id = "%024x" % (0x5f00 + len(known))
        (self.folder / (job_id + ".json")).write_text(json.dumps({"job": job, "plugin": plugin}))
        print("Deadline Command 10.4\n\nResult=Success\nJobID=%s\n\nThe job was submitted successfully." % job_id)

    def jobs(self):
        return {file.stem: json.loads(file.read_text()) for file in sorted(self.folder.glob("*.json"))}

    def run(self):
        """Prints a line a job; the state of each is complete, failed or pending."""
        jobs, state = self.jobs(), {}
        progress = True
        while progress:
            progress = False
            for job_id, entry in reversed(list(jobs.items())):  # never by the order of submission
                before = list(filter(None, entry["job"].get("JobDependencies", "").split(",")))
                if job_id in state or any(state.get(b) != "complete" for b in before):
                    continue
                state[job_id] = self.run_job(entry)
                print(state[job_id], entry["job"]["Name"])
                progress = True
        for job_id, entry in jobs.items():
            if job_id not in state:
                print("pending", entry["job"]["Name"])
        return 0 if set(state.values()) == {"complete"} and len(state) == len(jobs) else 1

    def run_job(self, entry):
        job, plugin = entry["job"], entry["plugin"]
        environment = {}
        for i in range(len(job)):
            name, equals, value = job.get("EnvironmentKeyValue%d" % i, "").partition("=")
            if equals:
                environment[name] = value
        tries = int(job["FailureDetectionTaskErrors"])
        for first, last in reversed(tasks_of(job)):
            for attempt in range(tries):
                try:
                    if job["Plugin"] == "CommandLine":
                        run_commandline_task(plugin, first, last, environment)
                    else:
                        run_wetgate_task(Plugins.Worker(plugin, (first, last)), environment)
                    break
                except Plugins.FailRenderException as failure:
                    print("error %d of %d: %s" % (attempt + 1, tries, failure))
                    if Scripting.failed_jobs:
                        Scripting.failed_jobs.clear()
                        return "failed"
            else:
                return "failed"
        return "complete"


if __name__ == "__main__":
    if sys.argv[1] in ("submit", "-SubmitJob"):
        Farm().submit(sys.argv[2], sys.argv[3])
    else:
        sys.exit(Farm().run())
