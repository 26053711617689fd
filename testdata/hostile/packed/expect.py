"""Records what the tool says to each file here: `python3 expect.py PATH-OF-TARE`.

A row of `expected.tsv`: the file, then exit code and first line (errors before output) of `inspect --header-only`, `verify` and
`unpack`. `expected.tsv` is what the tests compare with; a row that changes is to be read, not only kept.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

tare = sys.argv[1]
rows = ["file\tinspect\tinspect says\tverify\tverify says\tunpack\tunpack says"]
for path in sorted(Path(".").glob("*.tare")):
    row = [path.name]
    with tempfile.TemporaryDirectory() as folder:
        for command in (["inspect", "--header-only", path.name], ["verify", path.name],
                        ["unpack", path.name, "-o", folder + "/out"]):
            done = subprocess.run([tare, *command], capture_output=True, text=True, timeout=20)
            lines = (done.stderr or (done.stdout if done.returncode else "")).splitlines()
            row += [str(done.returncode), lines[0] if lines else ""]
        left = [entry.name for entry in Path(folder).iterdir()]
        assert left == (["out"] if row[5] == "0" else []), f"{path} left {left}"
    rows.append("\t".join(row))
Path("expected.tsv").write_text("\n".join(rows) + "\n")
