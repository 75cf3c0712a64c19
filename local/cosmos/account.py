"""The account document, which tells a client where to send its requests."""

from typing import Any

from local.cosmos import jsontext


def document(host: str) -> bytes:
    """The account as seen by a client that reached it at `host` (name and port)."""
    location = [{"name": "Local", "databaseAccountEndpoint": f"http://{host}/"}]
    account: dict[str, Any] = {
        "id": "local",
        "_rid": "local",
        "_self": "",
        "_dbs": "//dbs/",
        "media": "//media/",
        "addresses": "//addresses/",
        "writableLocations": location,
        "readableLocations": location,
        "enableMultipleWriteLocations": False,
        "userReplicationPolicy": {
            "asyncReplication": False,
            "minReplicaSetSize": 1,
            "maxReplicasetSize": 1,
        },
        # As in Azure: a client then neither keeps session tokens nor sends them.
        "userConsistencyPolicy": {"defaultConsistencyLevel": "BoundedStaleness"},
        "systemReplicationPolicy": {"minReplicaSetSize": 1, "maxReplicasetSize": 1},
        "readPolicy": {"primaryReadCoefficient": 1, "secondaryReadCoefficient": 1},
        "queryEngineConfiguration": "{}",
    }
    return jsontext.dump_bytes(account)
