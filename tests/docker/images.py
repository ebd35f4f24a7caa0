"""The images: bases made of Debian's packages, deploy/Dockerfile built by the engine, and what came out of it."""

import hashlib
import json
import subprocess
import tarfile
import time

from engine import HERE, PLACE, REPOSITORY, debian, run

POSTGRES, PROMETHEUS = "docker.io/library/postgres:17", "docker.io/prom/prometheus:v3.5.0"
VERSION = "0.1.0"
AGENT = f"localhost/pgvigil:{VERSION}"
JOBS = {major: f"localhost/pgvigil-jobs:{VERSION}-postgres{major}" for major in (15, 17)}
SLIM = ("path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/copyright", "path-exclude=/usr/share/man/*",
        "path-exclude=/usr/share/locale/*")  # fmt: skip
SOURCES = """Types: deb
URIs: http://deb.debian.org/debian
Suites: {0} {0}-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: {0}-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
# What every engine puts into a container, whatever its image has.
ENGINES_OWN = (".dockerenv", "dev", "proc", "sys", "run", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab")


def load_bases(engine):
    """debian:bookworm-slim and its like, made as the official ones are: minimal, with no documentation, apt without a cache."""
    for release in ("bookworm", "trixie"):
        sources, archive = PLACE / "debian.sources", PLACE / "engine" / f"{release}-slim.tar"
        sources.write_text(SOURCES.format(release))
        debian(release, archive, *[f"--dpkgopt={one}" for one in SLIM],
               "--customize-hook=copy-in /etc/apt/apt.conf.d/docker-clean /etc/apt/apt.conf.d", sources=[sources])  # fmt: skip
        if engine.docker("image", "inspect", f"debian:{release}-slim", check=False).returncode:
            engine.docker("import", "--change", 'CMD ["bash"]', f"/{archive.name}", f"debian:{release}-slim")


def load_stand_ins(engine):
    for target, name in (("postgres", POSTGRES), ("prometheus", PROMETHEUS)):
        engine.docker("build", "--quiet", "--target", target, "--tag", name, str(HERE))


def build(engine, name, *words):
    """Seconds that it took, and the log."""
    began = time.monotonic()
    commit = run("git", "-C", REPOSITORY, "log", "-1", "--format=%ct %H").split()
    done = engine.docker("build", "--progress=plain", "--file", "deploy/Dockerfile", "--tag", name, *words,
                         "--build-arg", f"SOURCE_DATE_EPOCH={commit[0]}", "--build-arg", f"REVISION={commit[1]}", ".",
                         check=False)  # fmt: skip
    (PLACE / "build.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        raise SystemExit(f"FAILED: docker build, see {PLACE}/build.log: {done.stderr[-2000:]}")
    return time.monotonic() - began, done.stdout + done.stderr


def facts(engine, name):
    return json.loads(engine.docker("image", "inspect", name))[0]


def listing(stream):
    """{path: what a file is, whose, and of which bytes} of an archive; the times are not in it."""
    found = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for one in archive:
            path = one.name.removeprefix("./").rstrip("/")
            if path and path.split("/")[0] not in ENGINES_OWN and path not in ENGINES_OWN:
                text = hashlib.sha256(archive.extractfile(one).read()).hexdigest() if one.isreg() else ""
                found[path] = (one.type, one.mode & 0o7777, one.uid, one.gid, one.size, one.linkname, text)
    return found


def files(engine, name):
    """`listing` of an image of Docker's."""
    container = engine.docker("create", name)
    with engine.stream("export", container) as process:
        found = listing(process.stdout)
    engine.docker("rm", container)
    return found


def files_of_podman(name):
    """`listing` of an image that deploy/image made; None where there is none."""
    if run("podman", "image", "exists", name, check=False).returncode:
        return None
    container = run("podman", "create", name)
    with subprocess.Popen(["podman", "export", container], stdout=subprocess.PIPE) as process:
        found = listing(process.stdout)
    run("podman", "rm", container)
    return found
