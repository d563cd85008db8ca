"""The pipeline's own jobs, run here: for a good commit, for two sick ones, for a merge request and for a night."""

import json
import os
import re
import shutil

import host
from images import BASE, FORGETFUL, REGISTRY, RUST_BASE, WRONG_ANSWERS
from machine import ROOT, run, say, succeeds

RUNNER = ROOT / ".tools/gitlab-ci-local"
SERVICE = "  services:\n    - name: $DIND_IMAGE\n      alias: docker\n"
CHECKS = ["lint", "audit", "files", "test", "coverage"]
# Of these, those that were run otherwise.
LEFT_OUT = os.environ.get("SHIP_WITHOUT", "").split()


def runner():
    """The program that runs jobs of a pipeline without a GitLab; `None` where it cannot be had."""
    given = os.environ.get("GITLAB_CI_LOCAL")
    program = given or RUNNER / "node_modules/.bin/gitlab-ci-local"
    if os.path.exists(program):
        return program
    installed = shutil.which("npm") and succeeds("npm", "install", "--silent", "--prefix", RUNNER, "gitlab-ci-local@4.60")
    return program if installed else None


class Pipeline:
    """A clone of this repository at its last commit, whose jobs are run."""

    def __init__(self, work, binary, program, compiles):
        self.project, self.program, self.compiles = work / "project", program, compiles
        run("git", "-c", "safe.directory=*", "clone", "--quiet", ROOT, self.project)
        self.git("checkout", "--quiet", "-B", "main")
        self.git("remote", "set-url", "origin", "git@gitlab.example:uu/predictor.git")
        # The runner here has its Docker beside it, and none can be pulled to stand beside the job.
        definition = self.project / ".gitlab-ci.yml"
        assert SERVICE in definition.read_text()
        definition.write_text(definition.read_text().replace(SERVICE, ""))
        self.git("commit", "--quiet", "--all", "--message", "this runner has its Docker beside it")
        self.variables = {
            **host.settings(work), "CI_REGISTRY_IMAGE": f"{REGISTRY}/pipeline", "CI_REGISTRY_PASSWORD": "", "DEBIAN_IMAGE": BASE, "RUST_IMAGE": RUST_BASE,
            "BUILD_NETWORK": "host", "SERVICE_URL": f"http://127.0.0.1:{host.PROXY_PORT}",
            "DOCKER_HOST": os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"), "DOCKER_BUILDKIT": "1", "OFFLINE": "yes",
            "SYFT_REGISTRY_INSECURE_USE_HTTP": "true", "PREDICTOR": str(binary),
        }

    def git(self, *arguments):
        run("git", "-C", self.project, "-c", "user.name=test", "-c", "user.email=test@example.com", *arguments)

    def sicken(self, message, sickness):
        """Commits a version that is sick."""
        file = self.project / sickness["file"]
        old, new = sickness["source"]
        assert file.read_text().count(old) == 1, f"{file} has no `{old}`"
        file.write_text(file.read_text().replace(old, new))
        self.git("commit", "--quiet", "--all", "--message", message)

    def heal(self):
        self.git("revert", "--no-edit", "HEAD")

    def jobs(self, *names, **more):
        variables = [part for name, value in {**self.variables, **more}.items() for part in ("--variable", f"{name}={value}")]
        done = run(self.program, "--force-shell-executor", *variables, *names, check=False, cwd=self.project)
        say(f"job {', '.join(names)}: exit {done.returncode}")
        return done

    def source_of(self, binary):
        """Where the image's binary comes from: compiled from the commit where that was asked for, else one that is ready."""
        return {} if self.compiles else {"BINARY_IMAGE": f"uu-binary-{binary}:test"}

    def listed(self, **variables):
        options = [part for name, value in variables.items() for part in ("--variable", f"{name}={value}")]
        lines = run(self.program, "--list", *options, cwd=self.project).stdout.splitlines()
        return {line.split()[0] for line in lines if re.match(r"^(?!name )[a-z][a-z-]+ ", line)}

    def passes(self, *names, **more):
        done = self.jobs(*names, **more)
        assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
        return done.stdout + done.stderr

    def fails(self, reason, *names, **more):
        done = self.jobs(*names, **more)
        assert done.returncode != 0 and reason in done.stdout + done.stderr, f"it should have failed, since {reason}:\n{done.stdout[-4000:]}"


