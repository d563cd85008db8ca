"""Images: bases that are made here, since none is pulled, and good and sick versions of the product."""

import os
import pathlib
import re
import shutil
import subprocess
import time

from machine import ROOT, run, say, start, succeeds, wait_until

BASE = os.environ.get("SHIP_BASE", "debian:bookworm-slim")
RUST_BASE = "uu-rust-base:test"
REGISTRY = "127.0.0.1:5055"
PORT = 5099
MOST_MIB_BESIDE_THE_BINARY = 12

# A sick version: what a commit changes in a file of the sources, and how the binary of a good version becomes the one of such a commit where nothing
# is compiled.
#
# It reads no artifact that was there before: it starts on an empty volume, and not on the one of the host.
FORGETFUL = {
    "file": "crates/uu-model/src/artifact.rs",
    "source": ('b"UU PREDICTOR\\r\\n\\x1a\\n"', 'b"UU PREDICTER\\r\\n\\x1a\\n"'),
    "binary": (b"UU PREDICTOR\r\n\x1a\n", b"UU PREDICTER\r\n\x1a\n"),
}
WRONG_ANSWERS = {
    "file": "crates/uu-server/src/predict/answer.rs",
    "source": ("write_whole(&mut out.bytes, high);", "write_whole(&mut out.bytes, low.saturating_sub(1));"),
    "binary": (b"uniqueUsersLow", b"uniqueUsersLoW"),
}


def base(work):
    """The base image, made here and imported under the name that the Dockerfile expects. Gives back why there is none, where there is none."""
    if not succeeds("docker", "image", "inspect", BASE):
        kept = os.environ.get("SHIP_ROOT")
        folder = pathlib.Path(kept) if kept else work / "base"
        if not kept:
            say("making a base with debootstrap")
            made = run("debootstrap", "--variant=minbase", "bookworm", folder, check=False)
            if made.returncode != 0:
                return f"debootstrap makes no base here: {made.stdout.strip().splitlines()[-1:]}"
        imported(folder, BASE)
    # What the machine does not allow is not the product's fault: containers, and Debian's packages in them.
    started = run("docker", "run", "--rm", "--network", "host", BASE, "apt-get", "update", "-qq", check=False)
    return None if started.returncode == 0 else f"no container with a network can be started: {started.stderr.strip()[:300]}"


def imported(folder, name, *parts):
    with subprocess.Popen(["tar", "-C", folder, "-c", *(parts or ["."])], stdout=subprocess.PIPE) as tar:
        run("docker", "import", "-", name, stdin=tar.stdout)


def rust_base(work):
    """The base with a compiler: this machine's toolchain, and the certificates that it trusts."""
    if succeeds("docker", "image", "inspect", RUST_BASE):
        return
    say("making a base with this machine's Rust")
    toolchain = run("rustc", "--print", "sysroot", cwd=ROOT).stdout.strip()
    imported(toolchain, "uu-toolchain:test", "bin", "lib")
    context = work / "rust"
    trusted = context / "trusted"
    trusted.mkdir(parents=True)
    for certificate in pathlib.Path("/usr/local/share/ca-certificates").glob("*.crt"):
        shutil.copy(certificate, trusted)
    built(RUST_BASE, context, f"""
FROM {BASE}
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates gcc git libc6-dev
COPY trusted /usr/local/share/ca-certificates
RUN update-ca-certificates
ENV CARGO_HOME=/usr/local/cargo PATH=/usr/local/cargo/bin:/usr/local/bin:/usr/bin:/bin
COPY --from=uu-toolchain:test / /usr/local/cargo
""")


def built(name, context, dockerfile):
    (context / "Dockerfile").write_text(dockerfile)
    run("docker", "build", "--network", "host", "--quiet", "--tag", name, context)


def registry(work):
    config = work / "registry.yml"
    config.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {work}/registry}}}}\nhttp: {{addr: {REGISTRY}}}\n")
    start("docker-registry", "serve", config)
    wait_until("the registry answers", lambda: succeeds("curl", "-sf", f"http://{REGISTRY}/v2/"))


