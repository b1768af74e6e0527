"""Packs the dashboard: embed.py OUT.cpp OUT_DIR FILE...

Each file is gzip'd (the same bytes every time) and taken in by the assembler (.incbin), so that no compiler reads it:
a changed asset costs one small file and a relink.
"""

import gzip
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def main(table, folder, files):
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    data, names, rows = [], [], []
    for i, file in enumerate(map(pathlib.Path, files)):
        content = file.read_bytes()
        packed = folder / (file.name + ".gz")
        packed.write_bytes(gzip.compress(content, 9, mtime=0))
        data += [f"    \"weir_ui_{i}_begin:\\n\"", f"    \".incbin \\\"{packed}\\\"\\n\"",
                 f"    \"weir_ui_{i}_end:\\n\""]
        names.append(f"extern const char weir_ui_{i}_begin[];\nextern const char weir_ui_{i}_end[];")
        tag = hashlib.sha256(content).hexdigest()[:20]
        rows.append(f"        {{\"{file.name}\", \"{TYPES[file.suffix]}\", \"\\\"{tag}\\\"\",\n"
                    f"         {{weir_ui_{i}_begin, "
                    f"static_cast<std::size_t>(weir_ui_{i}_end - weir_ui_{i}_begin)}}}},")
    pathlib.Path(table).write_text(
        "#include <cstddef>\n\n#include \"admin/assets.hpp\"\n\n"
        "__asm__(\n    \".pushsection .rodata\\n\"\n" + "\n".join(data) + "\n    \".popsection\\n\");\n\n"
        "extern \"C\" {\n" + "\n".join(names) + "\n}\n\nnamespace weir::admin {\n\n"
        "std::span<const asset> assets() {\n    static const asset all[] = {\n" + "\n".join(rows) +
        "\n    };\n    return all;\n}\n\n}  // namespace weir::admin\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