def story(work, binary, token, compiles):
    """`token`: one of the service's, of the scope `write`."""
    program = runner()
    if program is None:
        print("SKIPPED: the pipeline's jobs were not run, since gitlab-ci-local cannot be installed")
        return
    pipeline = Pipeline(work, binary, program, compiles)
    whole = {"lint", "audit", "files", "test", "coverage", "build-image", "sbom", "vulnerabilities"}
    push = pipeline.listed()
    assert push == whole | {"deploy-production", "rollback-production", "verify-production"}, push
    request = pipeline.listed(CI_PIPELINE_SOURCE="merge_request_event")
    assert request == whole, f"a merge request deploys nothing: {request}"
    night = pipeline.listed(CI_PIPELINE_SOURCE="schedule", RETRAIN="yes")
    assert "nightly-retrain" in night and not any("deploy" in name for name in night), night

    for name in CHECKS if compiles else ["files"]:
        if name in LEFT_OUT:
            say(f"job {name}: left out, as SHIP_WITHOUT says")
        else:
            pipeline.passes(name)
    good(pipeline)
    version = host.serving()
    sick(pipeline, version)
    nightly(pipeline, binary, token, work)
    pipeline.passes("verify-production")
    pipeline.passes("rollback-production")
    assert host.serving() != version


def good(pipeline):
    pipeline.passes("build-image", **pipeline.source_of("good"))
    print("   " + pipeline.passes("sbom", **pipeline.source_of("good")).strip().splitlines()[-1])
    assert "SKIPPED" in pipeline.passes("vulnerabilities"), "it says that nothing was looked up"
    pipeline.passes("deploy-production")
    pipeline.passes("verify-production")
    assert host.serving().startswith(f"{REGISTRY}/pipeline@sha256:"), host.serving()


def sick(pipeline, version):
    # A version that cannot read the host's models: nothing shows that before it is there.
    pipeline.sicken("models of another kind", FORGETFUL)
    pipeline.passes("build-image", **pipeline.source_of("forgetful"))
    pipeline.fails("instead of getting ready", "deploy-production")
    assert host.serving() == version
    pipeline.heal()
    # Wrong answers are found where the image is tried, and by the deployment where somebody deploys it all the same.
    pipeline.sicken("answers that are wrong", WRONG_ANSWERS)
    pipeline.fails("this does not hold", "build-image", **pipeline.source_of("wrong"))
    commit = run("git", "-C", pipeline.project, "rev-parse", "HEAD").stdout.strip()
    pipeline.fails("answers of the new version are wrong", "deploy-production", IMAGE=built_of(commit))
    assert host.serving() == version
    pipeline.heal()
    pipeline.passes("verify-production")


def built_of(commit):
    name = f"{REGISTRY}/pipeline"
    digests = run("docker", "image", "inspect", "--format", '{{join .RepoDigests "\\n"}}', f"{name}:{commit}").stdout.split()
    return next(digest for digest in digests if digest.startswith(name))


def nightly(pipeline, binary, token, work):
    """New rows are handed to the service, and its decision and a study of the rows are kept."""
    rows = work / "night.csv"
    run(binary, "sample", "--sites", "400", "--seed", "7", "--output", rows)
    log = pipeline.passes("nightly-retrain", CI_PIPELINE_SOURCE="schedule", RETRAIN="yes", SERVICE_TOKEN=token, RETRAIN_DATA=str(rows))
    outcome = json.loads((pipeline.project / "retraining.json").read_text())
    assert outcome["state"] in ["succeeded", "refused"] and list((pipeline.project / "report").iterdir()), log[-4000:]
    say(f"a night: {outcome['outcome']['retraining']['decision']}")