def binaries(work, binary):
    """Images that hold a binary only, from which the Dockerfile takes it where it does not compile: a good one and sick ones."""
    context = work / "binary"
    context.mkdir()
    shutil.copy(binary, context / "uu-predictor")
    run("strip", context / "uu-predictor")
    good = (context / "uu-predictor").read_bytes()
    versions = {"good": (b"", b""), "wrong": WRONG_ANSWERS["binary"], "forgetful": FORGETFUL["binary"]}
    for name, (old, new) in versions.items():
        assert old in good, f"the binary has no {old!r}"
        (context / "uu-predictor").write_bytes(good.replace(old, new) if old else good)
        built(f"uu-binary-{name}:test", context, "FROM scratch\nCOPY --chmod=0755 uu-predictor /usr/local/bin/uu-predictor\n")


def versions():
    """Pushes the versions that are deployed by hand. Gives back their names by digest."""
    say("building the image from the Dockerfile")
    run("docker", "build", "--network", "host", "--quiet", "--tag", "uu-predictor:test", "--build-arg", f"DEBIAN_IMAGE={BASE}",
        "--build-arg", "BINARY_IMAGE=uu-binary-good:test", "--build-arg", "REVISION=test", ROOT)
    work = pathlib.Path(run("mktemp", "--directory").stdout.strip())
    built("uu-next:test", work, "FROM uu-predictor:test\nLABEL release=next\n")
    built("uu-broken:test", work, "FROM uu-predictor:test\nENV UU_DATABASE_URL=postgres://nobody@127.0.0.1:9/nowhere\n")
    built("uu-elsewhere:test", work, 'FROM uu-predictor:test\nCMD ["serve", "--listen", "127.0.0.1:5098"]\n')
    binary = "/usr/local/bin/uu-predictor"
    built("uu-wrong:test", work, f"FROM uu-predictor:test\nCOPY --from=uu-binary-wrong:test {binary} {binary}\n")
    shutil.rmtree(work)
    return {name: pushed(f"uu-{name}:test", f"{REGISTRY}/uu-{name}") for name in ["predictor", "next", "broken", "elsewhere", "wrong"]}


def pushed(image, name):
    run("docker", "tag", image, f"{name}:test")
    digest = run("docker", "push", f"{name}:test").stdout.split("digest: ")[1].split()[0]
    run("docker", "rmi", f"{name}:test")
    return f"{name}@{digest}"


def check(image):
    """As an operator would look at it: small, nobody's root, nothing written, healthy by itself, the example answered."""
    # The binary that the tests built is not optimised as a released one is, so that only what stands beside it can be judged here.
    sizes = [int(run("docker", "image", "inspect", "--format", "{{.Size}}", name).stdout) for name in [image, "uu-binary-good:test"]]
    beside = sizes[0] - sizes[1]
    assert 0 < beside < MOST_MIB_BESIDE_THE_BINARY << 20, f"the image has {sizes[0] >> 20} MiB, of which {beside >> 20} beside the binary"
    run("docker", "rm", "--force", "uu-check", check=False)
    run("docker", "run", "--detach", "--name", "uu-check", "--read-only", "--network", "host", "--env", f"UU_SERVER__LISTEN=127.0.0.1:{PORT}", image)
    begin = time.monotonic()
    wait_until("the container is ready", lambda: succeeds("curl", "-sf", f"http://127.0.0.1:{PORT}/health/ready"))
    ready_s = time.monotonic() - begin
    wait_until("it says by itself that it is healthy",
               lambda: run("docker", "inspect", "--format", "{{.State.Health.Status}}", "uu-check").stdout.strip() == "healthy")
    user = run("docker", "inspect", "--format", "{{.Config.User}}", "uu-check").stdout.strip()
    assert user == "65532:65532", user
    run(ROOT / "deploy/check-answers", f"http://127.0.0.1:{PORT}")
    printed = run("docker", "logs", "uu-check").stdout.strip()
    assert re.fullmatch(r"uu_\S+", printed), "the first token is printed, and nothing else"
    run("docker", "rm", "--force", "--volumes", "uu-check")
    say(f"the image: {sizes[0] / (1 << 20):.1f} MiB with everything in it, {beside / (1 << 20):.1f} beside the binary, ready {ready_s:.1f} s after its start")
