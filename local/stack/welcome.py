"""What a person sees when the stack is ready: addresses, a token and a first request."""

from local.stack.stack import Stack


def welcome(stack: Stack) -> str:
    """The text to print for a stack that has just become ready."""
    addresses = stack.addresses
    rows = [
        ("Functions host", addresses.functions),
        ("Cosmos DB", addresses.cosmos),
        ("Web PubSub", addresses.web_pubsub),
        ("identity", addresses.identity),
        ("Azurite", ", ".join(_azurite_urls(addresses.storage_connection_string))),
        ("example assistant", addresses.example_assistant),
        ("data folder", addresses.data_dir),
    ]
    table = "\n".join(f"  {title:<18} {value}" for title, value in rows if value)
    if addresses.functions is None:
        return f"\nThe services are ready.\n\n{table}\n\n{_func_start_hint(stack)}\n"
    return (
        f"\nThe workbench is ready.\n\n{table}\n\n"
        "A token for Ada, valid for a day, and a first request:\n\n"
        f"  TOKEN={stack.token('Ada')}\n"
        f'  curl -s -H "Authorization: Bearer $TOKEN" {addresses.functions}/users/me\n\n'
        "Ctrl-C stops everything; the data stays.\n"
    )


def _azurite_urls(connection_string: str) -> list[str]:
    parts = dict(part.split("=", 1) for part in connection_string.split(";") if part)
    names = ("BlobEndpoint", "QueueEndpoint", "TableEndpoint")
    return [parts[name].rsplit("/", 1)[0] for name in names]


def _func_start_hint(stack: Stack) -> str:
    settings = "\n".join(
        f"  {name}={value}" for name, value in sorted(stack.addresses.environment.items())
    )
    return f"Settings for a Functions host (for example `func start`):\n\n{settings}"
