"""Every source of C++ has the form that .clang-format says: `git ls-files '*.cpp' '*.h' | xargs clang-format -i` gives it."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOORS = ("agent", "collectors", "rules", "tests")


def sources():
    found = [path for floor in FLOORS for path in (ROOT / floor).rglob("*") if path.suffix in (".cpp", ".h")]
    assert len(found) > 500, f"{len(found)} sources in {ROOT}"
    return sorted(str(path.relative_to(ROOT)) for path in found)


def test_clang_format_would_change_nothing():
    ended = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", *sources()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[:4000]
