"""What a user installs: the wheel and the source distribution, tried in a fresh environment.

Nothing is fetched: the build uses the hatchling of the environment that runs the tests, and the
fresh environment borrows that environment's packages, all but deepparticle itself.
"""

import stat
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import deepparticle

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("blankets", "agents", "partitions", "compile")
VERSION = deepparticle.__version__


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that must succeed, and return what it printed."""
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("built")
    build = (sys.executable, "-m", "hatchling", "build")
    run(*build, "-t", "wheel", "-t", "sdist", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def sdist(built: Path) -> Path:
    (path,) = built.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        # The safe filter, where this Python has it: 3.11.4 and later.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)
    return folder / f"deepparticle-{VERSION}"


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a fresh environment in which the wheel is installed."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=sys.platform != "win32")
    places = sysconfig.get_paths(
        "venv", vars={"base": str(environment), "platbase": str(environment)}
    )
    pip = (sys.executable, "-m", "pip", "--python", Path(places["scripts"], "python"))
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=environment)
    # A path file lends the packages; path files in the lent folder, such as that of an editable
    # deepparticle, are not read.
    lent = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    Path(places["purelib"], "lent.pth").write_text("\n".join(lent), encoding="utf-8")
    return Path(places["scripts"])


def sources() -> set[str]:
    """The Python files of the package as an import sees them, read off the checkout."""
    front = ROOT / "src" / "deepparticle"
    files = {path.relative_to(front) for path in front.rglob("*.py")}
    for room in ROOMS:
        files |= {path.relative_to(ROOT) for path in (ROOT / room).rglob("*.py")}
    lessons = (ROOT / "examples" / "lessons").glob("*.py")
    files |= {Path("lessons", "notebooks", path.name) for path in lessons}
    return {f"deepparticle/{path.as_posix()}" for path in files}


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name for name in names if name.endswith(".py")} == sources()
    assert "deepparticle/py.typed" in names
    assert {name.split("/")[0] for name in names} == {
        "deepparticle",
        f"deepparticle-{VERSION}.dist-info",
    }


def test_wheel_has_no_links(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        links = [e.filename for e in archive.infolist() if stat.S_ISLNK(e.external_attr >> 16)]
    assert not links


def test_sdist_has_no_links(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        links = [entry.name for entry in archive if entry.issym() or entry.islnk()]
    assert not links


def test_sdist_holds_the_rooms_at_its_root(unpacked: Path) -> None:
    for room in ROOMS:
        assert (unpacked / room / "__init__.py").is_file()
        assert not (unpacked / "src" / "deepparticle" / room).exists()
    for name in ("pyproject.toml", "README.md", "LICENSE", "Makefile", "constraints.txt", "tests"):
        assert (unpacked / name).exists(), name
    assert (unpacked / "src" / "deepparticle" / "py.typed").is_file()


def test_sdist_builds_the_same_wheel(unpacked: Path, wheel: Path, tmp_path: Path) -> None:
    build = ("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", tmp_path)
    run(sys.executable, "-m", "pip", *build, unpacked, cwd=tmp_path)
    (again,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert one.namelist() == other.namelist()
        for name in one.namelist():
            assert one.read(name) == other.read(name), name


def test_rooms_are_imported_from_the_installed_package(programs: Path, tmp_path: Path) -> None:
    for room in ROOMS:
        code = f"import deepparticle.{room} as room; print(room.__file__)"
        found = Path(run(programs / "python", "-c", code, cwd=tmp_path).strip())
        assert found.is_relative_to(programs.parent), found


@pytest.mark.parametrize("name", [*ROOMS, "tests", "examples", "docs"])
def test_no_bare_name_is_installed(programs: Path, name: str, tmp_path: Path) -> None:
    code = f"import importlib.util; assert importlib.util.find_spec({name!r}) is None"
    run(programs / "python", "-c", code, cwd=tmp_path)


def test_metadata_of_the_installed_package(programs: Path, tmp_path: Path) -> None:
    code = "from importlib import metadata; print(metadata.version('deepparticle'))"
    assert run(programs / "python", "-c", code, cwd=tmp_path).strip() == VERSION


def test_command_line_says_its_version(programs: Path, tmp_path: Path) -> None:
    assert VERSION in run(programs / "deepparticle", "--version", cwd=tmp_path)
    assert VERSION in run(programs / "python", "-m", "deepparticle", "--version", cwd=tmp_path)


def test_command_line_is_called_by_the_name_that_works(programs: Path, tmp_path: Path) -> None:
    helped = run(programs / "deepparticle", "--help", cwd=tmp_path)
    assert helped.lower().startswith("usage: deepparticle ")
