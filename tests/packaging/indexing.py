"""Run by the clean environment in the unpacked package: prints its functions as JSON.

It does what the Functions worker does: import function_app, find the one app, take its functions.
It imports nothing but the standard library and the package.
"""

import importlib
import json
import sys
import time


def main() -> None:
    """Print the functions with their raw bindings, and how many seconds the import took."""
    sys.path.insert(0, ".")
    start = time.perf_counter()
    module = importlib.import_module("function_app")
    seconds = time.perf_counter() - start
    functions = [
        {
            "name": function.get_function_name(),
            "bindings": [json.loads(raw) for raw in function.get_raw_bindings()],
        }
        for function in module.app.get_functions()
    ]
    document = {"seconds": seconds, "modules": sorted(sys.modules), "functions": functions}
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    main()
