# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Pages of the documentation site from the notebooks of examples/notebooks, with their stored outputs.

A hook of MkDocs (mkdocs.yml): the notebooks are JSON, and a page is Markdown, so no package is needed.
"""

import html
import json
import pathlib
import re

from mkdocs.structure.files import File

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples" / "notebooks"


def on_files(files, config):
    """Adds notebooks/NAME.md for every notebook."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        page = "\n\n".join(filter(None, map(_cell, notebook["cells"])))
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=page))
    return files


def _cell(cell):
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        text = re.sub(r"\]\((\w+)\.ipynb\)", r"](\1.md)", text)
        return text.replace("](../../docs/", "](../")
    parts = [f"```python\n{text}\n```"] if text.strip() else []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            image = "".join(data["image/png"]).replace("\n", "")
            parts.append(f'<img alt="figure" src="data:image/png;base64,{image}">')
        elif output["output_type"] == "error":
            raise ValueError(f"a stored output is an error: {output['ename']}: {output['evalue']}")
        else:
            said = "".join(output.get("text") or data.get("text/plain") or "")
            if said.strip():
                parts.append(f'<pre class="output">{html.escape(said.rstrip())}</pre>')
    return "\n\n".join(parts)
