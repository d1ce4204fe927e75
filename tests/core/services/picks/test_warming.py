import json
import subprocess
import sys
from typing import Any

CODE = """
import json, sys
import core.bandit
light = sorted({"shap", "torch", "numba", "pandas", "streamlit"} & set(sys.modules))
from core.services.picks import warming
warming.warm()
warm = set(sys.modules)
from core.services import Store, picks
store = Store(sys.argv[1])
found = picks.consider(store, int(sys.argv[2]))
store.close()
new = sorted(name for name in set(sys.modules) - warm if name.split(".")[0] in ("core", "numpy", "scipy"))
print(json.dumps([light, new, sorted({"shap", "torch", "numba"} & set(sys.modules)), found.rationale is not None]))
"""


def test_the_first_explanation_after_it_imports_nothing_more_and_nothing_heavy(store: Any) -> None:
    client = store.db.execute("SELECT min(id) FROM clients").fetchone()[0]
    command = [sys.executable, "-c", CODE, str(store.folder), str(client)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    bandit, new, heavy, explained = json.loads(run.stdout)
    assert (bandit, new, heavy) == ([], [], [])
    assert explained
