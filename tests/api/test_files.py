"""Files: saved all or none, listed, described, deleted; whatever their names."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from local.stack.stack import Stack
from shared import resources
from tests.api.builders import admit, answer_of, events_of, leave
from tests.api.conftest import Person, add_assistant, new_assistant
from tests.api.file_builders import blobs_in, files_of, names_in, put, save
from tests.support.assistant_service import RecordingService
from tests.support.eventually import eventually

NAMES = (
    "plain.txt",
    "with space.txt",
    "dir/sub dir/a.txt",
    "ünï/çode ☃ 𝄞.txt",
    "100%.txt",
    "50%25.txt",
    "plus+and&=.txt",
    "semi;colon,comma.txt",
    "back\\slash",
    "question?mark#hash",
    "uploads",
    "versions",
    "trailing/",
    "/leading",
    "a//b",
    "..hidden",
    "n" * 1024,
)


def faults_of(response: httpx.Response) -> list[tuple[list[Any], str, str]]:
    """Where, what kind and what text, of each fault of a 422."""
    assert response.status_code == 422, response.text
    return [(fault["loc"], fault["type"], fault["msg"]) for fault in response.json()["detail"]]


async def test_files_are_saved_with_their_types_and_metadata(
    ada: httpx.AsyncClient, cid: str
) -> None:
    user_id = answer_of(await ada.get("/users/me"))["id"]

    first, second = await save(
        ada, cid, {"a.txt": b"abc", "b": (b"", "")}, {"a.txt": {"m": 1}, "other": {"x": 1}}
    )

    assert first.pop("created_datetime") == first.pop("updated_datetime")
    assert first == {
        "conversation_id": cid,
        "filename": "a.txt",
        "current_version": 1,
        "content_type": "text/plain",
        "file_size": 3,
        "participant_id": user_id,
        "participant_role": "user",
        "metadata": {"m": 1},
    }
    assert (second["content_type"], second["file_size"], second["metadata"]) == ("", 0, {})
    assert await names_in(ada, cid) == ["a.txt", "b"]


async def test_a_name_saved_again_is_a_new_version(ada: httpx.AsyncClient, cid: str) -> None:
    (first,) = await save(ada, cid, {"a.txt": b"one"}, {"a.txt": {"m": 1}})
    (second,) = await save(ada, cid, {"a.txt": (b"second", "text/html")})

    assert second["current_version"] == 2
    assert second["created_datetime"] == first["created_datetime"]
    assert second["updated_datetime"] > first["updated_datetime"]
    versions = answer_of(await ada.get(f"{files_of(cid)}/a.txt/versions"))
    assert versions == {
        "conversation_id": cid,
        "created_datetime": first["created_datetime"],
        "filename": "a.txt",
        "current_version": 2,
        "versions": [
            {"version": 1, "content_type": "text/plain", "file_size": 3, "metadata": {"m": 1}},
            {"version": 2, "content_type": "text/html", "file_size": 6, "metadata": {}},
        ],
    }
    one = answer_of(await ada.get(f"{files_of(cid)}/a.txt/versions?version=1"))
    assert (one["current_version"], [found["version"] for found in one["versions"]]) == (2, [1])
    for number, text in ((1, "one"), (2, "second")):
        assert (await ada.get(f"{files_of(cid)}/a.txt?version={number}")).text == text
    for path in ("a.txt?version=3", "a.txt/versions?version=3", "b.txt", "b.txt/versions"):
        assert (await ada.get(f"{files_of(cid)}/{path}")).status_code == 404


async def test_every_change_of_a_file_is_an_event(
    ada: httpx.AsyncClient, cid: str, service: RecordingService
) -> None:
    assistant = await new_assistant(ada, service)
    await add_assistant(ada, cid, assistant["id"])
    async with service.workbench(assistant["id"]) as me:
        (saved,) = await save(me, cid, {"a.txt": b"1"})
    assert (saved["participant_role"], saved["participant_id"]) == ("assistant", assistant["id"])
    await save(ada, cid, {"a.txt": b"22", "b.txt": b"3"})
    await ada.patch(f"{files_of(cid)}/a.txt", json={"metadata": {"k": 1}})
    assert (await ada.delete(f"{files_of(cid)}/a.txt")).status_code == 204

    deleted = await service.wait_for_event(cid, "file.deleted")

    events = [event for event in service.events(cid) if event["event"].startswith("file.")]
    assert [
        (event["event"], event["data"]["file"]["filename"], event["data"]["file"]["metadata"])
        for event in events
    ] == [
        ("file.created", "a.txt", {}),
        ("file.updated", "a.txt", {}),
        ("file.created", "b.txt", {}),
        ("file.updated", "a.txt", {"k": 1}),
        ("file.deleted", "a.txt", {"k": 1}),
    ]
    assert events[0]["data"]["file"] == saved
    assert deleted["data"]["file"]["current_version"] == 2
    assert await events_of(ada, cid, after=deleted["sequence"] - 1) == [deleted]


async def test_files_have_any_name(ada: httpx.AsyncClient, cid: str) -> None:
    for start in range(0, len(NAMES), 10):
        await save(ada, cid, {name: name.encode() for name in NAMES[start : start + 10]})

    assert await names_in(ada, cid) == sorted(NAMES)
    for name in NAMES:
        url = f"{files_of(cid)}/{quote(name, safe='')}"
        assert (await ada.get(url)).content == name.encode()
        assert answer_of(await ada.get(f"{url}/versions"))["filename"] == name
        assert answer_of(await ada.patch(url, json={"metadata": {"n": name}}))["filename"] == name
        assert (await ada.delete(url)).status_code == 204
    assert await names_in(ada, cid) == []


async def test_slashes_need_no_encoding(ada: httpx.AsyncClient, cid: str) -> None:
    await save(ada, cid, {"dir/sub/a b.txt": b"x"})

    for path in ("dir/sub/a b.txt", "dir/sub%2Fa%20b.txt", "dir%2fsub/a%20b.txt"):
        assert (await ada.get(f"{files_of(cid)}/{path}")).text == "x"


async def test_a_name_that_ends_in_versions_wins_over_the_versions_of_another(
    ada: httpx.AsyncClient, cid: str
) -> None:
    url = f"{files_of(cid)}/a"
    await save(ada, cid, {"a": b"a"})
    assert answer_of(await ada.get(f"{url}/versions"))["filename"] == "a"
    await save(ada, cid, {"a/versions": b"of its own"})

    assert (await ada.get(f"{url}/versions")).text == "of its own"
    assert (await ada.get(f"{files_of(cid)}/a%2Fversions")).text == "of its own"
    assert answer_of(await ada.get(f"{url}/versions/versions"))["filename"] == "a/versions"
    assert (await ada.get(url)).text == "a"
    assert (await ada.get(f"{url}/versions/versions/versions")).status_code == 404
    assert (await ada.delete(f"{url}/versions")).status_code == 204
    assert answer_of(await ada.get(f"{url}/versions"))["filename"] == "a"


async def test_a_name_may_hold_the_text_of_an_encoded_slash(
    ada: httpx.AsyncClient, cid: str
) -> None:
    url = f"{files_of(cid)}/a%252Fb"
    await save(ada, cid, {"a%2Fb": b"percent"})
    assert (await ada.get(url)).text == "percent"
    assert answer_of(await ada.get(f"{url}/versions"))["filename"] == "a%2Fb"

    await save(ada, cid, {"a/b": b"slash"})
    assert (await ada.get(f"{files_of(cid)}/a/b")).text == "slash"
    assert (await ada.get(url)).text == "slash"


async def test_lists_are_by_name_and_in_pages(ada: httpx.AsyncClient, cid: str) -> None:
    await save(ada, cid, dict.fromkeys(("b/2", "b/10", "a", "ä", "B", "b/1"), b"x"))

    assert await names_in(ada, cid) == ["B", "a", "b/1", "b/10", "b/2", "ä"]
    assert await names_in(ada, cid, prefix="b/") == ["b/1", "b/10", "b/2"]
    assert await names_in(ada, cid, prefix="b/1") == ["b/1", "b/10"]
    assert await names_in(ada, cid, prefix="B/") == []
    assert await names_in(ada, cid, limit=2) == ["B", "a"]
    assert await names_in(ada, cid, after="a", prefix="b", limit=2) == ["b/1", "b/10"]
    for limit in (0, 1001):
        assert (await ada.get(files_of(cid), params={"limit": limit})).status_code == 422


async def test_metadata_is_merged_into_the_newest_version(ada: httpx.AsyncClient, cid: str) -> None:
    for number in range(2):
        await save(ada, cid, {"a": b"x"}, {"a": {"n": number, "deep": {"x": 1}}})

    changed = answer_of(
        await ada.patch(f"{files_of(cid)}/a", json={"metadata": {"deep": {"y": 2}, "new": None}})
    )

    assert [(found["version"], found["metadata"]) for found in changed["versions"]] == [
        (2, {"n": 1, "deep": {"y": 2}, "new": None})
    ]
    versions = answer_of(await ada.get(f"{files_of(cid)}/a/versions"))["versions"]
    assert versions[0]["metadata"] == {"n": 0, "deep": {"x": 1}}
    assert versions[1] == changed["versions"][0]
    assert (await ada.patch(f"{files_of(cid)}/b", json={"metadata": {}})).status_code == 404


async def test_what_is_deleted_is_gone_with_its_bytes(
    ada: httpx.AsyncClient, cid: str, stack: Stack
) -> None:
    for text in (b"1", b"2"):
        await save(ada, cid, {"a": text, "kept": b"x"})
    url = f"{files_of(cid)}/a"

    assert (await ada.delete(url)).status_code == 204

    for method in ("GET", "HEAD", "DELETE"):
        assert (await ada.request(method, url)).status_code == 404
    assert await names_in(ada, cid) == ["kept"]

    async def only_the_other_is_left() -> bool:
        return len(await blobs_in(stack, resources.FILES_BLOB_CONTAINER, cid)) == 2

    await eventually(only_the_other_is_left)
    assert (await ada.get(f"{files_of(cid)}/kept?version=1")).text == "x"
    assert (await save(ada, cid, {"a": b"new"}))[0]["current_version"] == 1


@pytest.mark.parametrize(
    ("names", "detail"),
    [
        ([f"{n}" for n in range(11)], "file uploads limited to 10 at a time"),
        (["a", "b", "a"], "filenames are required to be unique"),
        (["a", ""], "filename is required for all file uploads"),
        (["n" * 1025], "filename may not exceed 1024 characters"),
        (["a\x01"], "filename may not hold control characters"),
        ([".."], "filename may not be . or .."),
    ],
)
async def test_names_are_checked_before_anything_is_saved(
    ada: httpx.AsyncClient, cid: str, names: list[str], detail: str
) -> None:
    parts = "".join(
        f'--B\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\nx\r\n'
        for name in names
    )
    response = await ada.put(
        files_of(cid),
        content=f"{parts}--B--".encode(),
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )

    assert (response.status_code, response.json()) == (400, {"detail": detail})
    assert await names_in(ada, cid) == []


@pytest.mark.parametrize(
    ("metadata", "detail"),
    [
        ("{'a'", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("[]", "metadata must be a JSON object as a string"),
        ("1", "metadata must be a JSON object as a string"),
        ('{"a": 1}', "metadata of a: Input should be a valid dictionary"),
        ('{"a": {"x": NaN}}', None),
        ('{"a": {"x": "\\ud800"}}', None),
        ("[" * 100_000, None),
        (
            json.dumps({"a": json.loads('{"x":' * 70 + "1" + "}" * 70)}),
            "metadata of a: Value error, JSON may not be nested deeper than 64 levels",
        ),
    ],
)
async def test_metadata_must_be_an_object_of_objects(
    ada: httpx.AsyncClient, cid: str, metadata: str, detail: str | None
) -> None:
    response = await ada.put(
        files_of(cid), files={"files": ("a", b"x")}, data={"metadata": metadata}
    )

    assert response.status_code == 400, response.text
    assert detail is None or response.json() == {"detail": detail}
    assert await names_in(ada, cid) == []


async def test_a_form_without_files_looks_as_the_original_s(
    ada: httpx.AsyncClient, cid: str
) -> None:
    missing = [(["body", "files"], "missing", "Field required")]
    bodies: list[dict[str, Any]] = [
        {"data": {"x": "y"}},
        {"json": {}},
        {"files": {"other": ("a", b"x")}},
        {"content": b""},
    ]
    for body in bodies:
        assert faults_of(await ada.put(files_of(cid), **body)) == missing
    text = [("files", (None, b"text"))]
    assert faults_of(await ada.put(files_of(cid), files=text)) == [
        (
            ["body", "files", 0],
            "value_error",
            "Value error, Expected UploadFile, received: <class 'str'>",
        )
    ]
    metadata = [("files", ("a", b"x")), ("metadata", ("m.json", b"{}"))]
    assert faults_of(await ada.put(files_of(cid), files=metadata)) == [
        (["body", "metadata"], "string_type", "Input should be a valid string")
    ]


async def test_more_than_can_be_stored_is_refused_whole(
    ada: httpx.AsyncClient, cid: str, stack: Stack
) -> None:
    response = await put(ada, cid, {"a": b"x", "b": b"x"}, {"b": {"x": "x" * 64_000}})

    assert (response.status_code, response.json()["detail"]) == (
        413,
        "metadata may not exceed 64 KB",
    )
    assert await names_in(ada, cid) == []

    async def nothing_is_left() -> bool:
        return not await blobs_in(stack, resources.FILES_BLOB_CONTAINER, cid)

    await eventually(nothing_is_left)


async def test_a_file_can_t_have_versions_without_end(ada: httpx.AsyncClient, cid: str) -> None:
    metadata = {"a": {"x": "x" * 63_000}}
    for _ in range(15):
        await save(ada, cid, {"a": b"x"}, metadata)

    response = await put(ada, cid, {"a": b"x", "b": b"x"}, metadata)

    assert response.status_code == 413
    assert "delete it, or use another name" in response.json()["detail"]
    assert await names_in(ada, cid) == ["a"]
    assert answer_of(await ada.get(f"{files_of(cid)}/a/versions"))["current_version"] == 15


async def test_reading_takes_less_than_writing(
    ada: httpx.AsyncClient, cid: str, person: Person, stack: Stack
) -> None:
    await save(ada, cid, {"a": b"x"})
    reader = person()
    await admit(stack, cid, reader, "read")
    url = f"{files_of(cid)}/a"

    assert (await reader.get(url)).text == "x"
    assert await names_in(reader, cid) == ["a"]
    assert (await put(reader, cid, {"b": b"x"})).status_code == 404
    assert (await reader.patch(url, json={"metadata": {}})).status_code == 404
    assert (await reader.delete(url)).status_code == 404
    await leave(ada, cid)
    assert (await ada.get(url)).text == "x"
    assert (await put(ada, cid, {"b": b"x"})).status_code == 404
    assert (await ada.patch(url, json={"metadata": {"m": 1}})).status_code == 200
    assert (await ada.delete(url)).status_code == 404
    assert await blobs_in(stack, resources.FILES_BLOB_CONTAINER, cid) != []


async def test_other_methods_are_not_allowed(ada: httpx.AsyncClient, cid: str) -> None:
    for method, path, methods in (
        ("POST", "", "GET, PUT"),
        ("DELETE", "", "GET, PUT"),
        ("POST", "/a", "DELETE, GET, HEAD, PATCH"),
    ):
        response = await ada.request(method, files_of(cid) + path)
        assert (response.status_code, response.headers["allow"]) == (405, methods)
