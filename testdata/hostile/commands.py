"""Writes a gallery of files, and the table of what `tare` says of each."""

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def release():
    version = subprocess.run(["pkg-config", "--modversion", "hdf5"], capture_output=True, text=True, check=True).stdout
    return "libhdf5 " + version.strip()


def complaints(tare, path, commands):
    """Of each command the exit code and what it says; and what is remarkable."""
    rows, remarks = [], []
    for command in commands:
        with tempfile.TemporaryDirectory() as out:
            more = ["-o", out + "/out"] if command == "pack" else []
            started = time.monotonic()
            run = subprocess.run([tare, command, path.name, *more], cwd=path.parent, capture_output=True, text=True)
            seconds = time.monotonic() - started
            left = [p.name for p in Path(out).iterdir()]
        lines = [line for line in run.stderr.splitlines() if not line.startswith("note: ")]
        if command == "verify" and run.returncode == 1:
            lines = run.stdout.splitlines()[:-1]  # the last one is the verdict
        if seconds > 1:
            remarks.append(f"{path.name}: {command}: {seconds:.1f} s")
        if left != (["out"] if command == "pack" and run.returncode == 0 else []):
            remarks.append(f"{path.name}: {command}: {left} left behind")
        rows.append((path.name, command, run.returncode, " | ".join(lines) if run.returncode else "-"))
    return rows, remarks


def write(folder, suffix, cases, tare):
    """Writes each case's file and the table, and returns how many answers are not those that it names: a case is its bytes,
    a part of what `inspect` says (None: nothing), and its exit code. What `verify` finds is what `inspect` does, said in
    another way, except of archives: of every eighth file."""
    tare = str(Path(tare).resolve())
    for old in [path for path in folder.iterdir() if path.suffix not in (".py", ".tsv") and path.is_file()]:
        old.unlink()
    paths = [folder / (name if "." in name else name + suffix) for name in cases]
    for path, (blob, _, _) in zip(paths, cases.values()):
        path.write_bytes(blob)
    table, wrong = [f"# {release()}", "file\tcommand\texit\tline"], []
    commands = [("inspect", "pack", "verify")[:3 if suffix == ".keras" or number % 8 == 0 else 2]
                for number in range(len(paths))]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda path, commands: complaints(tare, path, commands), paths, commands))
    for (name, (_, said, code)), (rows, remarks) in zip(cases.items(), answers):
        _, _, found, line = rows[0]
        if found != code or said and said not in line:
            wrong.append(f"{name}: exit {found}: {line}\n    expected: {code} {said}")
        wrong += remarks
        table += ["\t".join(map(str, row)) for row in rows]
    (folder / "expected.tsv").write_text("\n".join(table) + "\n")
    print("\n".join(wrong), file=sys.stderr)
    return len(wrong)
